"""The Export page's first two steps: trainer, format and options; what was found, and its fixes."""

import json
import os
from typing import get_args

import pytest

from tests.export_pages import DEFAULT, PAGE, at, command, folder, labels, prepared, trainer, without, words
from tests.pages import metric, opened, rerun, widget
from tests.scored import score
from xtf.config import Cutoff, ExportFormat, ExportSettings
from xtf.export import read_back
from xtf.runs import open_run
from xtf.ui import export_checks, loaders
from xtf.ui.export_choice import FORMATS, TRAINERS, Choice


def test_the_page_opens_with_numbers_and_a_button_that_can_be_pressed(workplace):
    app = at()
    run = open_run("problems")
    assert metric(app, "Examples") == "6"
    assert metric(app, "Kept response tokens") == f"{loaders.summary(run, DEFAULT)['kept']:,}"
    assert widget(app.button, "Prepare").disabled is False
    assert command(app).endswith("xtf export problems --preset corrected --out problems-hf")
    assert [found.value for found in app.subheader][:3] == [
        "1 · For which trainer?", "2 · Ready?", "3 · Take it"]


@pytest.mark.parametrize(("name", "flags"), [
    ("trl", "--out problems-hf"), ("transformers", "--out problems-hf"), ("axolotl", "--out problems-hf"),
    ("llama-factory", "--out problems-hf"), ("flags", "--format messages --out problems-messages"),
    ("other", "--format text --out problems-text")])
def test_the_trainer_sets_the_format(workplace, name, flags):
    assert command(trainer(at(), name)).endswith(f"xtf export problems --preset corrected {flags}")


def test_every_format_has_a_trainer_that_takes_it():
    formats = set(get_args(ExportFormat))
    assert formats == set(FORMATS) == {name for one in TRAINERS.values() for name in one.formats}


def test_another_format_is_kept_where_the_trainer_takes_it(workplace):
    app = at()
    widget(app.get("button_group"), "Format").set_value("jsonl")
    rerun(app)
    assert "--format jsonl" in command(app)
    assert "--format jsonl" in command(trainer(app, "axolotl"))
    assert "--format" not in command(trainer(app, "llama-factory"))  # which takes folders only
    assert "--format jsonl" in command(trainer(app, "trl"))


def test_options_become_flags_and_scores_are_for_tokens_only(workplace):
    app = at()
    for label in ("Examples without a kept token", "Duplicates", "A column of weights", "Columns of scores"):
        widget(app.toggle, label).set_value(True)
    widget(app.number_input, "The trainer's longest example (tokens)").set_value(2000)
    rerun(app)
    assert ("--with-weights --with-scores --drop-empty --drop-duplicates --trainer-length 2000" in command(app))
    assert "Options: empty examples left out, duplicates left out, at most 2000 tokens, with weights, with scores." \
        in words(app)
    trainer(app, "other")
    assert "--format text --drop-empty --drop-duplicates --trainer-length 2000 --out" in command(app)


def test_what_was_chosen_is_still_there_after_another_page(workplace):
    app = trainer(at(without()), "axolotl")
    widget(app.toggle, "Duplicates").set_value(True)
    widget(rerun(app).toggle, "Go on all the same").set_value(True)
    before = command(rerun(app))
    app.switch_page("pages/explore.py").run()
    app.switch_page(PAGE)
    rerun(app)
    assert command(app) == before and "--drop-duplicates" in before and "--allow empty" in before
    assert widget(app.get("button_group"), "Trainer").value == "axolotl"
    assert widget(app.toggle, "Go on all the same").value is True


def test_an_example_that_keeps_nothing_stops_until_it_is_left_out(workplace):
    app = at(without())
    assert widget(app.button, "Prepare").disabled and "One check says stop" in words(app)
    assert ":red-badge[:material/block: Stop]" in words(app) and "1 of 6 rows keep no token" in words(app)
    widget(app.button, "Leave them out").click()
    rerun(app)
    assert "--drop-empty" in command(app) and not widget(app.button, "Prepare").disabled
    assert widget(app.toggle, "Examples without a kept token").value is True
    widget(app.button, "Undo").click()
    rerun(app)
    assert "--drop-empty" not in command(app) and widget(app.button, "Prepare").disabled
    assert "Undo" not in labels(app.button)


def test_a_fix_that_changes_the_format_brings_a_trainer_that_takes_it(workplace):
    app = trainer(at(), "flags")
    assert "assistant_mask" in [found.key.rpartition(".")[2] for found in app.button if found.key]
    next(found for found in app.button if found.key == "export.fix.assistant_mask").click()
    rerun(app)
    assert "--format text" in command(app) and widget(app.get("button_group"), "Trainer").value == "other"
    widget(app.button, "Undo").click()
    rerun(app)
    assert "--format messages" in command(app) and widget(app.get("button_group"), "Trainer").value == "flags"


def test_a_fix_of_the_thresholds_can_be_undone(workplace):
    lax = DEFAULT.model_copy(update={"protect_eos": False, "novelty": Cutoff(value=0.0)})
    app = at(lax)
    button = next(found for found in app.button if found.key == "export.fix.eos")
    assert button.label == "Protect them"
    button.click()
    rerun(app)
    assert app.session_state["xtf.thresholds"].protect_eos is True
    assert "export.fix.eos" not in [found.key for found in app.button]
    widget(app.button, "Undo").click()
    rerun(app)
    assert app.session_state["xtf.thresholds"] == lax
    assert "export.fix.eos" in [found.key for found in app.button]


def test_a_stop_can_be_accepted_by_name_and_the_record_says_so(workplace):
    app = at(without())
    widget(app.toggle, "Go on all the same").set_value(True)
    rerun(app)
    assert "--allow empty" in command(app) and not widget(app.button, "Prepare").disabled
    prepared(app)
    assert not app.error and "6 examples" in words(app)
    assert read_back(folder())["export"]["allow"] == ["empty"]
    widget(app.toggle, "Go on all the same").set_value(False)
    assert widget(rerun(app).button, "Prepare").disabled


def test_an_accepted_stop_that_is_mended_is_not_named_any_more(workplace):
    app = at(without())
    widget(app.toggle, "Go on all the same").set_value(True)
    widget(rerun(app).button, "Leave them out").click()
    assert "--allow" not in command(rerun(app))


def test_what_was_accepted_holds_for_what_was_said(workplace):
    app = at(without())
    widget(app.toggle, "Go on all the same").set_value(True)
    assert "--allow empty" in command(rerun(app))
    two = without()
    app.session_state["xtf.thresholds"] = two.model_copy(update={"overrides": (*two.overrides, *without(1).overrides)})
    assert "2 of 6 rows keep no token" in words(rerun(app)) and "--allow" not in command(app)
    assert widget(app.toggle, "Go on all the same").value is False
    app.session_state["xtf.thresholds"] = two
    assert "--allow empty" in command(rerun(app))


def test_scoring_anew_opens_the_form_as_the_run_was_scored(workplace, tiny_model):
    score(workplace, tiny_model, "endless", "demo", limit=3, eos=False)
    app = at(**{"xtf.run": "endless"})
    button = next(found for found in app.button if found.key == "export.fix.eos")
    button.click()
    rerun(app)
    assert [found.value for found in app.title] == ["Score"]
    assert widget(app.toggle, "Train the end-of-turn token (EOS)").value is True
    assert widget(app.text_input, "Hub id, folder with safetensors, or .gguf file").value == str(tiny_model)
    assert widget(app.number_input, "Only the first (examples)").value == 3


@pytest.mark.parametrize("name", ["./nowhere.jsonl", "~nowhere/x", "/nowhere\0", "nowhere" * 999, "--nowhere"])
def test_held_out_data_that_is_not_there_is_told_and_the_rest_of_the_page_stays(workplace, name):
    app = at()
    widget(app.text_input, "Held-out data").set_value(name)
    rerun(app)
    assert "nowhere" in app.error[0].value and "Traceback" not in app.error[0].value
    assert widget(app.button, "Prepare").disabled and "The checks could not be made." in words(app)
    assert "Make the report" in labels(app.button)


@pytest.mark.parametrize("name", ["./nowhere", "~nowhere/x", "/nowhere\0", "--nowhere"])
def test_a_tokenizer_that_is_not_there_is_told(workplace, name):
    app = at()
    widget(app.text_input, "For another model's tokenizer").set_value(name)
    rerun(app)
    assert "nowhere" in app.error[0].value and widget(app.button, "Prepare").disabled


def test_findings_are_kept_until_something_that_they_read_changes(workplace, tmp_path):
    held_out = tmp_path / "held-out.jsonl"
    held_out.write_text(json.dumps({"prompt": "a", "response": "b"}) + "\n")
    choice = Choice(open_run("problems"), "corrected", DEFAULT, ExportSettings(held_out=str(held_out)), None)
    first = export_checks.findings(choice)
    accepting = choice._replace(settings=choice.settings.model_copy(update={"allow": ("eos",)}))
    assert export_checks.findings(accepting) is first
    os.utime(held_out, (1, 1))
    assert export_checks.findings(choice) is not first
    assert export_checks.findings(choice._replace(thresholds=without()))[0].level == "stop"


def test_the_first_rows_are_those_that_are_exported(workplace):
    app = at(without(1))
    assert len(app.dataframe[0].value) == 6
    widget(app.button, "Leave them out").click()
    ids = open_run("problems").table().example_ids
    assert rerun(app).dataframe[0].value["id"].tolist() == [ids[0], *ids[2:]]


def test_where_nothing_is_kept_the_page_says_so(workplace):
    nothing = DEFAULT.model_copy(update={"protect_eos": False, "protect_final_answer": False,
                                         "novelty": Cutoff(value=0.0)})
    app = at(nothing)
    assert metric(app, "Kept response tokens") == "0"
    assert widget(app.button, "Prepare").disabled
    widget(app.toggle, "Examples without a kept token").set_value(True)
    assert widget(rerun(app).button, "Prepare").disabled


def test_without_a_run_the_page_says_how_to_get_one(home):
    app = opened(PAGE)
    assert not app.exception and "There is no scored dataset yet" in app.info[0].value
    assert "Prepare" not in labels(app.button)


def test_an_unfinished_run_is_exported_as_far_as_it_goes(partial):
    app = opened(PAGE)
    assert not app.exception and "Unfinished" in app.warning[0].value
    prepared(app)
    assert read_back(folder())["partial"]["examples"] == partial.partial.examples
