"""What the pages show of runs that are not finished, of lost jobs, and of an estimate."""

import pytest

from tests.pages import metric, opened, rerun, widget
from xtf import jobs, workspace

PAGES = ["app.py", "pages/explore.py", "pages/thresholds.py", "pages/export.py"]


def ended(state, argv, **status):
    """A job that has come to its end in this way, as its files tell it; the process was a real one."""
    job = jobs.start(argv, "Scoring part")
    jobs.cancel(job.id)
    folder = workspace.jobs_dir() / job.id
    (folder / "cancel").unlink()
    workspace.write_json(folder / "status.json", {"state": state, **status})
    return jobs.job(job.id)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_what_there_is_and_says_that_it_is_not_all(page, partial, sleeping):
    app = opened(page)
    assert not app.exception and not app.error
    told = [warning.value for warning in app.warning if "Unfinished" in warning.value]
    assert told == [f"Unfinished: {partial.partial.examples} of 12 examples are scored, and only these are shown."]
    assert app.sidebar.selectbox[0].options == ["part (unfinished)"]
    widget(app.button, "Resume").click()
    rerun(app)
    argv = jobs.running()[0].argv
    assert argv[:2] == ["score", "demo"] and argv[argv.index("--run") + 1] == "part"


def test_home_counts_the_examples_that_are_there(partial):
    assert metric(opened(), "Examples") == str(partial.partial.examples)


def test_thresholds_say_what_a_part_of_a_run_cannot_tell(partial):
    app = opened("pages/thresholds.py", {"preset": "published-code"})
    assert not app.exception and not app.error
    assert any("not computed for this run" in found.proto.json for found in app.get("bidi_component"))


def test_a_run_that_is_being_scored_is_not_offered_to_be_resumed(partial):
    with partial.locked():
        app = opened("pages/explore.py")
    assert any("is being scored" in info.value for info in app.info)
    assert "Resume" not in [button.label for button in app.button]


def test_a_run_whose_job_has_just_been_started_is_not_offered_again(partial, sleeping):
    jobs.start(["score", "demo", "--run", "part"], "Scoring part")
    app = opened("pages/explore.py")
    assert any("is being scored" in info.value for info in app.info)
    assert "Resume" not in [button.label for button in app.button]


def test_a_lost_job_is_resumed_with_one_click(partial, sleeping):
    lost = ended("running", ["score", "demo", "--run", "part", "--json"])
    assert lost.state == "lost"
    app = opened("pages/score.py")
    assert "was lost" in app.error[0].value and f"{partial.partial.examples} examples are scored" in app.error[0].value
    app.button(f"resume-{lost.id}").click()
    rerun(app)
    assert jobs.running()[0].argv == lost.argv and not app.error


def test_an_estimate_is_told_as_on_the_command_line(home, sleeping, tiny_model):
    found = {"sentence": "24 examples: about 9 s.", "seconds": 9.0, "tokens": 3457, "trainable": 1816, "examples": 24,
             "tokens_per_second": 400.0, "memory_bytes": 10**9, "disk_bytes": 10**6, "notes": [],
             "warnings": ["The disk may become full: <b>"]}
    ended("done", ["score", "demo", "--estimate", "--json"], result=found)
    app = opened("pages/score.py")
    assert metric(app, "Time") == "9 s" and metric(app, "Memory") == "1.0 GB"
    assert any("24 examples" in text.value for text in app.markdown)
    assert any("The disk may become full" in warning.value for warning in app.warning)
    jobs.start(["score", "demo"], "Scoring")
    assert "Time" not in [shown.label for shown in rerun(app).metric]
