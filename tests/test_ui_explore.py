"""The Explore page run as a script: filters, order, steps. The run is real, the model tiny."""

import re

import numpy as np
import pytest

from tests.pages import listed, opened, rerun, widget
from tests.scored import HOSTILE
from xtf import explain, filters, picks, runs, search, stats
from xtf.config import PRESETS
from xtf.ui import explore, listing
from xtf.ui.measures import MEASURES, scale, told
from xtf.words import escaped

EXPLORE = "pages/explore.py"
CORRECTED = PRESETS["corrected"][1]


def examples(name="problems"):
    table = runs.open_run(name).table()
    return stats.by_example(table, filters.judge(table, CORRECTED))


def chips(app):
    return [button.label for button in app.button if (button.key or "").startswith("explore.chip.")]


def moved(app, name, low, high):
    """Moves the handles of a filter to where shown values lie."""
    slider = widget(app.slider, MEASURES[name].label)
    slider.set_value((slider.min if low is None else low, slider.max if high is None else high))
    return rerun(app)


def test_orders_are_the_sorted_columns(workplace):
    app = opened(EXPLORE)
    for name, falling in (("loss", False), ("loss", True), ("mean_relevance", True), ("tokens", False)):
        wanted = examples().sort_values(name, ascending=not falling, kind="stable")["id"].tolist()
        widget(app.selectbox, "Order").set_value(name)
        app.segmented_control(key="explore.falling").set_value(falling)
        rerun(app)
        assert listed(app) == wanted
        assert name in app.dataframe[0].value.columns
        assert app.session_state["xtf.example"] == wanted[0]  # a new order begins with its first


def test_every_range_filters_by_what_is_shown(workplace):
    found = examples()
    app = opened(EXPLORE)
    for name, measure in MEASURES.items():
        widget(app.button, "Clear all").click() if chips(app) else None
        rerun(app)
        values = measure.shown(found[name].to_numpy())
        (low, high), step = scale(measure, found[name].to_numpy())
        if low == high:
            assert widget(app.slider, measure.label).disabled
            continue
        middle = round(low + step * max(1, round(float(np.median(values) - low) / step)), 6)
        wanted = [id_ for id_, value in zip(found["id"], values, strict=True) if value >= middle]
        moved(app, name, middle, None)
        assert listed(app) == wanted and len(wanted) > 0, name
        assert chips(app) == [escaped(told(measure, middle, None))]


def test_filters_combine_and_each_is_a_chip_to_click_away(workplace):
    found = examples()
    shares, lengths = 100 * found["kept_share"], found["tokens"]
    least, longest = float(np.floor(np.sort(shares)[2])), int(np.sort(lengths)[4])
    app = moved(opened(EXPLORE), "kept_share", least, None)
    app = moved(app, "tokens", None, longest)
    assert listed(app) == found["id"][(shares >= least) & (lengths <= longest)].tolist()
    widget(app.button, escaped(told(MEASURES["kept_share"], least, None))).click()
    assert listed(rerun(app)) == found["id"][lengths <= longest].tolist()
    assert chips(app) == [escaped(told(MEASURES["tokens"], None, longest))]
    widget(app.button, "Clear all").click()
    assert listed(rerun(app)) == found["id"].tolist() and chips(app) == []


def test_filters_outlive_the_page_and_not_the_run(workplace):
    lengths = examples()["tokens"]
    app = moved(opened(EXPLORE), "tokens", int(np.sort(lengths)[2]), None)
    few = listed(app)
    app.text_input("explore.query").set_value("e")
    rerun(app)
    app.switch_page("pages/export.py").run()
    app.switch_page(EXPLORE).run()
    assert listed(app) == few and len(chips(app)) == 2
    widget(app.sidebar.selectbox, "Run").set_value("hostile")
    assert chips(rerun(app)) == ["Text holds “e”"]


def test_a_pattern_is_searched_for_and_a_bad_one_is_told(workplace):
    table = runs.open_run("problems").table()
    pattern = r"\b[A-M]\w+ "
    wanted = [id_ for id_, text in zip(table.example_ids, table.texts(), strict=True) if re.search(pattern, text)]
    app = opened(EXPLORE)
    app.text_input("explore.query").set_value(pattern)
    app.toggle("explore.regex").set_value(True)
    assert listed(rerun(app)) == wanted
    app.text_input("explore.query").set_value("(oops")
    assert len(rerun(app).error) == 1 and "at character 6" in app.error[0].value
    assert len(listed(app)) == 6 and chips(app) == []


def test_a_search_out_of_time_says_how_far_it_came(workplace, monkeypatch):
    monkeypatch.setattr(search.regex, "__defaults__", (0.0,))
    app = opened(EXPLORE)
    app.text_input("explore.query").set_value("[a-b]")
    app.toggle("explore.regex").set_value(True)
    assert rerun(app).warning[0].value.startswith("Searched the first 0 of 6 examples;")


def test_only_examples_with_what_was_selected_are_listed_with_their_matches(workplace):
    table = runs.open_run("problems").table()
    matches = picks.matching(table, filters.judge(table, CORRECTED), "role:numbers:dropped")
    app = opened(EXPLORE, {"run": "problems", "pick": "role:numbers:dropped"})
    assert listed(app) == np.array(table.example_ids)[matches > 0].tolist()
    assert app.dataframe[0].value["matches"].tolist() == matches[matches > 0].tolist()
    widget(app.selectbox, "Order").set_value("matches")
    app.segmented_control(key="explore.falling").set_value(True)
    assert rerun(app).dataframe[0].value["matches"].is_monotonic_decreasing
    widget(app.button, "With tokens of the class numbers that are dropped").click()
    assert len(listed(rerun(app))) == 6 and "pick" not in app.query_params
    assert widget(app.selectbox, "Order").value == "index"  # there are no matches to order by any more


def test_a_selection_that_means_nothing_is_told_once(workplace):
    app = opened(EXPLORE, {"run": "problems", "pick": "<script>"})
    assert len(app.error) == 1 and len(listed(app)) == 6
    assert not rerun(app).error


def test_where_nothing_fits_the_filter_to_relax_is_named(workplace):
    lengths = examples()["tokens"]
    app = moved(opened(EXPLORE), "tokens", int(lengths.max()), None)
    there = len(listed(app))
    app.text_input("explore.query").set_value("nowhere to be found")
    assert rerun(app).info[0].value == escaped(
        f"No example fits. Without “Text holds “nowhere to be found”” there would be {there}.").replace(
        "No example fits\\.", "No example fits.")
    assert not app.dataframe


def test_an_example_of_a_link_is_shown_although_it_does_not_pass(workplace):
    table = runs.open_run("problems").table()
    app = opened(EXPLORE)
    app.text_input("explore.query").set_value(str(table.example_ids[2]))
    rerun(app)
    assert app.session_state["xtf.example"] == table.example_ids[2]  # new filters lead to the first that passes
    app.session_state["xtf.example"] = table.example_ids[4]
    assert "does not pass" in " ".join(caption.value for caption in rerun(app).caption)
    assert app.session_state["xtf.example"] == table.example_ids[4]
    widget(app.button, "Next").click()
    assert rerun(app).session_state["xtf.example"] == table.example_ids[2]


def test_first_last_and_steps(workplace):
    ids = list(runs.open_run("problems").table().example_ids)
    app = opened(EXPLORE)
    for label, wanted in (("Last", 5), ("Previous", 4), ("Next", 5), ("First", 0), ("Next", 1)):
        widget(app.button, label).click()
        assert rerun(app).session_state["xtf.example"] == ids[wanted]
    assert not any(widget(app.button, label).disabled for label in ("First", "Previous", "Next", "Last"))


def test_the_list_holds_the_rows_around_the_example(workplace, monkeypatch):
    monkeypatch.setattr("xtf.ui.samples.LONGEST", 4)
    ids = list(runs.open_run("problems").table().example_ids)
    app = opened(EXPLORE, {"run": "problems", "example": ids[5]})
    assert listed(app) == ids[4:]
    assert "the list shows 5 to 6" in " ".join(caption.value for caption in app.caption)
    key = next(key for key in dict(app.session_state) if key.startswith("examples-"))
    assert app.session_state[key]["selection"]["rows"] == [1]


def test_a_selection_is_of_an_example_and_not_of_a_place(workplace):
    """A positional selection must not outlive the order that it was made in."""
    def selected(app):
        return {key: app.session_state[key]["selection"]["rows"] for key in dict(app.session_state)
                if key.startswith("examples-")}

    ids = list(runs.open_run("problems").table().example_ids)
    app = opened(EXPLORE, {"run": "problems", "example": ids[2]})
    before, = selected(app).items()
    assert before[1] == [2]
    widget(app.selectbox, "Order").set_value("tokens")
    rerun(app)
    after = selected(app)
    after.pop(before[0], None)
    assert list(after.values()) == [[0]]


def test_search_finds_text_and_ids_whatever_the_case(workplace):
    found = runs.open_run("hostile").table()
    assert search.plain(found, "<SCRIPT>").examples.tolist() == [0, 1, 2]
    assert search.plain(found, "1 <script>").examples.tolist() == [1]


def test_several_presses_at_once_are_so_many_steps():
    seen = [3]
    for label in ("Next", "Next", "Last", "Previous", "First", "Previous"):
        listing._step(label, 9, lambda: seen[-1], seen.append)
    assert seen == [3, 4, 5, 9, 8, 0, 0]
    listing._step("Next", 9, lambda: None, seen.append)
    assert seen[-1] == 0


def test_the_example_is_told_in_a_sentence_and_in_numbers(workplace):
    table = runs.open_run("problems").table()
    verdicts = filters.judge(table, CORRECTED)
    row = examples().iloc[3]
    app = opened(EXPLORE, {"run": "problems", "example": row["id"]})
    said = " ".join(markdown.value for markdown in app.markdown)
    assert f"**{escaped(explain.summary_sentence(table, verdicts, 3))}**" in said
    told = " ".join(caption.value for caption in app.caption)
    assert f"Kept {row['kept']} of {row['trainable']} response tokens" in told
    assert f"loss {row['loss']:.3f} nats" in told and f"perplexity {row['perplexity']:.4g}" in told


def test_hostile_searches_are_shown_as_themselves(workplace):
    app = opened(EXPLORE, {"run": "hostile"})
    app.text_input("explore.query").set_value(HOSTILE[:40])
    rerun(app)
    assert len(listed(app)) == 3
    assert chips(app) == [escaped(f"Text holds “{HOSTILE[:39]}…”")] or chips(app) == [
        escaped(f"Text holds “{HOSTILE[:40].strip()}”")]
    assert "<script>" not in chips(app)[0].replace("\\<script\\>", "")


@pytest.mark.parametrize("values, ends, step", [
    ([0.1234, 0.8765], (12.3, 87.7), 0.1), ([0.5, 0.5], (50.0, 50.0), 1.0), ([np.nan, np.nan], (0.0, 0.0), 1.0)])
def test_a_slider_ends_at_round_numbers_around_the_data(values, ends, step):
    found, by = scale(MEASURES["kept_share"], np.array(values))
    assert found == pytest.approx(ends) and by == pytest.approx(step)


def test_counts_have_whole_ends():
    assert scale(MEASURES["tokens"], np.array([3, 1000, 17])) == ((3.0, 1000.0), 1.0)


@pytest.mark.parametrize("most, live", [(10_000_000, True), (1, False)])
def test_the_legend_of_a_very_large_run_stands_still(most, live, workplace, monkeypatch):
    seen = []
    shown = explore.token_view
    monkeypatch.setattr(explore, "LIVE", most)
    monkeypatch.setattr(explore, "token_view", lambda payload, **options: (
        seen.append((payload["live"] is not None, options["moved"] is not None)), shown(payload, **options))[1])
    assert not opened(EXPLORE, {"run": "problems"}).exception
    assert seen[-1] == (live, live)
