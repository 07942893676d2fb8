"""The Thresholds and Export pages run as scripts: what is set, what follows from it, and what is taken away."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.pages import component, dialled, expected, metric, opened, probabilities, rerun, widget
from tests.tables import RESPONSE, saved, table
from xtf import filters, runs
from xtf.config import PRESETS, ByClass, ByType, Cutoff, Off, Otsu, Thresholds
from xtf.figures import dials
from xtf.ui import thresholds_form
from xtf.words import percent


def shown(app):
    return component(app, "now")


def sample(app):
    return component(app, "sample")


def test_moving_the_cutoff_moves_the_kept_share_everywhere(workplace):
    app = opened("pages/thresholds.py")
    middle = round(float(np.median(probabilities())), 4)
    widget(app.number_input, "Already known above p (%)").set_value(100 * middle)
    rerun(app)
    chosen = PRESETS["corrected"][1].model_copy(update={"novelty": Cutoff(value=middle)})
    told, preset = percent(expected(chosen)), expected(PRESETS["corrected"][1])
    assert dialled(app) == told != percent(preset)
    assert shown(app)["against"] == {"name": "corrected", "share": pytest.approx(preset)}
    assert app.query_params["novelty.value"] == str(middle)
    for page in ("app.py", "pages/export.py"):
        app.switch_page(page)
        assert metric(rerun(app), "Kept") == told
    app.switch_page("pages/thresholds.py")
    assert widget(rerun(app).number_input, "Already known above p (%)").value == pytest.approx(100 * middle)
    for button, wanted in (("Undo", percent(preset)), ("Redo", told), ("Reset", percent(preset))):
        widget(app.button, button).click()
        assert dialled(rerun(app)) == wanted
    assert shown(app)["against"] is None


def test_the_page_says_what_the_command_line_says(workplace):
    app = opened("pages/thresholds.py", {"preset": "paper", "novelty.value": "0.002", "combine": "two"})
    done = subprocess.run([sys.executable, "-m", "xtf", "filter", "problems", "--preset", "paper", "--novelty-cutoff",
                           "0.002", "--combine", "two", "--json"], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert shown(app)["now"] == dials.read_outs(told) and shown(app)["trainable"] == told["trainable"]


def test_dials_and_sample_follow_the_same_key_and_the_sample_can_be_stepped_through(workplace):
    app = opened("pages/thresholds.py")
    first = sample(app)
    assert shown(app)["key"] == first["live"]["key"] and first["movable"] and first["editable"]
    widget(app.button, "Next").click()
    second = sample(rerun(app))
    assert second["sample"] != first["sample"] and second["live"]["key"] == first["live"]["key"]
    widget(app.button, "Previous").click()
    assert sample(rerun(app))["sample"] == first["sample"] and widget(app.button, "Previous").disabled


def test_what_is_never_dropped_is_listed_and_taken_back(workplace):
    app = opened("pages/thresholds.py", {"novelty.value": "0"})
    assert app.pills("thresholds.never").value == ["protect_eos", "protect_final_answer"]
    app.pills("thresholds.never").set_value(["protect_eos", "numbers"])
    rerun(app)
    chosen = app.session_state["xtf.thresholds"]
    assert (chosen.protect_eos, chosen.protect_final_answer) == (True, False)
    override, = chosen.overrides
    assert (override.action, override.role) == ("keep", "numbers") and override.created.endswith("+00:00")
    made = runs.open_run("problems").table()
    digits = sum(bool(mark & RESPONSE) and any(sign in "0123456789" for sign in example.text[start:end])
                 for example in map(made.example, range(len(made)))
                 for (start, end), mark in zip(example.spans.tolist(), example.marks.tolist(), strict=True))
    assert any(found.value.startswith(f"{digits} tokens in this run · 20") for found in app.caption)
    assert shown(app)["overruled"] and shown(app)["now"]["spared"] > digits
    widget(app.button, "Remove").click()
    rerun(app)
    assert app.session_state["xtf.thresholds"].overrides == ()
    assert app.pills("thresholds.never").value == ["protect_eos"]


def test_a_class_is_kept_or_dropped_never_both(workplace):
    app = opened("pages/thresholds.py", **{"xtf.thresholds": Thresholds(overrides=(
        ByClass(action="drop", role="numbers"), ByType(action="keep", token=3, text="**x**")))})
    assert any("\\*\\*x" in found.value for found in app.markdown)  # hostile text stays text
    app.pills("thresholds.never").set_value(["numbers"])
    rerun(app)
    assert [(found.by, found.action) for found in app.session_state["xtf.thresholds"].overrides] == [
        ("type", "keep"), ("class", "keep")]


def test_an_uninformative_score_is_told_with_what_insisting_would_do(home):
    """Ten answers of ten tokens, attention the same everywhere: it is no fact that a cutoff of 2 drops all of them."""
    saved("flat", table([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]] * 10, scores={
        "received_mean_adjusted": [[1.0] * 10] * 10, "logprob": [np.log(np.linspace(0.1, 0.9, 10)).tolist()] * 10}))
    chosen = Thresholds(reasoning=Cutoff(value=2.0), relevance=Off())
    app = opened("pages/thresholds.py", **{"xtf.thresholds": chosen})
    told, = (found.value for found in app.warning)
    assert "It drops nothing now; insisting on it would drop 100.0 % of the response tokens (100)" in told
    assert dialled(app) == "100.0 %" and shown(app)["attributes"][0]["grid"] is None
    widget(app.toggle, "Use uninformative scores").set_value(True)
    assert dialled(rerun(app)) == "0.0 %" and "You insist on it: it drops 100.0 %" in app.warning[0].value


def test_every_rule_of_every_attribute_can_be_chosen(workplace):
    app = opened("pages/thresholds.py")
    for attribute in ("reasoning", "novelty", "relevance"):
        for kind in ("otsu", "fence", "quantile", "cutoff", "off"):
            app.selectbox(f"thresholds.{attribute}.kind").set_value(kind)
            rerun(app)
            assert not app.error, (attribute, kind)
            assert app.session_state["xtf.thresholds"].model_dump()[attribute]["kind"] == kind
    assert dialled(app) == "100.0 %"


def test_fewer_clusters_never_leave_an_impossible_one_chosen(workplace):
    app = opened("pages/thresholds.py", {"relevance.drop": "4"})
    widget(app.number_input, "Clusters").set_value(3)
    rerun(app)
    assert app.session_state["xtf.thresholds"].relevance == Otsu(classes=3, drop=2)


def test_impossible_settings_are_told_and_can_be_mended(workplace):
    app = opened("pages/thresholds.py", {"reasoning_score": "received_list"})
    assert len(app.error) == 1 and not app.exception and shown(app) is None
    widget(app.button, "Reset").click()
    assert not rerun(app).error and shown(app)


def test_a_fixed_cutoff_starts_at_the_lowest_two_in_a_hundred():
    values = np.arange(1, 102, dtype=np.float32)  # its 2 % quantile is 3
    made = table([[1] * 101], scores={"received_mean_adjusted": [values.tolist()], "logprob": [[-1.0] * 101]})
    verdicts = filters.judge(made, Thresholds(relevance=Off()))
    assert thresholds_form.started("reasoning", "cutoff", verdicts.attributes["reasoning"].values) == Cutoff(value=3.0)
