"""The Export page's third step: what is prepared, in the page or by a job, and its first rows."""

import shlex
import time
from pathlib import Path

import pytest

from tests.export_pages import (
    DEFAULT,
    PAGE,
    accepting,
    at,
    command,
    done,
    folder,
    labels,
    prepared,
    trainer,
    without,
    words,
)
from tests.pages import metric, opened, rerun, widget
from xtf import jobs, workspace
from xtf.config import PRESETS
from xtf.export import read_back
from xtf.runs import open_run
from xtf.ui import export_choice, export_rows, loaders


@pytest.mark.parametrize("name", export_choice.TRAINERS)
def test_what_is_prepared_for_each_trainer_is_what_the_run_says(workplace, name):
    app = prepared(accepting(trainer(at(), name)))
    assert not app.error and "Prepare" not in labels(app.button)
    record = read_back(folder())
    assert record["counts"]["kept"] == loaders.summary(open_run("problems"), DEFAULT)["kept"]
    assert app.get("link_button")[0].proto.label.startswith("Download the folder, ")
    assert "4 · Train with it" in [found.value for found in app.subheader]
    own = export_choice.TRAINERS[name].recipe
    assert own in app.tabs[0].label.replace("\\", "")


@pytest.mark.parametrize(("kind", "file"), [("jsonl", "data.jsonl"), ("parquet", "data.parquet"), ("hf", "dataset_i")])
def test_export_prepares_what_the_page_says(kind, file, workplace):
    app = opened(PAGE, {"run": "problems", "novelty.value": "0.05"}, **{"xtf.form.export": {"format": kind}})
    kept = metric(app, "Kept response tokens")
    prepared(accepting(app))
    assert f"{kept} of " in app.success[0].value
    assert f"{read_back(folder())['counts']['kept']:,}" == kept
    assert any(path.name.startswith(file) for path in folder().iterdir())
    assert "Prepare" in labels(at().button)  # other thresholds, another export


def test_a_large_run_is_written_by_a_job_that_every_visitor_sees(workplace, sleeping, monkeypatch):
    monkeypatch.setattr(export_choice, "IN_PAGE_TOKENS", 10)
    app = prepared(at())
    job, = jobs.running()
    shown = shlex.split(command(app))
    folder = Path(job.argv[job.argv.index("--out") + 1])
    assert shown[:2] == [f"XTF_HOME={workplace}", "xtf"] and folder.parent == workplace / "exports"
    assert job.argv[:-3] == shown[2:-1] and job.argv[-2:] == ["--json", "--overwrite"]
    assert widget(app.button, "Cancel") and "Prepare" not in labels(app.button)
    again = at()  # the page after a reload
    assert widget(again.button, "Cancel") and "Prepare" not in labels(again.button)
    assert "Prepare" in labels(at(PRESETS["paper"][1]).button)  # another content


def test_a_job_that_failed_is_told_and_can_be_tried_again(workplace, sleeping, monkeypatch):
    monkeypatch.setattr(export_choice, "IN_PAGE_TOKENS", 10)
    prepared(at())
    job, = jobs.running()
    jobs.cancel(job.id)
    place = workspace.jobs_dir() / job.id
    (place / "cancel").unlink()
    workspace.write_json(place / "status.json", {"state": "failed", "message": "The disk is full: <b>.",
                                                 "updated": time.time()})
    app = at()
    assert "The disk is full" in app.error[0].value and widget(app.button, "Prepare")


def test_carrying_over_many_tokens_is_checked_by_a_job_first(workplace, tiny_model, monkeypatch):
    monkeypatch.setattr(export_choice, "IN_PAGE_CARRIED", 10)
    app = at(without())
    widget(app.text_input, "For another model's tokenizer").set_value(str(tiny_model))
    rerun(app)
    assert widget(app.button, "Prepare").disabled and "The checks come first." in words(app)
    widget(app.button, "Check for this tokenizer").click()
    done(rerun(app))
    assert "1 of 6 rows keep no token" in words(app)
    widget(app.toggle, "Go on all the same").set_value(True)
    assert not widget(rerun(app).button, "Prepare").disabled


def test_hostile_ids_and_texts_are_shown_as_they_are(workplace):
    app = prepared(accepting(trainer(at(**{"xtf.run": "hostile"}), "other")))
    shown = " ".join(found.proto.body for found in app.get("html"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown and "<script>alert" not in shown
    assert not app.error


def test_marked_text_is_escaped_and_underlined():
    assert export_rows.marked("a<b>c", [(0, 2), (4, 5)]) == "<u>a&lt;</u>b&gt;<u>c</u>"
    assert export_rows.marked("long", [(2, 9)]) == "lo<u>ng</u>"
    assert export_rows.marked("cut", [(5, 9)]) == "cut"
