"""The checks before an export, one by one: what they say of made-up rows, and that their fixes mend it."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tests.preflights import HALF, MANIFEST, MARKS, look, mended, rows
from tests.random_tables import random_table, random_thresholds
from tests.tables import FINAL, RESPONSE, table
from xtf import filters, preflight
from xtf.columns import Mark
from xtf.config import ByClass, BySpan, ByType, Check, Cutoff, ExportSettings, Off, Quantile
from xtf.errors import SettingsError
from xtf.store import Manifest

FINE = rows("ppkdkE", "pkkdE", "pkdE")


def told(finding):
    return finding.level, finding.sentence, finding.examples.tolist()


def test_there_is_one_finding_for_each_check_and_nothing_to_say_of_good_rows():
    found = look(FINE)
    assert tuple(found) == tuple(preflight.CHECKS) == get_args(Check)
    assert {finding.level for finding in found.values()} == {"good"}
    assert all(finding.sentence.endswith(".") and finding.sentence.count(". ") == 0 for finding in found.values())


def test_rows_without_a_kept_token_are_left_out():
    scores = rows("pkE", "pde", "pdd", "pkdE")
    assert told(look(scores)["empty"]) == ("stop", "2 of 4 rows keep no token and give no gradient.", [1, 2])
    assert mended(scores, "empty").level == "good"
    assert look(scores)["empty"].fix.flags == "--drop-empty"


def test_dropped_ends_stop_where_fewer_than_half_are_trained():
    half = rows("pkE", "pkE", "pke", "pke")  # 2 of 4
    fewer = rows("pkE", "pke", "pke")  # 1 of 3
    assert told(look(half)["eos"]) == (
        "note", "2 of 4 end-of-turn tokens are dropped: a model tuned on this may not stop.", [2, 3])
    assert told(look(fewer)["eos"]) == (
        "stop", "2 of 3 end-of-turn tokens are dropped: a model tuned on this may not stop.", [1, 2])
    assert mended(half, "eos").level == mended(fewer, "eos").level == "good"
    assert look(fewer)["eos"].fix.flags == "--protect-eos"


def test_ends_that_are_cut_off_count_as_not_trained():
    assert told(look(rows("pkE", "pkE", "pk"))["eos"]) == (
        "note", "1 of 3 rows have no end-of-turn token, because their end was cut off or is not a response.", [2])
    assert look(rows("pkE", "pk", "pk"))["eos"].level == "stop"


def test_a_run_without_ends_is_scored_again():
    unmarked = look(rows("pk", "pkd"), manifest=Manifest("it", "1", {"data": "demo", "eos": False}))["eos"]
    assert told(unmarked) == (
        "stop", "No row has an end-of-turn token to train: a model tuned on this may not stop.", [0, 1])
    assert (unmarked.fix.target, unmarked.fix.change, unmarked.fix.flags) == ("score", {"eos": True}, "--eos")
    assert look(rows("pk"))["eos"].fix is None  # it was scored with them, and has none


def test_ends_in_rows_that_are_left_out_come_back():
    scores = rows("pde", "pde", "pk")
    assert look(scores, drop_empty=True)["eos"].fix.flags == "--protect-eos"
    assert mended(scores, "eos", drop_empty=True).level == "note"  # 2 of 3 rows end


@pytest.mark.parametrize("override", [
    ByClass(action="drop", role="special"), ByType(action="drop", token=102),
    BySpan(action="drop", example="e1", start=10, end=15)])
def test_ends_dropped_by_hand_are_kept_again(override):
    scores = rows("pkE", "pkE", "pkdE")
    keeps = ByType(action="keep", token=203)
    thresholds = HALF.model_copy(update={"overrides": (override, keeps)})
    found = look(scores, thresholds)["eos"]
    assert found.level in ("note", "stop") and ", by hand: a model" in found.sentence
    assert 1 in found.examples
    assert mended(scores, "eos", thresholds).level == "good"
    after, _ = found.fix.applied(thresholds, ExportSettings())
    assert keeps in after.overrides


def test_both_ways_of_dropping_an_end_are_told_apart():
    scores = rows("pke", "pkE", "pkE")
    thresholds = HALF.model_copy(update={"overrides": (ByType(action="drop", token=102),)})
    assert "2 of 3 end-of-turn tokens are dropped, 1 of them by hand:" in look(scores, thresholds)["eos"].sentence
    assert mended(scores, "eos", thresholds).level == "good"


def special(letter="S", final="F"):
    """Rows in which S is a special token inside an answer, F one on the line of the final answer."""
    return MARKS | {letter: int(Mark.RESPONSE | Mark.SPECIAL), final: int(Mark.SPECIAL) | FINAL}


@pytest.mark.parametrize("protect", [True, False])
def test_special_tokens_are_not_trained(protect):
    scores = rows("pkSE", "pkE", "pkFE", marks=special())
    thresholds = HALF.model_copy(update={"protect_final_answer": protect, "protect_eos": protect})
    found = look(scores, thresholds)["special"]
    assert told(found) == ("stop", "2 special tokens other than the end of turn are trained: they belong to the "
                                   "template, not to the answers.", [0, 2])
    assert "--always-drop special" in found.fix.flags
    assert mended(scores, "special", thresholds).level == "good"
    after, _ = found.fix.applied(thresholds, ExportSettings())
    assert look(scores, after)["eos"].level == "good"


def test_special_tokens_kept_by_hand_are_worth_a_note():
    scores = rows("pkSE", "pkE", marks=special())
    thresholds = HALF.model_copy(update={"overrides": (ByType(action="keep", token=2),)})
    found = look(scores, thresholds)["special"]
    assert (found.level, found.fix) == ("note", None)
    assert ", kept by hand: " in found.sentence


LONG = rows("pkkE", "pkkddE", "pppppkE")  # 4, 6 and 7 tokens


def test_a_trainer_that_cuts_kept_tokens_stops():
    found = look(LONG, trainer_length=5)["length"]
    # Of the 6 tokens of row 1 the last is cut, an end of turn; of row 2 the k at 5 and the E at 6: all that it has.
    assert told(found) == ("stop", "2 of 3 rows are longer than 5 tokens, which cuts off 3 kept tokens, all there are "
                                   "in 1 of them; leaving these rows out (--drop-long) would mend it, too.", [1, 2])
    assert found.fix.flags == "--trainer-length 7"
    assert mended(LONG, "length", trainer_length=5).sentence == (
        "The longest row has 7 tokens, within the trainer's 7.")
    assert look(LONG, trainer_length=5, drop_long=True)["length"].sentence == (
        "The longest row has 4 tokens, within the trainer's 5.")


@pytest.mark.parametrize(("length", "level"), [(6, "stop"), (7, "good"), (8, "good")])
def test_the_longest_row_may_be_as_long_as_the_trainer_takes(length, level):
    assert look(LONG, trainer_length=length)["length"].level == level


def test_a_cut_without_kept_tokens_is_worth_a_note():
    scores = rows("pkkdd", "pkE")
    assert told(look(scores, trainer_length=3)["length"]) == (
        "note", "1 of 2 rows are longer than 3 tokens; what is cut is not trained anyway.", [0])


@pytest.mark.parametrize(("tokens", "level"), [(1024, "good"), (1025, "note")])
def test_rows_that_trl_would_cut_by_default_are_worth_a_note(tokens, level):
    scores = rows("pkE", "p" * (tokens - 2) + "kE")
    found = look(scores)["length"]
    assert found.level == level
    assert found.sentence == ("The longest row has 1,024 tokens." if level == "good" else
                              "1 of 2 rows are longer than 1,024 tokens, where TRL cuts unless it is told to take "
                              "1,025, as the recipes do.")
    assert look(scores, trainer_length=2048)["length"].level == "good"


def test_the_models_context_is_the_trainers_length_unless_another_is_given():
    short = Manifest("it", "1", {"data": "demo"}, {"context": 5})
    assert look(LONG, manifest=short)["length"].level == "stop"
    assert mended(LONG, "length", manifest=short).level == "good"


def share(kept, of):
    return rows(*["p" + "k" * (part_kept - 1) + "d" * (part - part_kept) + "E"
                  for part_kept, part in zip(kept, of, strict=True)])


@pytest.mark.parametrize(("kept", "of", "level"), [
    (20, 100, "good"), (19, 100, "stop"), (999, 1000, "good"), (1000, 1001, "note"), (50, 50, "note")])
def test_the_kept_share_lies_in_a_sane_band(kept, of, level):
    assert look(share([kept], [of]))["kept_share"].level == level


def test_a_low_share_names_what_drops_most_and_relaxes_that():
    scores = share([10, 10], [100, 100])
    found = look(scores)["kept_share"]
    assert found.sentence == ("Only 10.0 % of the response tokens are kept (Knowledge novelty drops 90.0 %): a model "
                              "learns little from that.")
    assert (found.fix.words, found.fix.flags) == ("Knowledge novelty as in the default preset", "--novelty-cutoff 0.95")
    assert mended(scores, "kept_share").level == "note"


def test_where_the_preset_drops_too_much_itself_the_attribute_is_switched_off():
    p = [[0.99] * 9 + [0.1]]
    scores = table([list(range(10))], None, {"logprob": [np.log(row) for row in p]})
    thresholds = HALF.model_copy(update={"novelty": Cutoff(value=0.95)})
    fix = look(scores, thresholds)["kept_share"].fix
    assert (fix.words, fix.flags) == ("Switch knowledge novelty off", "--novelty-off")
    assert mended(scores, "kept_share", thresholds).level == "note"


def test_what_is_dropped_by_hand_is_kept_again():
    scores = share([100], [100])
    thresholds = HALF.model_copy(update={"overrides": (
        BySpan(action="drop", example="e0", start=0, end=10_000), ByType(action="keep", token=1))})
    found = look(scores, thresholds)["kept_share"]
    assert "(what was decided by hand drops 100.0 %)" in found.sentence
    assert found.fix.flags == "" and mended(scores, "kept_share", thresholds).level == "note"
    after, _ = found.fix.applied(thresholds, ExportSettings())
    assert [override.action for override in after.overrides] == ["keep"]


def test_nothing_kept_at_all_stops():
    scores = rows("pdde", "pde")
    assert look(scores)["kept_share"].sentence.startswith("No response token is kept (Knowledge novelty drops 100.0 %)")
    assert mended(scores, "kept_share").level == "note"


def test_where_everything_is_left_out_one_check_says_so():
    scores = rows("pdde", "pde")
    found = look(scores, drop_empty=True)
    assert [name for name, finding in found.items() if finding.level != "good"] == ["kept_share"]
    assert told(found["kept_share"]) == (
        "stop", "No example is left to train on, 2 are left out by --drop-empty.", [])
    assert mended(scores, "kept_share", drop_empty=True).level == "note"  # 100 %
    long = look(LONG, trainer_length=3, drop_long=True)["kept_share"]
    assert (long.sentence, long.fix.flags) == (
        "No example is left to train on, 3 are left out by --drop-long.", "--no-drop-long")


def test_where_all_rows_are_empty_less_is_dropped():
    scores = rows("pdde", "pde")
    assert look(scores)["empty"].fix.flags == "--novelty-cutoff 0.95"
    assert mended(scores, "empty").level == "good"


def repeated(times, of):
    """`of` rows, of which `times` repeat an earlier one."""
    first = of - times
    return table([[1, 2, 10 + min(number, first - 1)] for number in range(of)], [[1, RESPONSE, RESPONSE]] * of)


@pytest.mark.parametrize(("times", "of", "level"), [(0, 100, "good"), (1, 100, "note"), (2, 200, "note"),
                                                    (2, 100, "stop"), (3, 200, "stop")])
def test_duplicates_stop_above_one_in_a_hundred(times, of, level):
    found = look(repeated(times, of), drop_duplicates=False)["duplicates"]
    assert found.level == level
    assert found.examples.tolist() == list(range(of - times, of))
    if times:
        assert found.sentence == f"{times} of {of} rows have the same tokens as an earlier one, and count twice."
        assert mended(repeated(times, of), "duplicates").level == "good"


def test_stops_are_refused_unless_they_are_allowed_by_name():
    found = list(look(rows("pkE", "pde", "pde", "pddd"), manifest=MANIFEST).values())
    stops = [finding.check for finding in found if finding.level == "stop"]
    assert stops == ["empty", "eos"]
    with pytest.raises(SettingsError) as refused:
        preflight.refuse(found, ())
    assert str(refused.value) == (
        "Not ready for a trainer: 3 of 4 rows keep no token and give no gradient (--drop-empty mends it, --allow empty "
        "goes on all the same); 2 of 3 end-of-turn tokens are dropped: a model tuned on this may not stop "
        "(--protect-eos mends it, --allow eos goes on all the same).")
    with pytest.raises(SettingsError) as refused:
        preflight.refuse(found, ("eos",))
    assert "--allow eos" not in str(refused.value) and "--allow empty" in str(refused.value)
    preflight.refuse(found, ("empty", "eos"))
    assert [entry["check"] for entry in preflight.record(found, ("eos", "length")) if entry["allowed"]] == ["eos"]


def test_a_fix_by_scoring_again_is_named_as_such():
    found = look(rows("pkd"), manifest=Manifest("it", "1", {"data": "demo", "eos": False}))
    with pytest.raises(SettingsError, match="scoring with --eos mends it, --allow eos goes on"):
        preflight.refuse(found.values(), ())


def test_a_rule_is_told_in_flags():
    fix = preflight.Fix("", "thresholds", {"reasoning": Quantile(share=0.1, scope="dataset", cap=0.5).model_dump()})
    assert fix.flags == "--reasoning-quantile 0.1 --reasoning-cap 0.5 --reasoning-scope dataset"
    assert preflight.Fix("", "thresholds", {"novelty": Off().model_dump(), "protect_eos": False}).flags == (
        "--novelty-off --no-protect-eos")


@hypothesis(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.none() | st.integers(2, 30))
def test_fixes_applied_again_and_again_leave_no_stop_that_settings_could_mend(seed, length):
    random = np.random.default_rng(seed)
    scores, thresholds = random_table(random), random_thresholds(random)
    assume(scores.trainable.any())  # scoring refuses others
    chosen = ExportSettings(trainer_length=length)
    for _ in range(20):
        found = preflight.check(MANIFEST, scores, filters.judge(scores, thresholds), chosen)
        stops = [finding for finding in found if finding.level == "stop" and finding.fix]
        if not stops:
            break
        thresholds, chosen = stops[0].fix.applied(thresholds, chosen)
    # What stays are ends of turn that were never there, or that were cut off: only scoring again could mend them.
    left = {finding.check for finding in found if finding.level == "stop"}
    ends = scores.trainable & ((scores.marks & Mark.EOS) != 0)
    kept = filters.judge(scores, thresholds).keep
    assert left <= {"eos"}, left
    assert not left or np.array_equal(ends & kept, ends)
