"""The report as a person opens it: a file in a real Chromium, offline, with hostile text in it."""

from itertools import pairwise

import pytest

from tests.accessible import COLOURS, serious
from xtf import report, runs
from xtf.config import PRESETS

pytestmark = pytest.mark.browser
READY = "html[data-drawn][data-mounted]"  # a function would be polled by eval, which the report's policy refuses
MARKS = ".main-svg :is(.point, .heatmaplayer image, .scatterlayer path)"
LARGEST_SHIFT = 1  # pixels


@pytest.fixture(scope="module")
def made(scored, tmp_path_factory):
    """Files of the run of problems, in full and short, and of the hostile one."""
    folder = tmp_path_factory.mktemp("reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(scored))
        for name in ("problems", "hostile"):
            report.write(name, PRESETS["corrected"][1], folder / f"{name}.html")
        report.write("problems", PRESETS["corrected"][1], folder / "short.html", examples=1)
        texts = {example.index: example.text for example in map(runs.open_run("hostile").table().example, range(3))}
    return folder, texts


@pytest.fixture
def look(browser, made):
    """Opens a report from disk, offline; everything that it asks for or complains of is kept with the page."""
    contexts = []

    def open_(name, ready=True, **options):
        context = browser.new_context(offline=True, **{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("dialog", lambda dialog: (page.said.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.said.append(message.text))
        page.goto((made[0] / f"{name}.html").as_uri())
        if ready:
            page.wait_for_selector(READY, state="attached")
        return page

    yield open_
    for context in contexts:
        context.close()


def test_it_draws_everything_and_asks_for_nothing(look, made):
    page = look("problems")
    assert page.asked == [(made[0] / "problems.html").as_uri()] and page.said == []
    counts = [plot.locator(MARKS).count() for plot in page.locator(".plot").all()]
    assert len(counts) > 8 and all(counts)
    assert page.locator("article.live").count() == page.locator("article").count() == 6
    assert page.locator(".static").first.is_hidden()


def test_hostile_text_is_shown_as_itself(look, made):
    page = look("hostile")
    assert page.said == [] and len(page.asked) == 1
    order = page.evaluate("() => JSON.parse(document.getElementById('sample-data').textContent).map((s) => s.texts)")
    assert sorted("".join(texts) for texts in order) == sorted(made[1].values())
    assert page.locator("article.live").count() == 3
    shown = page.evaluate("""() => [...document.querySelectorAll('.view-host')].map((host) =>
        host.shadowRoot.querySelector('[role=listbox]').textContent)""")
    for text in shown:
        assert "<script>alert(1)</script> **bold** `code` $x^2$" in text and "[a](http://x) 🙂" in text
        assert "⟦U+202E⟧" in text and "<img src=x>" in text
    assert page.locator("img, main script, b").count() == 0
    assert page.evaluate("() => [...document.querySelectorAll('.view-host')].every((host) =>"
                         " !host.shadowRoot.querySelector('img, script, b, a'))")


def test_a_token_tells_what_is_known_of_it(look):
    page = look("problems")
    page.locator(".view-host").first.get_by_role("option", name="dropped").first.hover()
    panel = page.locator(".view-host").first.locator(".sentence")
    assert panel.text_content().startswith("Dropped: ")


def test_without_scripts_the_text_and_the_numbers_are_there(look):
    page = look("problems", ready=False, java_script_enabled=False)
    assert page.locator(".static").first.is_visible() and page.locator(".static del").first.is_visible()
    assert page.get_by_text("scripts are off").is_visible()
    assert page.locator("figure details").first.is_visible()


def test_on_paper_it_is_light_static_and_as_wide_as_the_sheet(look, tmp_path):
    page = look("short", color_scheme="dark")
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 20_000
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.locator(".plot .main-svg:not([width='620'])").first.wait_for(state="detached")  # Plotly has drawn anew
    widths = page.evaluate("() => [...document.querySelectorAll('.plot .main-svg')].map((svg) => svg.clientWidth)")
    assert widths and max(widths) <= 640
    assert page.locator(".view-host").first.is_hidden() and page.locator(".static").first.is_visible()
    assert page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("width", [800, 390])
def test_nothing_runs_out_of_the_window(look, width):
    page = look("hostile", viewport={"width": width, "height": 900})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width + LARGEST_SHIFT


def test_axe_finds_no_serious_fault(look):
    for scheme, rules in (("light", ()), ("dark", COLOURS)):
        page = look("short", color_scheme=scheme)
        assert serious(page, *rules) == []
        levels = [int(tag[1]) for tag in page.evaluate(
            "() => [...document.querySelectorAll('h1, h2, h3, h4')].map((heading) => heading.tagName)")]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
