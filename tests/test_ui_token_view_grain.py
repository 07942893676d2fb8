"""The token view in a real browser: words to lines, snippets, alternatives, a second setting, and accessibility."""

import numpy as np
import pytest

from tests.accessible import serious
from tests.scored import HOSTILE
from tests.tables import PROMPT, RESPONSE, table
from tests.token_views import THRESHOLDS, payload, plain, scored
from xtf import explain, filters
from xtf.alternatives import Alternatives
from xtf.config import ByType, Cutoff, Off, Thresholds


def by(view, choice):
    view.page.evaluate("value => root.querySelector(`input[value=${value}]`).click()", choice)


HALVES = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.5), relevance=Off())


def worded():
    """The words " ab", " c" and "\\n" with p of 0.25, 0.75 | 0.875 | 0.125."""
    return table([[1, 2, 3, 4]], scores={"logprob": [np.log([0.25, 0.75, 0.875, 0.125])]},
                 texts={1: " a", 2: "b", 3: " c", 4: "\n"})


def test_browser_shows_words_with_mean_and_sum(view):
    view.show(payload(worded(), HALVES)[0])
    by(view, "word")
    shown = view.page.locator(".text .token")
    assert shown.all_text_contents() == [" ab", " c", "⏎\n"]
    # the colour is that of the mean: 0.5, 0.875 and 0.125 of 31 steps
    assert [shown.nth(u).locator("> span").get_attribute("class") for u in range(3)] == [
        "fill fill1-16 partly coloured", "fill fill1-27 dropped coloured", "fill fill1-4"]
    assert [shown.nth(u).get_attribute("aria-label") for u in range(3)] == [
        "␣ab, 1 of 2 dropped", "␣c, dropped by Novelty (p)", "⏎, kept"]
    shown.nth(0).hover()
    assert view.page.locator(".sentence").text_content() == "1 of 2 dropped."
    assert view.page.locator("thead th").all_text_contents() == ["Attribute", "Mean", "Sum", "Scored", "Fail"]
    assert view.page.locator(".rows tr").nth(1).locator("td").all_text_contents() == ["0.5", "1", "2 of 2", "1 of 2"]
    assert "partly dropped" in view.page.locator(".keys").inner_text()


def test_browser_moves_by_chunk_and_keeps_the_pin_when_the_grain_changes(view):
    view.show(payload(worded(), HALVES)[0])
    view.token(1).click()
    by(view, "line")
    assert view.page.locator(".text .token").count() == 1
    assert view.page.locator(".quote").text_content() == "␣ab␣c⏎"
    assert "2 of 4 dropped." in view.page.locator(".sentence").text_content()
    by(view, "word")
    assert view.page.locator("[aria-selected=true]").text_content() == " ab"
    view.page.locator("[aria-selected=true]").focus()
    view.press("ArrowRight")
    assert view.focused() == 2
    by(view, "token")
    assert view.page.locator("[aria-selected=true]").text_content() == "b"
    assert view.page.evaluate("reported") == [["pinned", 1]]


@pytest.mark.parametrize("grain", ["token", "word", "sentence", "line"])
def test_browser_shows_hostile_text_as_itself_in_every_grain_and_mode(view, grain):
    parts = [HOSTILE, "<script>alert(1)</script>", " <img src=x onerror=alert(2)>", "&amp;", "مرحبا", " 🎉",
             "\u202eevil", "\x00", "\n\n", "x"]
    ids = [list(range(len(parts)))]
    texts = dict(enumerate(parts))
    found = table(ids, scores={"logprob": [np.log(np.linspace(0.1, 1, len(parts)))]}, texts=texts)
    other = filters.judge(found, HALVES)
    alternatives = Alternatives(np.tile(np.arange(5, dtype=np.int32), (len(parts), 1)),
                                np.full((len(parts), 5), 0.2, np.float32), texts)
    sent = payload(found, run_id="r", other=other, other_name=HOSTILE, alternatives=alternatives)[0]
    view.show({**sent, "movable": True, "editable": True})
    by(view, grain)
    for mode in ("verdict", "novelty", "changes"):
        by(view, mode)
        shown = view.page.locator(".text").text_content()
        wanted = "".join(parts).replace("\u202e", "⟦U+202E⟧").replace("\x00", "␀")
        assert shown.replace("⏎", "") == wanted.replace("⏎", "")
        view.page.evaluate("""() => root.querySelectorAll(".text .token").forEach((token) => token.click())""")
        assert view.page.evaluate("""() => root.querySelectorAll("script, img, iframe, a").length""") == 0


def test_browser_lists_the_likeliest_tokens_and_marks_the_true_one(view):
    found = scored()
    ids = np.tile(np.array([2, 3, 8, 9, 7], np.int32), (7, 1))
    p = np.tile(np.array([0.5, 0.25, 0.1, 0.0001, np.nan], np.float32), (7, 1))
    ids[6] = [2, -1, -1, -1, -1]
    alternatives = Alternatives(ids, p, {2: " t2", 3: "<b>", 8: "\n", 9: "", 7: " "})
    view.show(payload(found, alternatives=alternatives)[0])
    lines = view.page.locator(".alternatives li")
    view.token(3).hover()
    assert [line.split("\n") for line in lines.all_inner_texts()] == [
        ["␣t2", "50.0 %"], ["<b>", "25.0 %", "◀ this token"], ["⏎", "10.0 %"], ["∅", "< 0.1 %"], ["␣"]]
    view.token(1).hover()  # not among them: p is 0.2, its rank is not known
    assert lines.last.inner_text().split("\n") == ["␣t1", "20.0 %", "◀ this token"]
    view.token(6).hover()
    assert lines.count() == 2
    view.token(0).hover()  # prompt
    assert view.page.locator(".others").is_hidden()


def test_browser_says_the_rank_of_a_token_that_is_not_among_the_likeliest(view):
    found = table([[1, 2]], scores={"logprob": [np.log([0.5, 0.001])], "rank": [[0, 1233]]})
    alternatives = Alternatives(np.full((2, 5), 1, np.int32), np.full((2, 5), 0.1, np.float32), {1: " t1"})
    view.show(payload(found, HALVES, alternatives=alternatives)[0])
    view.token(1).hover()
    assert view.page.locator(".alternatives .true").inner_text().split("\n")[-1] == "◀ this token, number 1,234"


def test_browser_says_where_alternatives_are_missing(view):
    view.show(payload(scored())[0])
    view.token(1).hover()
    assert "not computed yet" in view.page.locator(".likeliest").text_content()
    assert view.page.locator(".alternatives li").count() == 0


def test_browser_marks_what_a_second_setting_changes(view):
    found = scored()
    looser = THRESHOLDS.model_copy(update={"novelty": Cutoff(value=0.45), "reasoning": Cutoff(value=0.05)})
    other = filters.judge(found, looser)
    view.show(payload(found, other=other, other_name="<looser>")[0])
    by(view, "changes")
    kinds = [view.token(t).locator("> span").get_attribute("class") for t in range(7)]
    assert kinds == ["fill", "fill won", "fill dropped", "fill lost", "fill dropped", "fill", "fill"]
    assert "<looser> drops 1 more and rescues 1." in view.page.locator(".reading").text_content()
    look = """e => [getComputedStyle(e).textDecorationLine, getComputedStyle(e, "::before").content.slice(0, 3),
                    getComputedStyle(e).backgroundImage.includes("gradient")]"""
    assert view.token(3).locator("> span").evaluate(look) == ["line-through", '"−"', True]
    assert view.token(1).locator("> span").evaluate(look) == ["none", '"+"', True]
    assert view.token(3).get_attribute("aria-label") == "<b>, kept, newly dropped by <looser>"
    view.token(3).hover()
    assert view.page.locator(".versus").text_content() == f"<looser>: {explain.sentence(found, other, 3)}"
    view.show(payload(found)[0])  # the second setting is gone
    assert view.page.locator(".versus").is_hidden() and view.page.locator("input[value=changes]").count() == 0


def long_sample():
    """200 tokens of a prompt, 1,300 of a response of which only number 900 is dropped."""
    p = np.linspace(0.1, 0.2, 1500)
    p[900] = 0.99
    return table([list(range(1500))], [[PROMPT] * 200 + [RESPONSE] * 1300], {"logprob": [np.log(p)]})


def test_browser_opens_long_samples_as_a_snippet(view):
    sent, _ = payload(long_sample(), HALVES)
    view.show(sent)
    chips = view.page.locator(".chip")
    assert chips.all_text_contents() == ["… 150 prompt tokens", "… 650 kept tokens", "… 549 kept tokens"]
    assert view.token(900).is_visible() and view.token(500).is_hidden() and view.token(100).is_hidden()
    view.token(224).focus()
    view.press("ArrowRight", "Enter")  # the chip after it
    assert view.token(500).is_visible()
    assert view.press("ArrowRight") == 225
    view.show(payload(long_sample(), HALVES.model_copy(update={"novelty": Cutoff(value=0.05)}))[0])
    assert chips.nth(1).text_content() == "… 650 tokens, 650 dropped"
    view.page.locator("input.whole").check()
    assert chips.count() == 0 and view.token(100).is_visible()
    view.page.locator("input.whole").uncheck()
    assert view.token(100).is_hidden()


def test_browser_shows_a_pinned_token_of_a_snippet(view):
    view.show({**payload(long_sample(), HALVES)[0], "pinned": 100})
    assert view.token(100).is_visible() and view.token(500).is_hidden()


def test_browser_never_folds_a_short_sample(view):
    view.show(plain(*["x"] * 600))
    assert view.page.locator(".chip").count() == 0 and view.page.locator("label:has(.whole)").is_hidden()


def test_browser_remembers_grain_and_mode_for_the_next_sample(view):
    view.show(payload(worded(), HALVES)[0])
    by(view, "word")
    by(view, "relevance")
    view.page.evaluate("""() => root.querySelector(".view").replaceWith(root.querySelector(".view").cloneNode(true))""")
    view.show(payload(scored())[0])  # another sample mounts a new view
    assert view.page.locator(".modes input:checked").get_attribute("value") == "relevance"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_with_any_part_of_the_view(view, scheme):
    view.page.emulate_media(color_scheme=scheme)
    if scheme == "dark":
        view.page.evaluate("""() => { host.style.cssText = "color-scheme: dark; --st-text-color: #edebe8;"
            + "--st-background-color: #171614"; document.body.style.background = "#171614"; }""")
    found = long_sample()
    other = filters.judge(found, HALVES.model_copy(update={"novelty": Cutoff(value=0.05)}))
    by_hand = HALVES.model_copy(update={"overrides": (ByType(action="drop", token=210),)})
    alternatives = Alternatives(np.tile(np.arange(5, dtype=np.int32), (1500, 1)),
                                np.full((1500, 5), 0.2, np.float32), {t: f" t{t}" for t in range(5)})
    sent = payload(found, by_hand, run_id="r", other=other, alternatives=alternatives)[0]
    view.show({**sent, "movable": True, "editable": True})
    for mode, grain, token in (("novelty", "token", 210), ("changes", "word", 215), ("verdict", "line", 205)):
        by(view, mode)
        by(view, grain)
        view.page.evaluate(
            "t => [...root.querySelectorAll('.text .token')].findLast((e) => e.token <= t).click()", token)
        assert [fault for fault in serious(view.page) if "host" in str(fault[1])] == []


def test_browser_keeps_verdicts_readable_in_forced_colours(view):
    view.page.emulate_media(forced_colors="active")
    view.show(payload(scored())[0])
    look = "e => getComputedStyle(e).textDecorationLine"
    assert [view.token(t).locator("> span").evaluate(look) for t in (2, 3)] == ["line-through", "none"]


def test_browser_moves_nothing_by_itself(view):
    view.show(payload(scored())[0])
    by(view, "word")
    assert view.page.evaluate("() => root.getAnimations().length") == 0
