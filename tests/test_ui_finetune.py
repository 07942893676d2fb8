"""The view Launch of the Fine-tune page run as a script: tokens, settings, checks, start."""

import shlex

import numpy as np
import pytest

from tests.finetunes import PAGE, at, job_that, made_up, words
from tests.pages import metric, rerun, widget
from xtf import jobs, strategies
from xtf.config import PRESETS, STRATEGY_SETTINGS, ByClass, ExportSettings
from xtf.export.folder import write
from xtf.runs import open_run
from xtf.training.settings import TrainSettings
from xtf.words import percent

DEFAULT = PRESETS["corrected"][1]


def command(app):
    line, = [code.value for code in app.code if "xtf train " in code.value]
    return shlex.split(line)[2:]


def kept(strategy):
    table = open_run("problems").table()
    keep = strategies.judge(table, DEFAULT.model_copy(update={"strategy": STRATEGY_SETTINGS[strategy]()})).keep
    rows = [keep[start:end].sum() for start, end in zip(table.offsets, table.offsets[1:], strict=False)]
    return int(keep.sum()), int(np.count_nonzero(rows)), int(table.trainable.sum())


@pytest.mark.parametrize("title", ["XTF", "Normal", "Random"])
def test_it_tells_which_tokens_are_trained_and_how_many_steps_that_makes(title, workplace):
    app = at()
    app.selectbox("finetune.strategy").set_value(title.lower())
    widget(app.number_input, "Batch (examples)").set_value(2)
    rerun(app)
    trained, examples, trainable = kept(title.lower())
    assert metric(app, "Trained tokens") == f"{trained:,}" and metric(app, "Kept") == percent(trained / trainable)
    assert metric(app, "Examples") == str(examples)
    assert metric(app, "Steps") == str(3 * -(-examples // 2))
    assert strategies.STRATEGIES[title.lower()].sentence in words(app)
    assert all(found.proto.help for found in app.metric)


@pytest.mark.parametrize("examples, settings, steps", [
    (6, {"batch_examples": 4}, 6), (6, {"batch_examples": 4, "epochs": 1.5}, 3), (16, {}, 3),
    (17, {"gradient_accumulation": 2}, 3), (0, {}, 0)])
def test_steps_by_hand(examples, settings, steps):
    # 6 / 4 → 2 a pass: 3 passes are 6, 1.5 are 3; 16 / 16 → 1 a pass; 17 / 32 → 1 a pass
    assert TrainSettings(**settings).steps(examples) == steps


def test_the_form_becomes_a_command_line_that_survives_other_pages(workplace):
    app = at()
    assert command(app) == ["train", "problems", "--preset", "corrected", "--name",
                            "problems-corrected-xtf"]
    widget(app.number_input, "LoRA rank").set_value(8)
    widget(app.number_input, "LoRA dropout (%)").set_value(5.0)
    widget(app.number_input, "Checkpoint every (steps)").set_value(7)
    app.text_input("finetune.name").set_value("mine")
    rerun(app)
    assert command(app)[4:] == ["--rank", "8", "--dropout", "0.05", "--checkpoint-steps", "7", "--name", "mine"]
    app.switch_page("app.py")
    rerun(app).switch_page(PAGE)
    assert command(rerun(app))[4:6] == ["--rank", "8"]
    widget(app.selectbox, "What is trained").set_value("full")
    rerun(app)
    assert widget(app.number_input, "LoRA rank").disabled and "--method" in command(app)


def test_settings_come_from_yaml_and_go_there(workplace):
    app = at()
    app.text_area("finetune.yaml.pasted").set_value("rank: 4\nschedule: linear\n")
    widget(rerun(app).button, "Use these").click()
    assert command(rerun(app))[4:8] == ["--rank", "4", "--schedule", "linear"]
    app.text_area("finetune.yaml.pasted").set_value("rank: none\n<b>: 1\n")
    widget(rerun(app).button, "Use these").click()
    assert "rank: input should be a valid integer" in words(rerun(app)) and not app.exception
    widget(app.button, "Back to the defaults").click()
    assert "--rank" not in command(rerun(app))


def test_faults_of_the_form_are_told_and_nothing_starts(workplace):
    app = at(**{"xtf.form.finetune": {"learning_rate": -1.0, "epochs": 0.0}})
    assert "learning_rate: input should be greater than 0; epochs" in words(app)
    assert widget(app.button, "Start").disabled
    app = at(**{"xtf.form.finetune": {"name": "../x"}})
    assert "cannot be a name" in words(app) and not [found for found in app.button if found.label == "Start"]


def test_start_is_a_job_of_exactly_that_command_and_leads_to_its_curve(workplace, sleeping):
    app = at()
    expected = command(app)
    assert "starts at once" in words(app)
    widget(app.button, "Start").click()
    rerun(app)
    assert jobs.running()[0].argv == [*expected, "--json"]
    assert app.query_params["training"] == "problems-corrected-xtf" and app.query_params["view"] == "watch"
    assert widget(app.button, "Cancel") and metric(app, "Loss (nats)") == "–"
    app = at("launch")
    assert "1 job is at work on this device: this one is queued" in words(app)
    assert not widget(app.button, "Start").disabled and command(app)[-1] == "problems-corrected-xtf-2"
    widget(app.button, "Start").click()
    rerun(app)
    assert len(jobs.running()) == 2


def test_a_name_that_is_taken_is_resumed_or_refused_and_never_started_twice(workplace, sleeping):
    made_up("one")
    app = at("launch", **{"xtf.form.finetune": {"name": "one"}})
    assert "There is a fine-tune of this name (stopped)" in words(app) and not widget(app.button, "Start").disabled
    job_that("running", "one", stage="training", done=4, total=10)
    app = at("launch", **{"xtf.form.finetune": {"name": "one"}})
    assert widget(app.button, "Start").disabled and "one is at work" in words(app)


def test_a_stop_blocks_until_it_is_mended_or_accepted_by_name(workplace, sleeping):
    drop = ByClass(action="drop", role="special")
    without_end = DEFAULT.model_copy(update={"overrides": (drop,), "protect_eos": False})
    app = at(**{"xtf.thresholds": without_end})
    app.session_state["xtf.thresholds"] = without_end
    rerun(app)
    assert "needs your decision" in words(app) and widget(app.button, "Start").disabled
    widget(app.toggle, "Go on all the same").set_value(True)
    assert command(rerun(app))[-2:] == ["--allow", "eos"] and not widget(app.button, "Start").disabled
    app.button("finetune.fix.eos").click()
    rerun(app)
    assert "--allow" not in command(app) and not widget(app.button, "Start").disabled
    app.selectbox("finetune.strategy").set_value("normal")
    assert "Nothing to check" in words(rerun(app))


def test_a_prepared_export_is_trained_on_as_it_is(workplace):
    folder = workplace / "exports" / "problems-hf-1"
    write(open_run("problems"), DEFAULT, ExportSettings(), folder)
    app = at()
    app.segmented_control("finetune.source").set_value("export")
    rerun(app)
    assert command(app) == ["train", str(folder), "--name", "problems-hf-1-export"]
    assert metric(app, "Trained tokens") == f"{kept('xtf')[0]:,}" and metric(app, "Examples") == "6"
    app = at(**{"xtf.form.finetune": {"source": "export", "export": str(folder.parent / "none")}})
    assert "is not a complete export" in words(app)
