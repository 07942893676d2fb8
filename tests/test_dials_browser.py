"""The dials in a real browser: on a bare page, and on the page of a running server."""

import re

import numpy as np
import pytest

from tests.browser import settled, watched_tab
from tests.tables import table
from xtf import filters, stats
from xtf.assets import asset
from xtf.config import Cutoff, Off, Otsu, Quantile, Thresholds
from xtf.figures import dials
from xtf.words import percent

pytestmark = pytest.mark.browser
P = [0.1, 0.3, 0.5, 0.7, 0.9, 0.92, 0.96, 0.99]
CHOSEN = Thresholds(reasoning=Quantile(share=0.02), novelty=Cutoff(value=0.95), relevance=Otsu(classes=3, drop=0))
MADE = table([[1, 2, 3, 4, 5, 6, 7, 8]], scores={"logprob": [np.log(P).tolist()],
                                                 "received_mean_adjusted": [[1, 2, 3, 4, 5, 6, 7, 8]]},
             types={"embedding_dataset": {token: token / 10 for token in range(1, 9)}})


@pytest.fixture
def page(browser):
    """A tab with the component on a bare page, mounted twice as on the Thresholds page."""
    tab, faults = browser.new_page(viewport={"width": 1000, "height": 700}), []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.set_content("<div id=top></div><div id=below></div>")
    tab.evaluate(
        """async ([html, css, js]) => {
            window.roots = [top_, below].map((host) => host.attachShadow({mode: "open"}));
            roots.forEach((root) => { root.innerHTML = `<style>${css}</style>` + html; });
            const component = (await import(URL.createObjectURL(new Blob([js], {type: "text/javascript"})))).default;
            window.reported = []; window.events = [];
            document.addEventListener("xtf-live", ({detail}) => events.push(detail));
            window.show = (data) => [{part: "numbers", key: data.key}, {part: "dials", ...data}].forEach((part, i) =>
                component({data: part, parentElement: roots[i], setTriggerValue: (name, move) => reported.push(move)}));
        }""".replace("top_", "document.getElementById('top')"),
        [asset("dials/view.html").read_text(), dials.style(), dials.script()])
    yield tab
    tab.close()
    assert faults == []


def show(page, thresholds=CHOSEN, key="key"):
    page.evaluate("(data) => show(data)", dials.payload(MADE, filters.judge(MADE, thresholds), key))
    return page.get_by_role("slider", name="Threshold of Knowledge novelty")


def frame(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def value(page, label):
    """What a read-out shows."""
    return page.locator(f".number[aria-label='{label}'] .value").text_content()


def told(thresholds):
    return stats.summary(MADE, filters.judge(MADE, thresholds))


def novelty(p):
    return CHOSEN.model_copy(update={"novelty": Cutoff(value=p)})


def test_keys_move_the_threshold_and_a_pause_commits_it(page):
    page.clock.install(time=0)
    page.clock.pause_at(3600)  # time goes on when the test says so, however slow the machine is
    handle = show(page)
    handle.focus()
    assert handle.get_attribute("aria-valuetext").startswith("p above 95 %, drops 25.0 %: 2 tokens")
    for key in ("ArrowLeft", "PageDown", "ArrowRight"):
        page.keyboard.press(key)
    page.clock.run_for(50)  # a few frames
    assert handle.get_attribute("aria-valuetext").startswith("p above 90 %, drops 37.5 %: 3 tokens")  # 0.92 too
    assert value(page, "Kept") == percent(told(novelty(0.9))["kept_share"]) and page.evaluate("reported") == []
    page.clock.run_for(600)
    move, = page.evaluate("reported")
    assert move["attribute"] == "novelty" and move["value"] == 0.9
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert [move["value"] for move in page.evaluate("reported")] == [0.9, 0.0]


def test_the_handle_moves_as_far_as_it_is_drawn(page):
    """The plot runs from 0 to 1: a tenth of its width is ten points of p."""
    handle = show(page)
    plot, grip = page.locator(".bars").nth(1).bounding_box(), handle.bounding_box()
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + 40
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x - plot["width"] * step / 40, y)
    frame(page)
    assert handle.get_attribute("aria-valuetext").startswith("p above 70 %, drops 50.0 %: 4 tokens")
    failing = page.locator(".card").nth(1).locator("rect[fill]").evaluate_all(
        "(bars) => bars.map((bar) => parseFloat(bar.getAttribute('height')) > 0)")
    assert np.flatnonzero(failing).tolist() == [54, 55, 57, 59]  # 60 times 0.9, 0.92, 0.96 and 0.99
    assert page.evaluate("events.length") <= 10
    page.keyboard.press("Escape")
    page.mouse.up()
    frame(page)
    assert handle.get_attribute("aria-valuetext").startswith("p above 95 %") and page.evaluate("reported") == []
    assert value(page, "Dropped") == str(told(CHOSEN)["dropped"])


def test_a_move_elsewhere_on_the_page_is_followed_and_one_of_another_key_is_not(page):
    handle = show(page)
    send = "(detail) => document.dispatchEvent(new CustomEvent('xtf-live', {detail}))"
    page.evaluate(send, {"key": "other", "attribute": "relevance", "place": 2})
    frame(page)
    assert value(page, "Dropped") == str(told(CHOSEN)["dropped"])
    page.evaluate(send, {"key": "key", "attribute": "relevance", "place": 2})
    frame(page)
    moved = told(CHOSEN.model_copy(update={"relevance": Otsu(classes=3, drop=2)}))
    assert value(page, "Dropped") == str(moved["dropped"]) != str(told(CHOSEN)["dropped"])
    assert page.locator(".card").nth(2).locator(".setting").text_content() == "highest of 3 clusters"
    counts = page.locator(".reasons .count").all_text_contents()
    order = ["reasoning", "novelty", "relevance", "reasoning+novelty", "reasoning+relevance", "novelty+relevance",
             "reasoning+novelty+relevance"]
    assert counts == [str(moved["combinations"][names]) for names in order]
    show(page, novelty(0.5), "next")  # what was on its way has been committed: the new state stands
    assert value(page, "Dropped") == str(told(novelty(0.5))["dropped"])
    assert handle.get_attribute("aria-valuetext").startswith("p above 50 %")


def test_a_rule_that_is_off_has_no_handle_and_says_so(page):
    show(page, CHOSEN.model_copy(update={"reasoning": Off()}))
    card = page.locator(".card").first
    assert card.locator(".setting").text_content() == "Off" and page.get_by_role("slider").count() == 2
    assert card.locator(".effect").text_content() == "drops 0.0 %: 0 tokens, 0 by it alone"


def test_what_is_shown_on_the_way_is_what_the_server_says_afterwards(browser, site):
    with watched_tab(browser, viewport={"width": 1280, "height": 800}) as page:
        page.goto(f"{site}/thresholds?run=problems&novelty.value=0.5")
        settled(page)
        rest = page.locator(".number .change", has_text="against corrected")  # and "by this move" on the way
        for name, by in (("Knowledge novelty", -110), ("Reasoning importance", 90), ("Task relevance", 80)):
            rest.wait_for()
            before, address_before = read(page), page.url
            drag(page, name, by)
            assert rest.count() == 0
            moved = read(page)
            page.mouse.up()
            page.wait_for_url(lambda url, old=address_before: url != old)
            rest.wait_for()  # the server's numbers have come
            assert read(page) == moved != before, name
        assert re.search("novelty.value=.*reasoning.share=|reasoning.share=.*novelty.value=", page.url)
        address_before = page.url
        box = page.get_by_role("spinbutton", name="Already known above p (%)")
        box.press("End")
        box.press("1")
        box.press("Control+z")  # the box's own
        page.keyboard.press("Tab")
        page.get_by_role("slider", name="Knowledge novelty").focus()
        settled(page)
        assert page.url == address_before
        page.keyboard.press("Control+z")  # the page's
        page.wait_for_url(lambda url: url != address_before)


def drag(page, name, by):
    """Takes a handle and moves it by so many pixels, without letting go."""
    handle = page.get_by_role("slider", name=name)
    handle.hover(position={"x": handle.bounding_box()["width"] / 2, "y": 40})  # once it stands still
    grip = handle.bounding_box()
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + 40
    page.mouse.down()
    page.mouse.move(x + by, y, steps=8)
    frame(page)


def read(page):
    """All numbers that the dials show, but for the change, which is against another state before and after."""
    texts = [part.all_text_contents() for part in map(page.locator, (
        ".number .value", ".number .words", ".card .setting", ".card .effect", ".reasons .count", ".reasons .share"))]
    assert all(texts)
    return texts
