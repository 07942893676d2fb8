"""The Export page as a script: helpers for its tests."""

import time

from tests.pages import opened, rerun, widget
from xtf import jobs
from xtf.config import PRESETS, BySpan
from xtf.runs import open_run
from xtf.ui import export_shelf

PAGE = "pages/export.py"
DEFAULT = PRESETS["corrected"][1]


def without(example=0, **more):
    """Thresholds under which one example of the run `problems` keeps nothing, dropped by hand from end to end."""
    one = open_run("problems").table().example(example)
    span = BySpan(action="drop", example=one.id, start=0, end=len(one.text), quote=one.text)
    return DEFAULT.model_copy(update={"overrides": (span,), **more})


def at(thresholds=DEFAULT, **state):
    app = opened(PAGE, **{"xtf.run": "problems", "xtf.thresholds": thresholds, **state})
    assert not app.exception, app.exception
    return app


def trainer(app, name):
    widget(app.get("button_group"), "Trainer").set_value(name)
    return rerun(app)


def command(app):
    return next(code.value for code in app.code if "xtf export " in code.value)


def labels(widgets):
    return [found.label for found in widgets]


def words(app):
    return " ".join(found.value for found in [*app.markdown, *app.caption, *app.success, *app.warning])


def accepting(app):
    """Goes on in spite of every stop."""
    for found in app.toggle:
        if found.label == "Go on all the same":
            found.set_value(True)
    return rerun(app)


def prepared(app):
    widget(app.button, "Prepare").click()
    return rerun(app)


def folder():
    found, = export_shelf.found()
    return found.folder


def done(app):
    """Waits for the one job and draws the page anew."""
    deadline = time.monotonic() + 60
    while jobs.running() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert jobs.list_jobs()[0].state == "done", (jobs.list_jobs()[0].message, jobs.list_jobs()[0].log)
    return rerun(app)
