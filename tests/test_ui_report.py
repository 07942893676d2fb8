"""The report on the Export page: started as a job, watched, taken away."""

import time

from tests.pages import opened, rerun, widget
from xtf import jobs, workspace
from xtf.config import PRESETS

PAGE = "pages/export.py"


def test_the_button_starts_one_job_that_is_watched(workplace, sleeping):
    app = opened(PAGE)
    assert not app.exception
    assert any("xtf report problems --preset corrected --out problems.html" in code.value for code in app.code)
    widget(app.button, "Make the report").click()
    rerun(app)
    job, = jobs.running()
    assert job.argv[:4] == ["report", "problems", "--preset", "corrected"] and job.label == "Report on problems"
    assert job.argv[-1] == "--overwrite" and widget(app.button, "Cancel")
    rerun(app)
    assert len(jobs.running()) == 1 and "Make the report" not in [button.label for button in app.button]


def test_beside_another_job_there_is_no_second_cancel_button(workplace, sleeping):
    app = opened(PAGE)
    widget(app.button, "Make the report").click()
    rerun(app)
    jobs.start(["score", "demo"], "Another")
    rerun(app)
    assert len(jobs.running()) == 2 and not app.exception


def test_the_file_is_made_and_offered_and_each_setting_has_its_own(workplace):
    app = opened(PAGE)
    widget(app.button, "Make the report").click()
    rerun(app)
    deadline = time.monotonic() + 60
    while jobs.running() and time.monotonic() < deadline:
        time.sleep(0.2)
    job = jobs.list_jobs()[0]
    assert job.state == "done" and job.result["run"] == "problems", job.message
    path, = (workspace.home() / "reports").glob("problems-*.html")
    rerun(app)
    assert any(link.label.startswith("Download the report") for link in app.get("link_button"))
    assert path.stat().st_size == job.result["bytes"]
    other = opened(PAGE, **{"xtf.preset": "paper", "xtf.thresholds": PRESETS["paper"][1]})
    assert not other.exception and widget(other.button, "Make the report")


def test_a_failed_job_is_told_and_can_be_tried_again(workplace, sleeping):
    app = opened(PAGE)
    widget(app.button, "Make the report").click()
    rerun(app)
    job = jobs.running()[0]
    jobs.cancel(job.id)
    folder = workspace.jobs_dir() / job.id
    (folder / "cancel").unlink()
    workspace.write_json(folder / "status.json", {"state": "failed", "message": "The disk is full."})
    app = opened(PAGE)
    assert any("The disk is full" in error.value for error in app.error) and widget(app.button, "Make the report")
