"""Every page run as a script: frame, empty states, numbers, deep links, faults. A real run, scored with the tiny model."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.browser import ROOT
from tests.scored import HOSTILE, hostile_file, score
from tests.tables import EOS, PROMPT, RESPONSE, table
from xtf import filters, jobs, runs, stats, workspace
from xtf.config import PRESETS, Cutoff, Off, Otsu, Thresholds
from xtf.ui import export, forms, samples, score_form, thresholds_form
from xtf.ui.words import escaped, percent

PAGES = ["app.py", "pages/score.py", "pages/explore.py", "pages/thresholds.py", "pages/export.py"]
SLOW = 60  # seconds a script may take on a busy machine


@pytest.fixture(scope="module")
def scored(tmp_path_factory, tiny_model):
    """A workspace with a run of six problems, and one of hostile text."""
    folder = tmp_path_factory.mktemp("scored")
    score(folder, tiny_model, "hostile", str(hostile_file(folder)))
    score(folder, tiny_model, "problems", "demo", limit=6)
    return folder


@pytest.fixture
def workplace(home, scored):
    shutil.copytree(scored, home)
    return home


def opened(page="app.py", query=None, **state):
    """The app on a page; its script has run once, without an exception."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=SLOW)
    for name, value in (query or {}).items():
        app.query_params[name] = value
    for name, value in state.items():
        app.session_state[name] = value
    return app.switch_page(page).run() if page != "app.py" else app.run()


def metric(app, label):
    return next(found.value for found in app.metric if found.label == label)


def widget(widgets, label):
    return next(found for found in widgets if found.label == label)


def rerun(app):
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_the_same_frame(page, workplace):
    app = opened(page)
    assert not app.exception and not app.error
    links = [found.label for found in app.sidebar.page_link]
    assert links == ["Home", "Score", "Explore", "Thresholds", "Export"]
    assert widget(app.sidebar.selectbox, "Run").options == ["problems", "hostile"]
    assert len(app.header) == 1


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ("app.py", "pages/score.py")])
def test_without_a_run_a_page_says_how_to_get_one(page, home):
    app = opened(page)
    assert not app.exception and "no scored dataset yet" in app.info[0].value
    assert [button.label for button in app.button] == ["Score the demo"]
    assert jobs.list_jobs() == []


@pytest.fixture
def sleeping(tmp_path, monkeypatch):
    """Jobs are real processes, but of an interpreter that only sleeps; they are ended afterwards."""
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nexec sleep 60\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    yield
    for job in jobs.running():
        jobs.cancel(job.id)


def test_home_starts_the_demo_once_and_only_once(home, sleeping):
    app = opened()
    assert not app.exception and len(jobs.running()) == 1
    assert "first run" in app.info[0].value
    assert widget(app.button, "Cancel")
    opened()
    assert len(jobs.list_jobs()) == 1


def test_a_failed_demo_is_told_and_can_be_tried_again(home, sleeping):
    opened()
    job = jobs.running()[0]
    jobs.cancel(job.id)
    folder = workspace.jobs_dir() / job.id
    (folder / "cancel").unlink()
    workspace.write_json(folder / "status.json", {"state": "failed", "message": "The disk is full: `x` *y*."})
    app = opened()
    assert [error.value for error in app.error] == [escaped("The disk is full: `x` *y*.")]
    widget(app.button, "Try the demo again").click()
    rerun(app)
    assert len(jobs.running()) == 1 and not app.error


def expected(thresholds):
    """Kept share by a naive loop over the tokens, from verdicts that are tested elsewhere."""
    found = runs.open_run("problems").table()
    keep = filters.judge(found, thresholds).keep
    kept = total = 0
    for trainable, kept_now in zip(found.trainable.tolist(), keep.tolist(), strict=True):
        total += trainable
        kept += kept_now
    return kept / total


def probabilities():
    found = runs.open_run("problems").table()
    return np.exp(found.column("logprob")[found.trainable].astype(float))


def test_home_tells_the_run_in_numbers(workplace):
    app = opened()
    p = probabilities()
    assert metric(app, "Examples") == "6"
    assert metric(app, "Response tokens") == f"{len(p):,}"
    assert metric(app, "Kept") == percent(expected(PRESETS["corrected"][1]))
    assert metric(app, "Already known") == percent(float((p > 0.95).mean()))
    assert all(found.proto.help for found in app.metric)


def test_moving_the_cutoff_moves_the_kept_share_everywhere(workplace):
    app = opened("pages/thresholds.py")
    middle = round(float(np.median(probabilities())), 4)
    widget(app.number_input, "p (%)").set_value(100 * middle)
    rerun(app)
    chosen = PRESETS["corrected"][1].model_copy(update={"novelty": Cutoff(value=middle)})
    shown = percent(expected(chosen))
    assert metric(app, "Kept") == shown != percent(expected(PRESETS["corrected"][1]))
    assert app.query_params["novelty.value"] == str(middle)
    assert widget(app.slider, "Already known above p =").value == pytest.approx(100 * middle)
    for page in ("app.py", "pages/export.py"):
        app.switch_page(page)
        assert metric(rerun(app), "Kept") == shown
    app.switch_page("pages/thresholds.py")
    assert widget(rerun(app).slider, "Already known above p =").value == pytest.approx(100 * middle)
    widget(app.button, "Reset").click()
    rerun(app)
    assert metric(app, "Kept") == percent(expected(PRESETS["corrected"][1]))


def test_the_page_says_what_the_command_line_says(workplace):
    app = opened("pages/thresholds.py", {"preset": "paper", "novelty.value": "0.002", "combine": "two"})
    done = subprocess.run([sys.executable, "-m", "xtf", "filter", "problems", "--preset", "paper", "--novelty-cutoff",
                           "0.002", "--combine", "two", "--json"], capture_output=True, text=True, check=True)
    assert metric(app, "Kept") == percent(json.loads(done.stdout)["kept_share"])
    assert metric(app, "Dropped") == f"{json.loads(done.stdout)['dropped']:,} tokens"


def test_every_rule_of_every_attribute_can_be_chosen(workplace):
    app = opened("pages/thresholds.py")
    for attribute in ("reasoning", "novelty", "relevance"):
        for kind in ("otsu", "fence", "quantile", "cutoff", "off"):
            app.selectbox(f"thresholds.{attribute}.kind").set_value(kind)
            rerun(app)
            assert not app.error, (attribute, kind)
            assert app.session_state["xtf.thresholds"].model_dump()[attribute]["kind"] == kind
    assert metric(app, "Kept") == "100.0 %"


def test_fewer_clusters_never_leave_an_impossible_one_chosen(workplace):
    app = opened("pages/thresholds.py", {"relevance.drop": "4"})
    widget(app.number_input, "Clusters").set_value(3)
    rerun(app)
    assert app.session_state["xtf.thresholds"].relevance == Otsu(classes=3, drop=2)


def test_impossible_settings_are_told_and_can_be_mended(workplace):
    app = opened("pages/thresholds.py", {"reasoning_score": "received_list"})
    assert len(app.error) == 1 and not app.exception
    widget(app.button, "Reset").click()
    assert not rerun(app).error


def test_a_deep_link_restores_run_example_and_thresholds(workplace):
    ids = runs.open_run("problems").table().example_ids
    app = opened("pages/explore.py", {"run": "problems", "example": ids[3], "novelty.value": "0.2"})
    assert app.session_state["xtf.example"] == ids[3]
    assert app.session_state["xtf.thresholds"].novelty == Cutoff(value=0.2)
    assert "Example 4 of 6" in " ".join(caption.value for caption in app.caption)
    assert app.query_params["example"] == ids[3]


@pytest.mark.parametrize("query", [{"run": "`nothing`"}, {"preset": "x"}, {"novelty.value": "much"}])
def test_a_broken_link_is_told_once_and_the_page_works(query, workplace):
    app = opened("pages/thresholds.py", query)
    assert len(app.error) == 1 and not app.exception
    assert metric(app, "Kept") == percent(expected(PRESETS["corrected"][1]))
    assert not rerun(app).error


def test_stepping_and_order_choose_the_same_example_everywhere(workplace):
    examples = stats.by_example(found := runs.open_run("problems").table(),
                                filters.judge(found, PRESETS["corrected"][1]))
    by_loss = examples.sort_values("loss", ascending=False, kind="stable")["id"].tolist()
    app = opened("pages/explore.py")
    widget(app.selectbox, "Order").set_value("Highest loss first")
    rerun(app)
    first = app.session_state["xtf.example"]
    for _ in range(by_loss.index(first)):
        widget(app.button, "Previous").click()
        rerun(app)
    assert app.session_state["xtf.example"] == by_loss[0] and widget(app.button, "Previous").disabled
    widget(app.button, "Next").click()
    assert rerun(app).session_state["xtf.example"] == by_loss[1]


def test_a_chosen_row_is_an_example_and_not_a_place(workplace):
    """A positional selection must not outlive the order that it was made in."""
    app = opened("pages/explore.py")
    ids = runs.open_run("problems").table().example_ids
    key = next(key for key in dict(app.session_state) if key.startswith("examples-"))
    assert app.session_state[key]["selection"]["rows"] == [0]
    app.session_state["xtf.example"] = ids[2]
    widget(rerun(app).selectbox, "Order").set_value("Longest first")
    rerun(app)
    assert app.session_state["xtf.example"] == ids[2]


def test_search_finds_text_and_ids_whatever_the_case(workplace):
    found = runs.open_run("hostile").table()
    assert samples.matches(found, "<SCRIPT>").tolist() == [0, 1, 2]
    assert samples.matches(found, "1 <script>").tolist() == [1]
    app = opened("pages/explore.py", {"run": "hostile"})
    app.text_input("explore.query").set_value("nowhere to be found")
    assert "No example fits" in rerun(app).info[0].value


@pytest.mark.parametrize("page", PAGES)
def test_hostile_text_breaks_no_page(page, workplace):
    app = opened(page, {"run": "hostile"})
    assert not app.exception and not app.error
    for element in [*app.markdown, *app.caption]:
        assert "<script>" not in element.value.replace("\\<script\\>", "")


def test_escaped_text_is_itself_again_without_its_backslashes():
    text = HOSTILE + "".join(map(chr, range(33, 127)))
    out, shown = escaped(text), ""
    while out:
        literal = out[0] == "\\"
        assert literal or out[0].isalnum() or out[0] in " \t" or ord(out[0]) > 127
        shown, out = shown + out[literal], out[1 + literal:]
    assert shown == text


def test_the_form_becomes_settings_and_a_command_line(workplace, tiny_model):
    app = opened("pages/score.py")
    widget(app.number_input, "Only the first (examples)").set_value(3)
    app.text_input("score.run").set_value("mine")
    widget(app.selectbox, "Longer examples").set_value("truncate")
    app.segmented_control("score.model_source").set_value("other")
    rerun(app)
    assert "Name a model" in app.info[0].value
    app.text_input("score.model_name").set_value(f" {tiny_model} ")
    rerun(app)
    assert f"xtf score demo --run mine --model {tiny_model} --limit 3 --too-long truncate" in app.code[0].value
    app.switch_page("app.py")
    rerun(app).switch_page("pages/score.py")
    assert widget(rerun(app).number_input, "Only the first (examples)").value == 3


def test_start_is_a_job_of_exactly_that_command(workplace, sleeping, tiny_model):
    app = opened("pages/score.py", **{"xtf.form.score": {"run": "mine", "limit": 2, "model_source": "other",
                                                         "model_name": str(tiny_model)}})
    widget(app.button, "Start scoring").click()
    rerun(app)
    assert jobs.running()[0].argv == ["score", "demo", "--run", "mine", "--model", str(tiny_model), "--limit", "2",
                                      "--json"]
    assert widget(app.button, "Start scoring").disabled and widget(app.button, "Cancel")


@pytest.mark.parametrize("values, words", [
    ({"run": "../x"}, "cannot be a name"),
    ({"batch_tokens": 0}, "batch"),
    ({"source": "path", "path": "/no/such/`file`.jsonl", "preview": True}, "There is no file")])
def test_faults_of_the_form_are_told_in_a_sentence(values, words, workplace, tiny_model):
    app = opened("pages/score.py", **{
        "xtf.form.score": {"model_source": "other", "model_name": str(tiny_model)} | values,
        "xtf.preview_asked": True})
    assert not app.exception
    assert any(words in error.value.replace("\\", "") for error in app.error)


def test_the_preview_shows_format_and_trained_tokens(workplace, tiny_model):
    app = opened("pages/score.py", **{
        "xtf.form.score": {"model_source": "other", "model_name": str(tiny_model)}, "xtf.preview_asked": True})
    assert not app.exception and not app.error
    line = next(text.value for text in app.markdown if text.value.startswith("Format"))
    assert "gsm8k" in line and "are trainable" in line


def test_uploads_get_harmless_names_and_are_kept_once(home):
    path = score_form.saved("../../évil name;.JSONL", memoryview(b'{"a": 1}\n'))
    assert path.parent == home / "uploads" and path.suffix == ".jsonl" and path.read_bytes() == b'{"a": 1}\n'
    assert path.stem.replace("-", "").isalnum() and path.stem.isascii()
    assert score_form.saved("../../évil name;.JSONL", memoryview(b'{"a": 1}\n')) == path
    assert score_form.saved("évil name;.jsonl", memoryview(b'{"a": 2}\n')) != path


@pytest.mark.parametrize("kind, file", [("jsonl", "data.jsonl"), ("parquet", "data.parquet"), ("hf", "dataset_info")])
def test_export_prepares_what_the_page_says(kind, file, workplace):
    app = opened("pages/export.py", {"novelty.value": "0.05"}, **{"xtf.form.export": {"kind": kind}})
    kept = metric(app, "Kept response tokens")
    widget(app.button, "Prepare the file").click()
    rerun(app)
    assert f"{kept} of " in app.success[0].value
    folder, = (workspace.home() / "exports").glob("problems-*/")
    assert f"{workspace.read_json(folder / 'export.json')['counts']['kept']:,}" == kept
    assert any(path.name.startswith(file) for path in folder.iterdir())
    assert not rerun(opened("pages/export.py")).success


def judged(thresholds, marks, p):
    made = table([list(range(1, len(row) + 1)) for row in marks], marks, {"logprob": [np.log(row) for row in p]})
    verdicts = filters.judge(made, thresholds)
    return export.warnings(made, verdicts, stats.summary(made, verdicts))


def test_export_warns_of_what_ruins_training():
    only_p = Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=0.9), protect_eos=False)
    good, bad = [PROMPT, RESPONSE, RESPONSE, EOS], [PROMPT, RESPONSE, RESPONSE, RESPONSE]
    assert judged(only_p, [good], [[1, 0.1, 0.95, 0.2]]) == []
    assert ["plain fine-tuning" in text for text in judged(only_p, [good], [[1, 0.1, 0.2, 0.2]])] == [True]
    assert ["1 of 1 end-of-turn" in text for text in judged(only_p, [good], [[1, 0.1, 0.2, 0.95]])] == [True]
    assert ["No end-of-turn" in text for text in judged(only_p, [bad], [[1, 0.1, 0.2, 0.95]])] == [True]
    told = judged(only_p, [good, good], [[1, 0.1, 0.2, 0.3], [1, 0.99, 0.99, 0.99]])
    assert ["1 examples keep no token" in text for text in told] == [True, False]


def test_a_run_can_be_shown_and_is_not_deleted_without_a_question(workplace):
    app = opened()
    key = next(key for key in dict(app.session_state) if key.startswith("runs-"))
    app.session_state[key] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    widget(rerun(app).button, "Show this run").click()
    assert rerun(app).session_state["xtf.run"] == "hostile"
    app.session_state[key] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    widget(rerun(app).button, "Delete …").click()
    assert widget(rerun(app).button, "Delete") and widget(app.button, "Cancel")
    assert [run.name for run in runs.list_runs()] == ["problems", "hostile"]  # only asked


def test_a_fixed_cutoff_starts_at_the_lowest_two_in_a_hundred():
    values = np.arange(1, 102, dtype=np.float32)  # its 2 % quantile is 3
    made = table([[1] * 101], scores={"received_mean_adjusted": [values.tolist()], "logprob": [[-1.0] * 101]})
    verdicts = filters.judge(made, Thresholds(relevance=Off()))
    assert thresholds_form.started("reasoning", "cutoff", verdicts) == Cutoff(value=3.0)


def test_number_fields_take_their_range_from_the_settings():
    from xtf.config import Fence, Quantile, ScoreSettings

    assert forms.bounds(ScoreSettings.model_fields["batch_tokens"]) == (1, 1 << 20)
    assert forms.bounds(ScoreSettings.model_fields["limit"]) == (1, None)
    assert forms.bounds(Quantile.model_fields["share"]) == (0, 1)
    assert forms.bounds(Quantile.model_fields["cap"]) == (0, 1)
    assert forms.bounds(Fence.model_fields["k"]) == (0, None)


def test_pages_import_no_torch():
    modules = [f"xtf.ui.{path.stem}" for path in (ROOT / "xtf" / "ui").glob("*.py") if path.stem != "__init__"]
    code = f"import sys, importlib; [importlib.import_module(name) for name in {modules}]; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
