"""What a comparison's table and verdict say, against figures worked out by hand from small evaluations."""

import numpy as np
import pytest

from tests import comparisons
from tests.comparisons import ARMS
from xtf.comparison import table, verdict
from xtf.comparison.metrics import METRICS
from xtf.comparison.result import result
from xtf.evaluation.statistics import Difference, holm


@pytest.fixture
def helped(workplace):
    return comparisons.finished("problems", "hostile")


def test_the_table_holds_what_the_evaluations_hold(helped):
    found = result(helped)
    assert found.done and found.metric == "correct" and found.task == "maths"
    assert (found.examples, found.marked, found.tokens) == (4, 4, 100)
    base, normal, xtf, _ = found.rows
    assert [row.name for row in found.rows] == ["base", "normal", "xtf", "random"]
    # 1 of 4; 3 of 8; 5 of 8; 3 of 8
    assert [row.figures["correct"].estimate.value for row in found.rows] == [0.25, 0.375, 0.625, 0.375]
    assert xtf.figures["correct"].seeds == [0.75, 0.5]
    # Each example weighs by its tokens: (10·0.9 + 20·1.0 + 30·1.1 + 40·1.2) / 100 = 1.1.
    assert [row.figures["loss"].estimate.value for row in found.rows] == pytest.approx([2.0, 1.1, 1.1, 1.0])
    assert normal.figures["loss"].seeds == pytest.approx([1.0, 1.2])
    assert [row.figures["loss_kept"].estimate.value for row in found.rows] == pytest.approx(
        [2.75, 1.4, 0.975, 1.225])
    # XTF has 110 nats over all 100 tokens and 39 over 40 kept ones: 71 nats over 60 dropped ones.
    assert xtf.figures["loss_dropped"].estimate.value == pytest.approx(71 / 60)
    assert (xtf.trained, xtf.share, xtf.seconds, xtf.memory) == (750, 0.75, 60.0, 2e9)
    assert (xtf.preparation, normal.preparation, xtf.epochs, base.preparation) == (12.0, 0.0, 1.0, None)
    assert base.trained is None and base.wanted == 1


def test_differences_are_paired_by_seed_and_item(helped):
    xtf, base = result(helped).row("xtf"), result(helped).row("base")
    assert xtf.figures["correct"].against["normal"].value == 0.25
    assert xtf.figures["loss"].against["normal"].value == pytest.approx(0.0, abs=1e-12)
    assert xtf.figures["loss"].against["random"].value == pytest.approx(0.1)
    assert base.figures["correct"].against["random"].value == -0.125  # its one evaluation stands for each seed
    assert set(base.figures["loss"].against) == {"normal", "random"}


def test_forgetting_is_the_loss_on_unrelated_text_against_the_base_model(helped):
    found = result(helped)
    base, normal, xtf, random = (row.figures["unrelated"] for row in found.rows)
    # Random: (10·3.0 + 10·3.2 + 20·3.1) / 40 = 3.1; the base model's one evaluation stands for each seed.
    assert [one.estimate.value for one in (base, normal, xtf, random)] == pytest.approx([3.0, 3.1, 3.4, 3.1])
    assert xtf.against["base"].value == pytest.approx(0.4) and xtf.against["normal"].value == pytest.approx(0.3)
    assert xtf.against["base"].n == 3 and "base" not in base.against
    told = verdict.verdict(found).sentences
    said = next(sentence for sentence in told if "unrelated" in sentence)  # three passages are too few to show it
    assert said.startswith("XTF shows no forgetting of unrelated text: difference +0.4000 nats a token, 95 % interval "
                           "+0.4000 to +0.4000, p = 0.2") and "adjusted" in said
    assert table.cells(found)[2][table.AGAINST_BASE].startswith("+0.4000 [")


def test_evaluations_of_before_have_no_forgetting_and_say_so(helped):
    arm = helped.arms[2]
    comparisons.evaluate(helped, helped.trained(arm).evaluation("hostile"), arm.name, ARMS[arm.strategy, arm.seed])
    found = result(helped)
    assert "unrelated" not in found.row("random").figures and "random" not in found.row("xtf").figures[
        "unrelated"].against
    assert table.missing(found) == ["Random, Forgetting: loss on unrelated text (nats): it was evaluated before XTF "
                                    "measured this, so evaluate again under another name."]


def test_p_is_adjusted_over_all_strategies_and_both_controls(helped):
    found = result(helped)
    xtf, random = (found.row(name).figures["loss"].against for name in ("xtf", "random"))
    p = [xtf["normal"].p, xtf["random"].p, random["normal"].p]
    assert [xtf["normal"].adjusted, xtf["random"].adjusted, random["normal"].adjusted] == pytest.approx(holm(p))
    assert found.row("normal").figures["loss"].against["random"].adjusted == random["normal"].adjusted
    numbers = table.numbers(found).set_index("strategy")
    assert numbers.loc["xtf", "loss_minus_random_p_holm"] == xtf["random"].adjusted


def test_only_seeds_that_both_have_are_paired(workplace):
    values = {key: value for key, value in ARMS.items() if key != ("random", 0)}
    found = result(comparisons.finished("problems", "hostile", values))
    assert not found.done and found.row("random").seeds == (1,)
    assert found.row("xtf").figures["correct"].against["random"].value == 0.0  # seed 1 alone: 2 of 4 and 2 of 4
    assert found.row("xtf").figures["correct"].against["normal"].value == 0.25


def test_a_comparison_that_has_only_begun_has_rows_without_figures(workplace):
    found = result(comparisons.begun("problems", "hostile"))
    assert [row.figures for row in found.rows] == [{}] * 4 and verdict.verdict(found).headline == ""
    assert [state.state for state in found.arms] == ["waiting"] * 6
    assert table.cells(found)[1]["trained tokens"] == table.NOTHING


def test_evaluations_of_something_else_do_not_count(helped):
    arm = helped.arms[0]
    comparisons.evaluate(comparisons.begun("problems", "hostile", name="other", task="none"),
                         helped.trained(arm).evaluation("hostile"), arm.name, ARMS["normal", 0])
    assert result(helped).row("normal").seeds == (1,)


def many(rate, drawn, items=200):
    """Values of so many items that are right with that probability, loss 1."""
    right = (np.random.default_rng(drawn).random(items) < rate).astype(int).tolist()
    return (1.0,) * items, (1.0,) * items, right


@pytest.mark.parametrize("rates, headline", [
    ((0.3, 0.8, 0.3), "XTF helped: it beats both normal fine-tuning and random"),
    ((0.3, 0.8, 0.8), "XTF beats normal fine-tuning but ties with random at the same share"),
    ((0.5, 0.5, 0.5), "no difference is shown: XTF ties with normal fine-tuning and with random"),
    ((0.8, 0.3, 0.8), "XTF did not help: it is worse than both"),
    ((0.8, 0.5, 0.2), "XTF did not help: it beats random at the same share but is worse than normal")])
def test_the_verdict_says_what_the_figures_say(rates, headline, workplace):
    # The last two of a strategy's seeds are drawn alike, so that equal rates differ by chance only.
    values = {(name, seed): many(rate, 10 * seed + place) for seed in range(2) for place, (name, rate) in enumerate(
        zip(("normal", "xtf", "random"), rates, strict=True))}
    told = verdict.verdict(result(comparisons.finished("problems", "hostile", values, many(0.1, 99))))
    assert told.headline.removeprefix("By exact match: ").startswith(headline)
    assert "200 held-out problems and 2 seeds of each strategy; a difference below about" in told.sentences[-1]


def test_a_tie_is_told_in_words_with_its_interval_and_p():
    found = Difference(value=0.007, low=-0.021, high=0.035, p=0.61, n=200)
    assert verdict.told(found, METRICS["correct"]) == \
        "difference +0.7 points, 95 % interval −2.1 to +3.5, p = 0.61"
    assert verdict.sign(found, METRICS["correct"]) == 0
    few = Difference(value=0.002, low=0.0001, high=0.0034, p=0.18, n=5)
    assert verdict.sign(few, METRICS["loss"]) == 0  # of few examples the interval is too narrow
    better = Difference(value=-0.01, low=-0.02, high=-0.001, p=0.0004, n=200)
    assert verdict.sign(better, METRICS["loss"]) == 1 and verdict.sign(better, METRICS["correct"]) == -1
    assert verdict.told(better, METRICS["loss"]).endswith("−0.0200 to −0.0010, p < 0.001")


def test_without_marked_answers_the_loss_decides(workplace):
    values = {key: (*nats, [None] * 4) for key, (*nats, _) in ARMS.items()}
    found = result(comparisons.finished("problems", "hostile", values, (*comparisons.BASE[:2], [None] * 4), "none"))
    assert found.metric == "loss" and "correct" not in found.row("xtf").figures
    assert "on held-out loss" in verdict.verdict(found).sentences[0]


def test_strategies_that_answer_all_alike_show_nothing(workplace):
    values = {key: (*nats, [0] * 4) for key, (*nats, _) in ARMS.items()}
    found = result(comparisons.finished("problems", "hostile", values))
    assert found.row("xtf").figures["correct"].estimate.high == pytest.approx(0.4899, abs=1e-4)  # Wilson's, 0 of 4
    told = verdict.verdict(found)
    assert told.headline.startswith("By exact match: no difference is shown")
    assert told.sentences[-1].endswith("all came out alike on them, so how large a difference would be seen is not "
                                       "known.")


def test_random_tokens_at_a_share_of_their_own_are_put_to_no_test(workplace):
    names = ("normal", "random-60", "stm")
    made = comparisons.finished("problems", "hostile", {(name, 0): many(rate, seed) for name, rate, seed in zip(
        names, (0.3, 0.8, 0.9), (1, 2, 3), strict=True)}, many(0.1, 99), seeds=1, strategies=names)
    told = verdict.verdict(result(made))
    assert told.headline == ("By exact match: STM beats normal fine-tuning; against random at the same share it was "
                             "not measured.")
    assert len(told.signs) == 1 and not any("Random 60 %" in sentence for sentence in told.sentences)
    assert result(made).row("random-60").figures["correct"].against["normal"].adjusted < 0.05  # in the table it is


def test_what_fails_is_told_where_its_cell_is_missing(workplace):
    values = {key: value for key, value in ARMS.items() if key != ("xtf", 1)}
    made = comparisons.finished("problems", "hostile", values)
    made.note(failures={"helped-xtf-s1": "The disk is full."})
    found = result(made)
    assert found.row("xtf").missing == ["XTF, seed 1: The disk is full."]
    assert [state.state for state in found.arms if state.arm.name == "helped-xtf-s1"] == ["failed"]
    assert "The disk is full." in table.numbers(found)["missing"].tolist()[2]


def test_tables_for_people_and_for_spreadsheets(helped):
    found = result(helped)
    row = table.cells(found)[2]
    assert row["strategy"] == "XTF" and row["seeds"] == "2 of 2" and row["trained tokens"] == "750 (75.0 %)"
    assert row["training"] == "1 min 0 s" and row["memory"] == "2.0 GB"
    assert (row["preparation"], row["together"]) == ("12 s", "1 min 12 s") and "passes" not in row
    assert row["against normal"].startswith("+25.0 [")
    numbers = table.numbers(found).set_index("strategy")
    assert numbers.loc["xtf", "correct_minus_normal"] == 0.25 and numbers.loc["base", "correct"] == 0.25
    items = table.items(helped)
    assert len(items) == 4 * 7 and set(items["strategy"]) == {"base", "normal", "xtf", "random"}
    plain = table.as_json(found)
    assert plain["done"] and plain["rows"][2]["figures"]["correct"]["against"]["normal"]["value"] == 0.25
