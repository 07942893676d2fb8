"""The Disagreement page run as a script: strategies, matrix, maps, tokens, one sample; what is missing is told."""

import json

import numpy as np
import pytest

from tests.pages import component, listed, opened, rerun, widget
from tests.scored import HOSTILE
from tests.tables import PROMPT, RESPONSE, saved, table
from xtf import disagreement, runs
from xtf.comparison import seen
from xtf.config import PRESETS, Stm
from xtf.figures import disagreement as figures
from xtf.figures.drawing import alt
from xtf.words import escaped

PAGE = "pages/disagreement.py"
CORRECTED = PRESETS["corrected"][1]
PARTS = ("Agreement", "p and entropy", "Tokens", "One sample")


def part(app, name):
    widget(app.segmented_control, "Look at").set_value(name)
    return rerun(app)


def choose(app, *names):
    widget(app.multiselect, "Strategies").set_value(list(names))
    return rerun(app)


def views(*names, name="problems", base=CORRECTED):
    return seen.all_seen(runs.open_run(name).table(), names, base)[0]


def charts(app):
    return [json.loads(found.proto.spec) for found in app.get("plotly_chart")]


def drawn(app):
    """The sentences that charts hand to screen readers."""
    return [spec["layout"]["meta"]["alt"] for spec in charts(app)]


def told(app):
    return " ".join(one.value for kind in (app.markdown, app.info, app.warning, app.caption) for one in kind)


def test_it_begins_with_what_the_run_can_be_judged_by(workplace):
    app = opened(PAGE)
    assert not app.exception and not app.error
    assert widget(app.multiselect, "Strategies").value == list(seen.ALWAYS)
    assert "5 more can be compared" in app.expander[0].label
    assert escaped("xtf prepare problems --strategy token-cleaning") in told(app)
    found = disagreement.agreement(runs.open_run("problems").table(), views(*seen.ALWAYS))
    assert drawn(app) == [alt(figures.matrix(found, "kappa"))]
    assert app.dataframe[0].value["kept"].tolist() == pytest.approx((100 * found.kept_shares).tolist())


@pytest.mark.parametrize("measure", figures.MEASURES)
def test_each_measure_is_drawn_and_told(measure, workplace):
    app = opened(PAGE)
    widget(app.segmented_control, "Measure").set_value(measure)
    found = disagreement.agreement(runs.open_run("problems").table(), views(*seen.ALWAYS))
    assert drawn(rerun(app)) == [alt(figures.matrix(found, measure))]
    assert app.dataframe[1].value.equals(disagreement.pairs(found))


def test_what_cannot_be_used_is_left_out_with_its_reason(workplace):
    app = choose(opened(PAGE), "xtf", "stm", "slm", "xtf-kn")
    assert "**Selective LM \\(Rho\\-1\\)** is left out" in app.warning[0].value
    assert escaped("xtf prepare problems --strategy slm") in app.warning[0].value
    assert app.dataframe[0].value["title"].tolist() == ["XTF", "STM", "XTF (KN only)"]
    app = choose(app, "xtf", "slm")
    assert "at least two" in app.info[0].value and not app.exception
    assert "at least two" in choose(app).info[0].value


def test_the_maps_say_who_disagrees_about_p(workplace):
    app = part(choose(opened(PAGE), "xtf-kn", "stm", "dft"), "p and entropy")
    chosen, scored = views("stm", "dft", "xtf-kn"), runs.open_run("problems").table()
    rows = disagreement.by_p(scored, chosen)
    assert all(escaped(sentence) in told(app) for sentence in disagreement.about_p(rows))
    assert app.dataframe[0].value["r"].tolist() == pytest.approx(rows["r"].tolist(), nan_ok=True)
    assert drawn(app) == [alt(figures.maps(disagreement.regions(scored, chosen), chosen))]
    titles = [one["text"] for one in charts(app)[0]["layout"]["annotations"]]
    assert titles == ["All response tokens", "STM", "DFT: 1 − weight", "XTF (KN only)"]


def test_token_types_and_their_tokens(workplace):
    app = part(opened(PAGE), "Tokens")
    chosen, scored = views(*seen.ALWAYS), runs.open_run("problems").table()
    types = disagreement.types(scored, chosen)
    assert listed(app) == types[types["differ"] > 0]["id"].tolist()
    widget(app.button, "Next").click()
    rerun(app)
    second = int(types["id"][1])
    contexts = app.dataframe[1].value
    found = disagreement.tokens(scored, chosen, 20, second)
    assert contexts["id"].tolist() == [one.id for one in found]
    assert (contexts["stm"] == "✕ drops").tolist() == [one.drops["stm"] for one in found]
    assert contexts["open"][0].startswith("explore?run=problems&example=")
    widget(app.segmented_control, "Tokens").set_value("Of all tokens")
    rerun(app)
    assert app.dataframe[1].value["id"].tolist() == [one.id for one in disagreement.tokens(scored, chosen, 20)]


def test_one_sample_shows_each_token_with_every_verdict(workplace):
    app = part(opened(PAGE), "One sample")
    chosen, scored = views(*seen.ALWAYS), runs.open_run("problems").table()
    order = np.argsort(-disagreement.examples(scored, chosen)["mean"].to_numpy(), kind="stable")
    assert listed(app) == [scored.example_ids[index] for index in order]
    index = int(order[0])
    given, taken = component(app, "tokens"), disagreement.sample(scored, chosen, index)
    trained = np.flatnonzero(scored.example(index).trainable)
    assert given["names"] == ["XTF", "Random", "DF (perplexity)", "STM", "EAFT", "Entropy"]
    assert [one["taken"] for one in given["tokens"] if one["trained"]] == [
        "".join("9" if gone else "0" for gone in taken[:, place]) for place in trained]
    text = "".join(one["text"] for one in given["tokens"]).replace("⏎", "\n").replace("␣", " ")
    example = scored.example(index)
    assert text.startswith(example.text[example.spans[trained[0], 0]:example.spans[trained[-2], 1]])
    widget(app.button, "Next").click()
    assert rerun(app).session_state["xtf.example"] == scored.example_ids[int(order[1])]
    assert scored.example_ids[int(order[1])] in component(app, "tokens")["label"]
    app.switch_page("pages/explore.py").run()
    assert app.session_state["xtf.example"] == scored.example_ids[int(order[1])]


def test_links_lead_to_explore_judged_by_that_strategy(workplace):
    app = part(opened(PAGE), "One sample")
    shown = next(one.value for one in app.dataframe if "share" in one.value)
    address = shown["open"][shown["title"].tolist().index("STM")]
    query = dict(pair.split("=") for pair in address.partition("?")[2].split("&"))
    app = opened("pages/explore.py", query)
    assert app.session_state["xtf.thresholds"].strategy == Stm() and not app.error


def test_thresholds_of_the_present_strategy_are_used(workplace):
    base = CORRECTED.model_copy(update={"strategy": Stm(cutoff=0.1)})
    app = choose(opened(PAGE, **{"xtf.thresholds": base}), "xtf", "stm")
    expected = disagreement.agreement(runs.open_run("problems").table(), views("xtf", "stm", base=base))
    other = disagreement.agreement(runs.open_run("problems").table(), views("xtf", "stm"))
    assert drawn(app) == [alt(figures.matrix(expected, "kappa"))] != [alt(figures.matrix(other, "kappa"))]


def test_empty_states_say_what_to_do(home):
    saved("bare", table([[1, 2, 3]], [[PROMPT, RESPONSE, RESPONSE]], {"logprob": [[np.nan, -1, -2]]}))
    app = opened(PAGE)
    assert [warning.value.split("**")[1] for warning in app.warning] == ["EAFT", "Entropy"]
    assert "no entropies" in part(app, "p and entropy").info[0].value
    for name in PARTS:
        assert not part(app, name).exception and not app.error
    assert "by chance: choose two strategies" in choose(part(app, "Tokens"), "random", "stm").info[0].value
    assert "agree on every token" in choose(app, "normal", "dft").info[0].value
    saved("silent", table([[1, 2]], [[PROMPT, PROMPT]]))
    app = opened(PAGE, {"run": "silent"})
    assert "no response tokens" in app.info[0].value and not app.exception


@pytest.mark.parametrize("name", PARTS)
def test_hostile_text_is_shown_as_itself(name, workplace):
    app = part(opened(PAGE, {"run": "hostile"}), name)
    assert not app.exception and not app.error
    for element in [*app.markdown, *app.caption]:
        assert "<script>" not in element.value.replace("\\<script\\>", "")
    if name == "One sample":
        given = component(app, "tokens")
        text = "".join(one["text"] for one in given["tokens"]).replace("␣", " ").replace("·", "")
        assert HOSTILE.replace("\u202e", "‹202E›").replace("\t", "⇥") in text and "\u202e" not in text


def test_the_chosen_strategies_are_in_the_link(workplace):
    app = opened(PAGE)
    assert "strategies" not in app.query_params  # those that a run begins with
    choose(app, "stm", "xtf")
    assert app.query_params["strategies"] == "stm,xtf"
    other = opened(PAGE, {"run": "problems", "strategies": "stm,xtf,gone"})  # in the order of the list, what there is
    assert widget(other.multiselect, "Strategies").value == ["xtf", "stm"] and not other.exception
    assert drawn(other) == drawn(app)
