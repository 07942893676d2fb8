"""A real fine-tune of the tiny model on the Fine-tune page, in a real Chromium."""

import time
from urllib.parse import urlsplit

import pytest

from tests.accessible import faults
from tests.browser import dashboard, settled, watched_tab
from tests.finetunes import made_up
from xtf import jobs
from xtf.training.checkpoints import newest
from xtf.training.folder import CHECKPOINTS, open_training

pytestmark = pytest.mark.browser
NAME = "problems-corrected-xtf"
SOON = 180_000  # milliseconds: a process with PyTorch starts slowly on a busy machine


@pytest.fixture
def page(browser):
    with watched_tab(browser) as tab:
        yield tab


@pytest.fixture
def ended():
    """No job outlives the test."""
    yield
    for job in jobs.running():
        jobs.cancel(job.id)


def put(page, label, value):
    box = page.get_by_role("spinbutton", name=label)
    box.fill(value)
    box.press("Enter")
    settled(page)


def beyond(page, step):
    """Waits until the page shows a later step than that, by itself."""
    page.wait_for_function(
        """step => [...document.querySelectorAll('[data-testid=stMetric]')].some(one =>
            one.innerText.startsWith('Step, of') && Number(one.querySelector('[data-testid=stMetricValue]').innerText
                .replaceAll(',', '')) > step)""", arg=step, timeout=SOON)
    return steps()[-1]["step"]


def steps():
    return open_training(NAME).metrics().to_dict("records")


def test_it_outlives_page_and_server_and_resumes_on_the_same_curve(page, workplace, tmp_path, ended):
    with dashboard(workplace, tmp_path / "log") as address:
        page.goto(f"{address}/finetune?run=problems")
        settled(page)
        put(page, "Epochs (passes)", "3000")
        put(page, "Batch (examples)", "3")
        page.get_by_role("button", name="Start", exact=True).click()
        seen = beyond(page, 0)
        page.reload()
        seen = beyond(page, seen)
        where = urlsplit(page.url)
        assert f"training={NAME}" in where.query and "view=watch" in where.query
    with dashboard(workplace, tmp_path / "log") as address:  # the server was restarted
        page.goto(f"{address}{where.path}?{where.query}")
        beyond(page, seen)
        started = time.monotonic()
        page.get_by_test_id("stMain").get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Resume").wait_for(timeout=SOON)
        assert time.monotonic() - started < 15  # the job itself within 10, and the page
        assert not jobs.running() and newest(open_training(NAME).path / CHECKPOINTS)
        before = steps()
        page.get_by_role("button", name="Resume").click()
        beyond(page, before[-1]["step"])
        assert steps()[:len(before)] == before
        assert page.get_by_test_id("stMain").get_by_role("button", name="Cancel").count() == 1


def test_the_other_views_can_be_read_by_everybody(page, workplace, tmp_path):
    made_up("one"), made_up("two", done=True, strategy="random")
    with dashboard(workplace, tmp_path / "log") as address:
        for view in ("watch", "result", "all"):
            page.goto(f"{address}/finetune?run=problems&training=two&view={view}")
            settled(page)
            assert faults(page) == [], view
