"""Fine-tunes for tests of pages: made up of their files, or real ones with the tiny model."""

import json

from tests.pages import opened
from xtf import jobs, workspace
from xtf.config import PRESETS, STRATEGY_SETTINGS
from xtf.training.folder import METRICS, RESULT, begin
from xtf.training.settings import TrainSettings

PAGE = "pages/finetune.py"
ARGV = ["train", "problems", "--preset", "corrected", "--name"]


def made_up(name, steps=4, total=10, done=False, strategy="xtf", loss=2.0, **settings):
    """A fine-tune of the run `problems` as its files tell it: 100 trained tokens and 2 seconds a step."""
    thresholds = PRESETS["corrected"][1].model_copy(update={"strategy": STRATEGY_SETTINGS[strategy]()})
    asked = {"run": "problems", "run_id": "0123", "strategy": strategy,
             "thresholds": thresholds.model_dump(mode="json"),
             "settings": TrainSettings(**settings).model_dump()}
    made = begin(name, asked)
    made.note(counts={"examples": 6, "skipped": 0, "trained": 250, "tokens": 900, "kept_share": 0.625, "steps": total})
    lines = [{"step": n, "epoch": n / 4, "loss": loss / n, "learning_rate": 1e-4, "grad_norm": 0.5, "trained": 100 * n,
              "tokens": 400 * n, "seconds": 2.0 * n, "memory": 3_000_000} for n in range(1, steps + 1)]
    (made.path / METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    if done:
        (made.path / RESULT).mkdir()
    return made


def job_that(state, name, **status):
    """A job of that fine-tune that has come to its end in this way, as its files tell it; the process is a real one."""
    job = jobs.start([*ARGV, name, "--json"], f"Fine-tuning {name}")
    if state == "running":
        workspace.write_json(workspace.jobs_dir() / job.id / "status.json", {"state": "running", **status})
        return jobs.job(job.id)
    jobs.cancel(job.id)
    folder = workspace.jobs_dir() / job.id
    if state != "cancelled":
        (folder / "cancel").unlink()
        workspace.write_json(folder / "status.json", {"state": state, **status})
    return jobs.job(job.id)


def at(view=None, training=None, **state):
    query = {name: value for name, value in (("view", view), ("training", training)) if value}
    app = opened(PAGE, {"run": "problems", **query}, **state)
    assert not app.exception, app.exception
    return app


def words(app):
    return " ".join(found.value.replace("\\", "") for found in [
        *app.markdown, *app.caption, *app.info, *app.success, *app.error, *app.warning])
