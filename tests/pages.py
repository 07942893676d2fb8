"""Pages run as scripts: helpers for tests with Streamlit's AppTest."""

import json

import numpy as np
from streamlit.testing.v1 import AppTest

from tests.browser import ROOT
from xtf import filters, runs
from xtf.words import percent

PAGES = ["app.py", "pages/score.py", "pages/explore.py", "pages/thresholds.py", "pages/dataset.py", "pages/tokens.py",
         "pages/settings.py", "pages/export.py", "pages/finetune.py", "pages/compare.py",
         "pages/disagreement.py", "pages/evidence.py", "pages/value.py", "pages/present.py", "pages/method.py"]
SLOW = 60  # seconds a script may take on a busy machine


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


def component(app, name):
    """What the page hands to the first component whose data hold that name; None where there is none."""
    given = [json.loads(found.proto.json) for found in app.get("bidi_component")]
    return next((data for data in given if name in data), None)


def dialled(app):
    """The kept share that the dials of the Thresholds page show."""
    data = component(app, "now")
    return percent(data["now"]["kept"] / data["trainable"])


def listed(app):
    """Ids in the page's list, as sent to the browser."""
    return app.dataframe[0].value["id"].tolist()


def widget(widgets, label):
    return next(found for found in widgets if found.label == label)


def rerun(app):
    app.run()
    assert not app.exception
    return app


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
