"""Every page run as a script: frame, empty states, Home, Explore, hostile text. The run is real, the model tiny."""

import subprocess
import sys

import pytest
import streamlit as st

from tests.browser import ROOT
from tests.pages import PAGES, dialled, expected, metric, opened, probabilities, rerun, widget
from tests.scored import HOSTILE
from xtf import jobs, runs, workspace
from xtf.config import PRESETS, Cutoff
from xtf.words import escaped, percent


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_the_same_frame(page, workplace):
    app = opened(page)
    assert not app.exception and not app.error
    links = [found.label for found in app.sidebar.page_link]
    assert links == ["Home", "Score", "Explore", "Thresholds", "Dataset", "Tokens", "Settings", "Export", "Fine-tune",
                     "Compare", "Disagreement", "Evidence", "Value", "Present", "Method"]
    assert widget(app.sidebar.selectbox, "Run").options == ["problems", "hostile"]
    assert len(app.title) == 1


@pytest.mark.parametrize("page", [page for page in PAGES
                                  if page not in ("app.py", "pages/score.py", "pages/present.py",
                                                   "pages/evidence.py")])
def test_without_a_run_a_page_says_how_to_get_one(page, home):
    app = opened(page)
    assert not app.exception and "no scored dataset yet" in app.info[0].value
    assert [button.label for button in app.button] == ["Score the demo"]
    assert jobs.list_jobs() == []


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


def test_home_tells_the_run_in_numbers(workplace):
    app = opened()
    p = probabilities()
    assert metric(app, "Examples") == "6"
    assert metric(app, "Response tokens") == f"{len(p):,}"
    assert metric(app, "Kept") == percent(expected(PRESETS["corrected"][1]))
    assert metric(app, "Already known") == percent(float((p > 0.95).mean()))
    assert all(found.proto.help for found in app.metric)


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


def test_a_damaged_run_is_told_and_can_still_be_deleted(workplace):
    (workplace / "runs" / "problems" / "types.arrow").write_bytes(b"nonsense")
    st.cache_resource.clear()  # a server that has not opened the run yet
    app = opened(query={"run": "problems"})
    assert not app.exception and "is damaged" in app.error[0].value
    assert len(app.dataframe) == 1  # the list of runs


def test_an_unfinished_run_is_listed_and_is_not_shown(workplace, sleeping):
    for name in ("problems", "hostile"):
        (workplace / "runs" / name / "manifest.json").unlink()
    app = opened()
    assert not app.exception and widget(app.button, "Cancel")
    assert app.dataframe[0].value["state"].tolist() == ["unfinished", "unfinished"]


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
    assert dialled(app) == percent(expected(PRESETS["corrected"][1]))
    assert not rerun(app).error


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


def test_pages_import_no_torch():
    modules = [f"xtf.ui.{path.stem}" for path in (ROOT / "xtf" / "ui").glob("*.py") if path.stem != "__init__"]
    code = f"import sys, importlib; [importlib.import_module(m) for m in {modules}]; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
