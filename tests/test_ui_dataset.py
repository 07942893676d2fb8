"""The Dataset page: every part is drawn, and what is selected in it is what other pages list."""

import urllib.parse
from collections import Counter

import numpy as np
import pytest

from tests.browser import settled, watched_tab
from tests.pages import opened, rerun, widget
from tests.tables import PROMPT, RESPONSE, saved, table
from xtf import filters, picks, profile, runs
from xtf.config import PRESETS
from xtf.errors import SettingsError
from xtf.figures import reasons
from xtf.ui import dataset, picking

PARTS = list(dataset._PARTS)


def part(app, name):
    app.segmented_control(key="dataset.part").set_value(name)
    return rerun(app)


def said(app):
    return [found.value for found in app.markdown if "examples**" in found.value]


def verdicts():
    found = runs.open_run("problems").table()
    return found, filters.judge(found, PRESETS["corrected"][1])


def test_every_part_is_drawn_alone_with_a_sentence(workplace):
    app = opened("pages/dataset.py")
    for name in PARTS:
        part(app, name)
        assert not app.error and dataset._PARTS[name][0] in [found.value for found in app.markdown]
        assert len(app.get("plotly_chart")) == {"Scores": 3, "Position": 2}.get(name, 1), name
        assert all(chart.proto.alt for chart in app.get("plotly_chart"))


def test_a_choice_from_the_list_is_the_selection_of_all_pages(workplace):
    app = opened("pages/dataset.py")
    chosen = widget(app.selectbox, "Show examples with")
    assert len(chosen.options) == 10 and chosen.value is None and not said(app)
    chosen.set_value("reason:novelty")
    rerun(app)
    scores, judged = verdicts()
    dropped = [sum(1 for t in range(a, b) if judged.bits[t] & 2) for a, b in
               zip(scores.offsets[:-1], scores.offsets[1:], strict=True)]
    assert said(app) == [f"**{sum(count > 0 for count in dropped)} of 6 examples** have tokens dropped by novelty: "
                         f"{sum(dropped)} in all."]
    assert app.query_params["pick"] == "reason:novelty" and app.session_state["xtf.pick"] == "reason:novelty"
    app = part(part(app, "Scores"), "Reasons")
    assert widget(app.selectbox, "Show examples with").value == "reason:novelty"
    widget(app.button, "Clear selection").click()
    rerun(app)
    assert not said(app) and "pick" not in app.query_params
    assert widget(app.selectbox, "Show examples with").value is None


@pytest.mark.parametrize("pick", ["<img src=x onerror=alert(1)>", "kept:"])
def test_a_broken_selection_in_a_link_is_told_and_can_be_cleared(pick, workplace):
    app = part(opened("pages/dataset.py", {"run": "problems", "pick": pick}), "Examples")
    assert len(app.error) == 1 and "means nothing here" in app.error[0].value
    assert len(app.get("plotly_chart")) == 1
    widget(app.button, "Clear selection").click()
    assert not rerun(app).error and "pick" not in app.query_params


def test_examples_with_few_kept_tokens_are_counted_and_selected(workplace):
    app = part(opened("pages/dataset.py"), "Examples")
    scores, judged = verdicts()
    kept = [int(judged.keep[a:b].sum()) for a, b in zip(scores.offsets[:-1], scores.offsets[1:], strict=True)]
    few = sorted(kept)[2] + 1
    widget(app.number_input, "Fewer kept tokens than").set_value(few)
    rerun(app)
    expected = sum(count < few for count in kept)
    assert expected >= 3 and widget(app.metric, f"Fewer than {few} kept").value == f"{expected} examples"
    app.button(key="dataset.under.2").click()
    rerun(app)
    assert app.query_params["pick"] == f"under:{few}"
    assert said(app) == [f"**{expected} of 6 examples** keep fewer than {few} tokens."]
    assert widget(app.button, "Select these").disabled is (min(kept) > 0)


def test_the_kept_range_selects_examples(workplace):
    app = part(opened("pages/dataset.py"), "Examples")
    slider = widget(app.slider, "Show examples by kept share (%)")
    slider.set_range(20, 80)
    assert rerun(app).query_params["pick"] == "kept:0.2:0.8"
    widget(app.slider, "Show examples by kept share (%)").set_range(0, 100)
    assert "pick" not in rerun(app).query_params


def test_a_region_of_the_map_is_selected_by_numbers(workplace):
    app = part(opened("pages/dataset.py"), "p and entropy")
    widget(app.number_input, "p from").set_value(0.0)
    widget(app.number_input, "p below").set_value(0.5)
    rerun(app)
    widget(app.button, "Select this region").click()
    rerun(app)
    _, judged = verdicts()
    low = int((judged.attributes["novelty"].values < 0.5).sum())
    assert app.query_params["pick"] == "map:0:0.5::" and f"{low:,} in all" in said(app)[0]
    widget(app.number_input, "p from").set_value(0.5)
    assert widget(rerun(app).button, "Select this region").disabled


def test_the_paper_stands_beside_the_run_and_is_named(workplace):
    app = opened("pages/dataset.py")
    shown = app.dataframe[0].value
    assert shown["paper"].tolist() == [1.69, 13.86, 19.33, 26.3, 58.3]
    scores, judged = verdicts()
    total, bits = int(scores.trainable.sum()), Counter(judged.bits.tolist())
    shares = [sum(count for value, count in bits.items() if value & bit) / total for bit in (1, 2, 4, 7)]
    assert shown["here"].tolist()[:4] == pytest.approx([100 * share for share in shares])
    assert any("DeepSeek" in found.value for found in app.caption)


def test_runs_that_lack_scores_say_so(home):
    saved("bare", table([[1, 2, 3]], [[PROMPT, RESPONSE, RESPONSE]], {"logprob": [[np.nan, -1, -2]]}))
    app = part(opened("pages/dataset.py"), "p and entropy")
    assert "no entropies" in app.info[0].value
    for name in PARTS:
        assert not part(app, name).error
    saved("silent", table([[1, 2]], [[PROMPT, PROMPT]]))
    app = opened("pages/dataset.py", {"run": "silent"})
    assert "no response tokens" in app.info[0].value and not app.exception


def test_a_chart_s_event_becomes_one_pick():
    def event(*marks):
        return {"selection": {"points": [{"customdata": mark} if mark else {} for mark in marks]}}

    assert picking.selected(event()) is None and picking.selected(event(None)) is None
    assert picking.selected(event(["15 to 20 %", "kept:0.15:0.2"], ["20 to 25 %", "kept:0.2:0.25"])) == "kept:0.15:0.25"
    with pytest.raises(SettingsError):
        picking.selected(event(["words", "<script>"]))


def selects(page, expected):
    """Waits until the address holds that pick and the page has drawn itself."""
    page.wait_for_url(lambda url: urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).get("pick", [None])[0]
                      == expected)
    settled(page)


HOVERED = "place => document.querySelector('.js-plotly-plot')._hoverdata?.[0]?.pointNumber === place"


def click(page, place, expected):
    """Clicks a bar of the first figure, just above its foot, and waits for what it selects."""
    bar = page.locator(".js-plotly-plot .barlayer .point").nth(place).locator("path")
    for _ in range(100):  # Plotly selects what it has found under the mouse, for which it looks now and then
        box = bar.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 2
        page.mouse.move(x - 5, y)
        page.mouse.move(x, y)
        page.wait_for_timeout(100)
        if page.evaluate(HOVERED, place):
            break
    else:
        raise AssertionError(f"Plotly finds no bar {place} under the mouse")
    page.mouse.click(x, y)
    selects(page, expected)


@pytest.mark.browser
def test_a_click_on_a_bar_filters_the_list_of_examples(scored, site, browser):
    found = runs.Run(scored / "runs" / "problems").table()
    judged = filters.judge(found, PRESETS["corrected"][1])
    (first, _), (second, _) = profile.combinations_of(profile.by_role(found, judged))[:2]
    bins = [f"kept:{low / 20:.9g}:{(low + 1) / 20:.9g}" for low in range(19)] + ["kept:0.95:"]
    place, count = next((place, int(count)) for place, count in enumerate(
        picks.matching(found, judged, pick).sum() for pick in bins) if 0 < count < 6)
    with watched_tab(browser, viewport={"width": 1280, "height": 1000}) as page:
        page.goto(f"{site}/dataset?run=problems")
        page.get_by_role("figure", name="UpSet").wait_for()
        settled(page)
        click(page, 0, f"reasons:{'+'.join(first)}")
        click(page, 1, f"reasons:{'+'.join(second)}")
        click(page, 1, None)  # the same bar again takes it back
        page.get_by_role("radio", name="Examples").or_(page.get_by_role("button", name="Examples", exact=True)).click()
        page.get_by_role("figure", name="by kept share").wait_for()
        settled(page)
        click(page, place, bins[place])
        page.get_by_role("button", name="Clear selection").click()
        page.get_by_text("Click a bar or a point").wait_for()
        selects(page, None)
        click(page, place, bins[place])
        page.get_by_role("link", name="Show them in Explore").click()
        page.get_by_text(f"Example 1 of {count}").wait_for()
        selects(page, bins[place])


def test_the_paper_s_figures_are_those_of_the_method_page():
    assert reasons.PAPER == {"reasoning": 1.69, "novelty": 13.86, "relevance": 19.33}
    assert (reasons.PAPER_UNION, reasons.PAPER_OVERLAP) == (26.3, 58.3)
