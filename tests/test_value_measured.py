"""What of the return a run and its comparisons have measured, what may be said of it, and the command that says it."""

import csv
import json

import pytest

from tests import comparisons
from tests.commands import refused, told
from xtf import filters, runs
from xtf.comparison.result import result
from xtf.config import Thresholds, settings
from xtf.evaluation.statistics import Difference
from xtf.value import claims, ranges, table
from xtf.value.inputs import inputs
from xtf.value.measured import Compared, compared, finished, measured


@pytest.fixture
def helped(workplace):
    """6 arms of 60 seconds and 800 tokens each; XTF has 5 of 8 right, normal and random 3 of 8."""
    return comparisons.finished("problems", "hostile")


def slower(comparison, strategy, seed, seconds):
    """Lets a finished arm have taken so long."""
    made = next(comparison.trained(arm) for arm in comparison.arms if (arm.strategy, arm.seed) == (strategy, seed))
    lines = [json.loads(line) | {"seconds": seconds} for line in (made.path / "metrics.jsonl").read_text().splitlines()]
    (made.path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_run_without_a_comparison_measures_scoring_and_the_kept_share(workplace):
    manifest = runs.open_run("problems").manifest
    found = measured(manifest, 0.75, None)
    assert set(found) == {"tokens", "score_speed", "kept_share"} and finished(runs.open_run("problems")) == []
    assert found["tokens"].value.likely == manifest.counts["tokens"]
    assert found["score_speed"].value.likely == pytest.approx(manifest.counts["tokens"] / manifest.seconds)
    assert set(measured(manifest, None, None)) == {"tokens", "score_speed"}


def test_a_finished_comparison_measures_times_and_accuracy(helped):
    slower(helped, "xtf", 0, 90.0)
    slower(helped, "normal", 1, 40.0)
    of = compared(helped, result(helped))
    # Seed 0: 90 / 60; seed 1: 60 / 40. Speeds of normal: 800 / 60 and 800 / 40.
    assert of.ratios == [1.5, 1.5] and of.speeds == pytest.approx([800 / 60, 20])
    found = measured(runs.open_run("problems").manifest, 0.75, of)
    assert found["time_by"].value == "ratio" and found["epochs"].value.likely == 1
    speed = found["train_speed"].value
    assert (speed.low, speed.likely, speed.high) == pytest.approx((800 / 60, (800 / 60 + 20) / 2, 20))
    ratio = found["time_ratio"].value
    assert (ratio.low, ratio.likely, ratio.high) == (1.5, 1.5, 1.5)
    assert "where 75.0 % were kept" in found["time_ratio"].told
    # +25 points over four problems is a tie: its interval is the range, and none is likely.
    accuracy, difference = found["accuracy"].value, of.difference("correct", "normal")
    assert difference.value == 0.25 and accuracy.likely == 0
    assert accuracy.low == pytest.approx(100 * min(difference.low, 0)) and accuracy.high == 100 * difference.high
    assert "That is a tie" in found["accuracy"].told


def test_only_finished_comparisons_of_the_same_run_count(helped, workplace):
    comparisons.begun("problems", "hostile", name="unfinished")
    run, other = runs.open_run("problems"), runs.open_run("hostile")
    assert [one.name for one in finished(run)] == ["helped"] and finished(other) == []
    (workplace / "comparisons" / "helped" / "comparison.json").write_text("nonsense")
    assert finished(run) == []


# What may be said.


def of_kind(found, *kinds):
    return " ".join(claim.text for claim in found if claim.kind in kinds)


def against(normal, random=None, seconds=((60.0, 60.0),) * 3, loss=None, budget="raw"):
    """A comparison with these differences in accuracy."""
    known = {("correct", "normal"): normal, ("correct", "random"): random, ("loss", "normal"): loss}
    return Compared("pilot", "XTF", Thresholds(), 0.75, 2, list(seconds), [100.0], "exact match",
                    {key: one for key, one in known.items() if one}, budget)


GAIN = Difference(0.05, 0.02, 0.08, 0.001, 500)
TIE = Difference(0.01, -0.02, 0.04, 0.6, 500)
LOSS = Difference(-0.05, -0.08, -0.02, 0.001, 500)


def said(found, given=(), kept=0.75):
    manifest = runs.Manifest("demo", "id", {}, counts={"tokens": 1000}, seconds=10.0, complete=True)
    made = inputs(measured(manifest, kept, found), dict(given))
    outcome = ranges.outcome(made.settings)
    return [claims.headline(made, outcome), *claims.claims(made, manifest, found, outcome)]


def test_nothing_measured_is_nothing_claimed():
    found = said(None)
    assert "was not measured, so none is counted" in of_kind(found, "open")
    assert "nothing may be claimed of it" in of_kind(found, "open")
    assert "keep 75 % of the response tokens. Fewer trained tokens are not less time" in of_kind(found, "against")
    assert of_kind(found, "carried") == "Scoring is subtracted at the speed that the run demo had: 100 tokens a second."
    assert "costs more than it brings" in found[0].text and found[0].kind == "against"


@pytest.mark.parametrize("seconds, kind, text", [
    ([(60, 45), (60, 48), (60, 51)], "carried", "Filtering saved training time: in the comparison pilot XTF took 0.75 "
                                                "to 0.85 times as long"),
    ([(60, 54), (60, 60), (60, 66)], "against", "Filtering is not shown to save training time"),
    ([(60, 66), (60, 69), (60, 72)], "against", "Filtering saved no training time")])
def test_training_time_is_told_as_it_was_measured(seconds, kind, text):
    assert text in of_kind(said(against(TIE, seconds=seconds)), kind)


def test_times_that_a_budget_gave_are_not_called_a_saving():
    found = said(against(TIE, seconds=[(60, 45), (60, 48), (60, 51)], budget="clock"))
    assert "equal wall clock, not the same passes" in of_kind(found, "open")
    assert "Filtering saved" not in of_kind(found, "carried")


@pytest.mark.parametrize("normal, random, kind, text", [
    (GAIN, GAIN, "carried", "XTF beats normal fine-tuning on exact match: difference +5.0 points"),
    (GAIN, TIE, "against", "That its scores chose the tokens is not shown to matter."),
    (GAIN, LOSS, "against", "Tokens drawn at random did better."),
    (TIE, GAIN, "against", "No gain in accuracy is shown, and none may be claimed."),
    (LOSS, None, "against", "XTF is worse than normal fine-tuning on exact match"),
    (GAIN, None, "open", "XTF was not measured against random at the same share.")])
def test_accuracy_is_told_as_it_was_measured(normal, random, kind, text):
    assert text in of_kind(said(against(normal, random)), kind)


def test_a_worse_loss_is_not_passed_over():
    assert "On held-out loss XTF is worse" in of_kind(said(against(TIE, TIE, loss=GAIN)), "against")
    assert "On held-out loss" not in of_kind(said(against(TIE, TIE, loss=LOSS)), "against", "open", "carried")


def test_a_return_of_assumptions_is_called_one():
    found = said(None, {"cleaning_saved": "0.9", "cleaning_hours": "200", **{"setup_hours": 0, "review_hours": 0}})
    assert found[0].kind == "open" and found[0].text.endswith("What it brings rests on assumptions: data cleaning.")
    assert "that you assume to be saved" in of_kind(found, "open")
    by_time = {"gpu_price": 100, "tokens": 1e9, "setup_hours": 0, "review_hours": 0, "score_speed": 1e6}
    saved = [(60, 45), (60, 48), (60, 51)]
    assert said(against(TIE, TIE, seconds=saved), by_time)[0].kind == "carried"
    assert "rests on assumptions: training time" in said(None, by_time | {"time_ratio": 0.8})[0].text
    assert "that is your assumption, not measured" in of_kind(said(None, {"time_ratio": 0.8}), "open")


def test_few_seeds_and_other_thresholds_are_told():
    found = of_kind(said(against(TIE, TIE, seconds=[(60, 60)]), kept=0.6), "open")
    assert "fewer than 3 seeds" in found and "kept 75.0 %, the thresholds of now keep 60.0 %" in found
    assert "fewer than 3 seeds" not in of_kind(said(against(TIE, TIE)), "open")


# Tables and the command.


def test_the_table_holds_inputs_results_swings_and_sentences():
    one = inputs({}, {"gpu_price": "3", "kept_share": "0.75"})
    outcome = ranges.outcome(one.settings)
    said = [claims.headline(one, outcome)]
    found = table.rows(one, outcome, said)
    assert tuple(found.columns) == table.COLUMNS
    price = found[found["name"] == "gpu_price"].iloc[0]
    assert tuple(price[["low", "likely", "high", "unit", "source"]]) == (3, 3, 3, "USD an hour", "your assumption")
    assert found[found["name"] == "kept_share"].iloc[0]["unit"] == "share"
    net = found[found["name"] == "net"].iloc[0]
    assert (net["low"], net["high"]) == (outcome.net.low, outcome.net.high) and net["told"] == said[0].text
    assert (found["what"] == "swing").sum() == len(outcome.swings)


def test_the_command_says_what_the_library_says(helped, tmp_path):
    out = tmp_path / "value.csv"
    found = told("value", "problems", "--gpu-price", "3", "--accuracy", "-1,0,1", "--novelty-cutoff", "0.5",
                 "--csv", out)
    scored = runs.open_run("problems").table()
    thresholds = settings(Thresholds, {"novelty": {"kind": "cutoff", "value": 0.5}})
    kept = filters.judge(scored, thresholds).keep.sum() / scored.trainable.sum()
    assert found["comparison"] == "helped" and found["inputs"]["kept_share"]["value"]["likely"] == pytest.approx(kept)
    assert found["inputs"]["gpu_price"] == {"value": {"low": 3, "likely": 3, "high": 3}, "unit": "USD an hour",
                                            "kind": "yours", "told": ""}
    assert found["inputs"]["time_ratio"]["kind"] == "measured"
    of = measured(runs.open_run("problems").manifest, float(kept), compared(helped, result(helped)))
    outcome = ranges.outcome(inputs(of, {"gpu_price": "3", "accuracy": "-1,0,1"}).settings)
    assert found["net"] == outcome.net._asdict() and found["claims"][0]["kind"] == "against"
    assert found["roadmap"][0]["title"] == "Discovery and assessment"
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert {row["what"] for row in rows} == {"input", "result", "swing", "sentence"}
    assert told("value", "problems", "--comparison", "none")["comparison"] is None


def test_a_comparison_that_is_not_there_is_told_with_those_that_are(helped):
    assert refused("value", "problems", "--comparison", "x").endswith("choose one of these with --comparison: helped.")
    assert "gpu_price" in refused("value", "problems", "--gpu-price", "1,2")
    assert "There is no run called x" in refused("value", "x")
