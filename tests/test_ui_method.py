"""The Method page run as a script, and the alternatives below a token view. Jobs are real, or real processes that only
sleep; the model is tiny."""

import re
import time
from pathlib import Path

import numpy as np
import pytest

from tests.pages import opened, rerun, widget
from tests.scored import HOSTILE
from xtf import alternatives, jobs, runs, sentences, workspace
from xtf.engine.alternatives import find
from xtf.engine.sentence import score
from xtf.ui import method, method_words, sentence
from xtf.words import escaped, percent

PAGE = "pages/method.py"
ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(workplace):
    return runs.open_run("problems")


@pytest.fixture
def own(run):
    """A sentence that is scored already."""
    return score(run, "Why?", "Because Zürich has 48 trams.\n#### 48")


def told(app):
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.success])


def asking(app, prompt, response):
    widget(app.text_area, "Prompt").set_value(prompt)
    widget(app.text_area, "Response").set_value(response)
    widget(app.button, "Score it").click()
    return rerun(app)


def finished(job_id):
    deadline = time.monotonic() + 60
    while (job := jobs.job(job_id)).state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert job.state == "done", job.log
    return job


def test_it_explains_without_a_run(home):
    app = opened(PAGE)
    assert not app.exception and len(app.latex) == 3
    assert "uninformative" in told(app) and "0.34" in told(app) and "not ours" in told(app)
    assert not app.text_area


def test_the_papers_case_stands_ready(run):
    app = opened(PAGE)
    assert not app.exception and not app.error
    assert (widget(app.text_area, "Prompt").value, widget(app.text_area, "Response").value) == sentence.CASE
    assert "220 - 4 = 216" in widget(app.text_area, "Response").value
    assert "Press “Score it”" in told(app) and jobs.list_jobs() == []
    assert "Back to the paper's case" not in [button.label for button in app.button]


def test_a_sentence_is_scored_by_a_job_and_shown(run):
    app = asking(opened(PAGE), "Why? `x`", "Because -- \"so\" $HOME.\n#### 48")
    job = jobs.list_jobs()[0]
    assert job.argv == ["sentence", "problems", "--prompt=Why? `x`", "--response=Because -- \"so\" $HOME.\n#### 48",
                        "--json"]
    assert finished(job.id).result["known"] is False
    found = sentences.cached(run.manifest.run_id, "Why? `x`", "Because -- \"so\" $HOME.\n#### 48")
    rerun(app)
    assert not app.error and "response token" in told(app) and "beside 6 examples" in told(app)
    assert found.shard["text"][0].as_py().count("$HOME") == 1 and len(jobs.list_jobs()) == 1
    asking(app, "Why? `x`", "Because -- \"so\" $HOME.\n#### 48")
    assert len(jobs.list_jobs()) == 1  # known


def test_one_job_at_a_time_for_one_sentence_and_reloads_find_it(run, sleeping):
    app = asking(opened(PAGE), "Why?", "Because.")
    asking(app, "Why?", "Because.")
    assert len(jobs.running()) == 1 and widget(app.button, "Cancel")
    anew = opened(PAGE)  # another session: what a reload is
    assert widget(anew.text_area, "Prompt").value == "Why?" and widget(anew.button, "Cancel")
    assert len(jobs.list_jobs()) == 1
    asking(anew, "Why not?", "Because.")
    assert len(jobs.running()) == 2


def test_a_failed_job_is_told_in_a_sentence(run, sleeping):
    app = asking(opened(PAGE), "Why?", "Because.")
    job = jobs.running()[0]
    jobs.cancel(job.id)
    folder = workspace.jobs_dir() / job.id
    (folder / "cancel").unlink()
    workspace.write_json(folder / "status.json", {"state": "failed", "message": "The `model` is *gone*.",
                                                  "updated": time.time()})
    rerun(app)
    assert [error.value for error in app.error] == [escaped("The `model` is *gone*.")]
    asking(app, "Why?", "Because.")
    assert len(jobs.running()) == 1 and not app.error


def test_without_a_response_nothing_starts(run):
    app = asking(opened(PAGE), "Why?", " \n")
    assert "no response to score" in app.error[0].value.replace("\\", "") and jobs.list_jobs() == []


def test_the_case_comes_back(run, own):
    app = asking(opened(PAGE), own.prompt, own.response)
    assert "response token" in told(app)
    widget(app.button, "Back to the paper's case").click()
    rerun(app)
    assert widget(app.text_area, "Response").value == sentence.CASE[1] and "Press “Score it”" in told(app)


def test_the_case_is_measured(run):
    """p of the number's tokens, worked out here from the text and not from the page's code."""
    found = score(run, *sentence.CASE)
    one = sentences.beside(run.table(), found).example(6)
    at = one.text.index("Yes, it is true that 220 - 4 = 216") + len("Yes, it is true that 220 - 4 = ")
    tokens = [t for t, (start, end) in enumerate(one.spans.tolist()) if start < at + 3 and end > at]
    p = np.exp(one.scores["logprob"][tokens].astype(float))
    assert [(piece.token, piece.p) for piece in method.measured(found)] == list(zip(tokens, p.tolist(), strict=True))
    app = opened(PAGE)
    line = next(info.value for info in [*app.info, *app.success] if "Measured with" in info.value)
    assert all(percent(value) in line for value in p) and f"position{'s' if len(p) > 1 else ''} {tokens[0]}" in line
    assert ("not all above" in line) == bool((p <= 0.95).any())


def test_a_case_that_was_cut_off_is_not_measured(run, own):
    assert method.measured(own) == []


def test_what_the_run_does_not_know_is_named(run, own):
    app = asking(opened(PAGE), own.prompt, own.response)
    note = next(caption.value for caption in app.caption if "has never seen" in caption.value)
    assert "have no relevance" in note


def test_hostile_sentences_are_shown_as_themselves(run):
    score(run, HOSTILE, HOSTILE)
    app = asking(opened(PAGE), HOSTILE, HOSTILE)
    assert not app.exception and not app.error and "response token" in told(app)
    for element in [*app.markdown, *app.caption]:
        assert "<script>" not in element.value.replace("\\<script\\>", "")


def test_thresholds_of_the_sidebar_judge_it(run, own):
    loose = asking(opened(PAGE, {"novelty.value": "1.0"}), own.prompt, own.response)
    strict = asking(opened(PAGE, {"novelty.value": "0.0"}), own.prompt, own.response)
    assert "the model already knows" not in told(loose) and "the model already knows" in told(strict)


ALTERNATIVES = """
from xtf import runs
from xtf.ui import alternatives
import streamlit as st

found = alternatives.shown(runs.open_run("problems"), 2)
st.text("none" if found is None else f"{len(found.ids)} tokens")
"""


def below():
    from streamlit.testing.v1 import AppTest

    return AppTest.from_string(ALTERNATIVES, default_timeout=60).run()


def test_alternatives_are_asked_for_once_and_then_there(run):
    app = below()
    assert not app.exception and app.text[0].value == "none"
    app.button[0].click().run()
    job = jobs.list_jobs()[0]
    assert job.argv == ["alternatives", "problems", "--position", "2", "--json"]
    finished(job.id)
    app = below()
    assert app.text[0].value == f"{len(run.table().example(2).ids)} tokens" and not app.button
    assert alternatives.cached(run, 2) is not None


def test_alternatives_at_work_are_watched_and_not_started_again(run, sleeping):
    app = below()
    app.button[0].click().run()
    assert len(jobs.running()) == 1
    anew = below()
    assert not anew.exception and [button.label for button in anew.button] == ["Cancel"]
    find(run, 2)
    assert below().text[0].value != "none"


def test_old_questions_are_forgotten_and_other_jobs_are_not(run, sleeping, monkeypatch):
    monkeypatch.setattr("xtf.ui.asked._REMEMBERED", 1)
    other = jobs.start(["score", "demo"], "Scoring")
    app, started = opened(PAGE), []
    for number in range(3):
        app = asking(app, "Why?", f"Because {number}.")
        started.append(jobs.running()[0].id)
        jobs.cancel(started[-1])
    asking(app, "Why?", "Because.")
    left = [job.id for job in jobs.list_jobs()]
    assert len(left) == 3 and left[1:] == [started[2], other.id]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_embedded_model_is_sure_of_the_case(dtype, home, embedded_model):
    from xtf.config import ScoreSettings
    from xtf.engine import local

    local.score(ScoreSettings(data="demo", model=str(embedded_model), limit=1, dtype=dtype, device="cpu"), "one")
    pieces = method.measured(score(runs.open_run("one"), *sentence.CASE))
    assert "".join(piece.text for piece in pieces).strip() == "216"
    assert np.prod([piece.p for piece in pieces]) > method.CUTOFF


def test_the_figures_for_planted_noise_are_those_of_the_evidence():
    """Page, method and evidence quote one measurement."""
    text = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("evidence", "method")}
    for title in ("Reasoning importance", "Knowledge novelty", "Task relevance"):
        row = re.search(rf"^\| {title} \(low\) \|(.*)\|$", text["evidence"], re.MULTILINE).group(1)
        found = [cell.split()[0] for cell in row.split("|")]
        shown = [found[place] for place in (0, 1, 4, 3)]  # boilerplate, off-domain, wrong among digits, random words
        assert f"| {title} | {' | '.join(shown)} |" in method_words.PLANTED
        told = f"| {' | '.join(figure.removeprefix('0') for figure in shown)} |"
        assert re.search(rf"^\| {title.lower()}.*{re.escape(told)}$", text["method"], re.MULTILINE)
