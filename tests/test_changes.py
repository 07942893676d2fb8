"""What differs between two thresholds, in words."""

import pytest
from hypothesis import given

from tests.settings import thresholds
from xtf import changes
from xtf.config import PRESETS, ByClass, BySpan, ByType, Cutoff, Fence, Off, Otsu, Quantile, Thresholds

START = Thresholds()


@pytest.mark.parametrize("update, said", [
    ({"novelty": Cutoff(value=0.9)}, "novelty cutoff 0.95 → 0.9"),
    ({"novelty": Cutoff(value=0.123456789)}, "novelty cutoff 0.95 → 0.123456789"),
    ({"novelty": Off()}, "novelty cutoff 0.95 → off"),
    ({"reasoning": Quantile(share=0.02, scope="dataset")}, "reasoning scope example → dataset"),
    ({"reasoning": Quantile(share=0.02, cap=0.1)}, "reasoning cap none → 0.1"),
    ({"relevance": Otsu(classes=5, drop=0)}, "relevance otsu 1 → 0"),
    ({"relevance": Fence(k=1.5, scope="dataset")}, "relevance otsu 1 → fence 1.5, scope dataset"),
    ({"combine": "two"}, "combine any → two"),
    ({"protect_eos": False}, "protect EOS on → off"),
    ({"overrides": (ByClass(action="keep", role="numbers"),)}, "never drop numbers"),
    ({"overrides": (ByType(action="drop", token=7, text=" t\n"),)}, "always drop ␣t⏎ (token 7)"),
    ({"overrides": (BySpan(action="keep", example="e1", start=2, end=4, quote="48"),)}, "never drop “48” in e1"),
    ({"overrides": (BySpan(action="keep", example="e1", start=2, end=4),)}, "never drop characters 2 to 4 in e1"),
    ({"combine": "two", "insist": True, "novelty": Off()},
     "novelty cutoff 0.95 → off, combine any → two and 1 more"),
])
def test_a_change_in_words(update, said):
    assert changes.in_words(changes.between(START, START.model_copy(update=update))) == said


def test_taking_an_override_back_is_told():
    decided = START.model_copy(update={"overrides": (ByClass(action="drop", role="code"),)})
    assert changes.in_words(changes.between(decided, START)) == "no longer always drop code"


@given(thresholds, thresholds)
def test_there_is_a_change_exactly_where_settings_differ(one, other):
    assert bool(changes.between(one, other)) == (one != other)
    assert [change.field for change in changes.between(one, other)] == [
        change.field for change in changes.between(other, one) if "overrides" not in change.field] + [
        change.field for change in changes.between(one, other) if "overrides" in change.field]


def test_presets_differ_in_the_fields_that_the_method_names():
    fields = {change.field for change in changes.between(PRESETS["corrected"][1], PRESETS["paper"][1])}
    assert fields == {"reasoning_score", "reasoning.kind", "protect_eos", "protect_final_answer"}
