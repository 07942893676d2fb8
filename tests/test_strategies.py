"""What each strategy trains: worked by hand, against a direct computation, and what a control must be on any run."""

import json

import numpy as np
import pytest

from tests.random_tables import random_table, random_thresholds
from tests.tables import EOS, FINAL, PROMPT, RESPONSE, saved, table
from xtf import explain, filters, stats, strategies
from xtf.added import ALONE, reference
from xtf.config import (
    STRATEGY_SETTINGS,
    Augment,
    ByType,
    Cutoff,
    Dft,
    Eaft,
    Entropy,
    Ifd,
    Normal,
    Off,
    Perplexity,
    Random,
    SelfEvolving,
    Slm,
    Stm,
    Thresholds,
    TokenCleaning,
)
from xtf.errors import SettingsError, StoreError
from xtf.strategies.references import PARTS, parts

NAN = float("nan")
KNOWN, NEW = float(np.log(0.99)), float(np.log(0.1))
RULES = Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=0.95), insist=True)


def one_example(**scores):
    """One prompt token, then p of .99 .1 .99 .1 | .99 on the answer line, .99 at the end of turn: the cutoff of .95
    drops the first and third response token, and the two last ones are protected."""
    return table([[1, 2, 3, 4, 5, 6, 7]], [[PROMPT, RESPONSE, RESPONSE, RESPONSE, RESPONSE, FINAL, EOS]],
                 {"logprob": [[NAN, KNOWN, NEW, KNOWN, NEW, KNOWN, KNOWN]], **scores})


def responses(**scores):
    """Examples of response tokens only, as many and as long as the scores."""
    rows = next(iter(scores.values()))
    scores.setdefault("logprob", [[NEW] * len(row) for row in rows])
    return table([list(range(1, len(row) + 1)) for row in rows], scores=scores)


def judged(scored, strategy, rules=RULES):
    return strategies.judge(scored, rules.model_copy(update={"strategy": strategy}))


def kept(scored, strategy):
    return judged(scored, strategy).keep.astype(int).tolist()


def sentences(scored, strategy):
    verdicts = judged(scored, strategy)
    return [explain.sentence(scored, verdicts, token) for token in range(len(scored.ids))]


def with_columns(name, scored, **columns):
    """The table as a run of the workspace, with columns that were added to it."""
    run = saved(name, scored)
    for column, values in columns.items():
        run.added.write(column.replace("__", "."), np.array(values, np.float32), {"seconds": 1.0})
    return run.table()


# By hand


def test_xtf_normal_and_random():
    scored = one_example()
    assert kept(scored, STRATEGY_SETTINGS["xtf"]()) == [0, 0, 1, 0, 1, 1, 1]
    assert kept(scored, Normal()) == [0, 1, 1, 1, 1, 1, 1]
    drawn = [judged(scored, Random(seed=seed)).keep for seed in range(30)]
    assert {keep.sum() for keep in drawn} == {4} and all(keep[5] and keep[6] and not keep[0] for keep in drawn)
    assert np.mean(drawn, axis=0)[1:5] == pytest.approx(0.5, abs=0.3)  # any of the four
    assert (drawn[3] == judged(scored, Random(seed=3)).keep).all()


def test_random_at_a_given_share():
    scored = responses(entropy=[[1.0] * 500, [1.0] * 500])
    for share in (0, 0.25, 0.6, 0.999, 1):
        assert judged(scored, Random(keep=share)).keep.mean() == pytest.approx(share, abs=0.001)


def test_perplexity_drops_whole_examples():
    """Mean losses 1, 3, 2, 4 nats: a quarter of four examples is the last one, a half the second, too."""
    scored = responses(logprob=[[-1, -1], [-2, -4], [-2, -2], [-4, -4]])
    assert kept(scored, Perplexity()) == [1, 1, 1, 1, 1, 1, 0, 0]
    assert kept(scored, Perplexity(drop=0.5)) == [1, 1, 0, 0, 1, 1, 0, 0]
    choice = judged(scored, Perplexity()).choice
    assert choice.dropped_examples.tolist() == [0, 0, 0, 1] and not choice.higher_is_kept
    assert choice.signal.tolist() == [1, 1, 3, 3, 2, 2, 4, 4]
    told = sentences(scored, Perplexity())
    by = "by Data filtering (perplexity): its whole example is, since perplexity"
    assert told[7] == f"Dropped {by} 54.6 is among the highest 25 % (from 54.6 on)."
    assert told[0] == f"Kept {by} 2.72 is not among the highest 25 % (from 54.6 on)."
    assert explain.summary_sentence(scored, judged(scored, Perplexity()), 3) == (
        "The whole example is dropped by Data filtering (perplexity): perplexity 54.6 is among the highest 25 % (from "
        "54.6 on).")
    assert explain.summary_sentence(scored, judged(scored, Perplexity()), 0) == "All 2 response tokens are trained."


def test_ifd_drops_where_the_prompt_does_not_help_and_where_it_gives_the_answer_away(home):
    """Losses with the prompt 1, 2, 3, 1; without it 2, 2.5, 2, 4: IFD .5, .8, 1.5, .25. Above 1 is the third; a half
    of four examples is one more, the lowest."""
    scored = responses(logprob=[[-1, -1], [-2, -2], [-3, -3], [-1, -1]])
    scored = with_columns("ifd", scored, **{ALONE: [-2, -2, -2.5, -2.5, -2, NAN, -4, -4]})
    assert kept(scored, Ifd(drop=0.5)) == [1, 1, 1, 1, 0, 0, 0, 0]
    assert kept(scored, Ifd(drop=0)) == [1, 1, 1, 1, 0, 0, 1, 1]  # above 1 is out in any case
    told = sentences(scored, Ifd(drop=0.5))
    assert "IFD 1.5 is above 1, so the prompt does not help" in told[4]
    assert "IFD 0.25 is among the lowest (up to 0.25)" in told[7] and "IFD 0.8 is neither above 1 nor" in told[2]


def test_token_cleaning_keeps_the_highest_excess_loss_of_all(home):
    """L_base - L_reference: 2-1, 2-2, 1-3, | 3-0.5, 1-0.9 = 1, 0, -2, 2.5, .1; 60 % of five are three."""
    scored = with_columns("tc", responses(logprob=[[-2, -2, -1], [-3, -1]]),
                          reference__reference=[-1, -2, -3, -0.5, -0.9])
    assert kept(scored, TokenCleaning()) == [1, 0, 0, 1, 1]
    assert kept(scored, TokenCleaning(keep=0.4)) == [1, 0, 0, 1, 0]
    assert kept(scored, Slm()) == [1, 0, 0, 1, 1]  # before the first step
    told = sentences(scored, TokenCleaning())
    assert told[0] == ("Kept by Token cleaning (fixed): the reference model lowers its loss from 2 to 1 nats, which is "
                       "among the 60 % with the highest excess loss.")
    assert "raises its loss from 1 to 3 nats, which is not among" in told[2]
    assert "chooses anew in each batch" in " ".join(judged(scored, Slm()).notes)


def test_self_evolving_chooses_part_by_part(home):
    """Ten examples of five tokens: every part has two of them, and keeps six of its ten tokens."""
    random = np.random.default_rng(0)
    base, by_reference = (-random.exponential(1, 50).astype(np.float32) for _ in range(2))
    scored = with_columns("evolving", responses(logprob=base.reshape(10, 5).tolist()),
                          evolving__reference=by_reference)
    keep = judged(scored, SelfEvolving()).keep
    of = np.repeat(parts(10), 5)
    for part in range(PARTS):
        here = of == part
        excess = (by_reference - base)[here]
        assert keep[here].sum() == 6 and excess[keep[here]].min() > excess[~keep[here]].max()


def test_stm_eaft_and_entropy():
    p = [0.39, 0.402, 0.41, 0.9]
    scored = responses(logprob=[np.log(p).tolist()], entropy=[[0.1, 2.0, 0.2, 1.0]])
    assert kept(scored, Stm(cutoff=0.4)) == [0, 1, 1, 1]
    assert sentences(scored, Stm())[0] == "Dropped by STM: the base model gives it 39 %, below the 40 % cutoff."
    assert kept(scored, Entropy(keep=0.5)) == [0, 1, 0, 1]
    # The lowest half of entropy, below 0.6, are the first and third; of p, below 0.406, the first two: both, the first.
    assert kept(scored, Eaft(drop=0.5)) == [0, 1, 1, 1]
    told = sentences(scored, Eaft(drop=0.5))[0]
    assert told == ("Dropped by EAFT: entropy 0.1 nats (limit 0.6) and p 39 % (limit 40.6 %) are both among the lowest "
                    "50 %: the base model is sure of something else.")
    signal = judged(scored, Eaft(drop=0.5)).choice.signal
    assert (signal < 0.5).tolist() == [True, False, False, False]


def test_dft_weighs_by_p():
    scored = one_example()
    verdicts = judged(scored, Dft())
    assert verdicts.keep.tolist() == scored.trainable.tolist()
    assert verdicts.weights() == pytest.approx([0, 0.99, 0.1, 0.99, 0.1, 0.99, 0.99])
    assert sentences(scored, Dft())[2] == "Kept by DFT: with weight 0.1, the p that the base model gives it."
    assert judged(scored, Stm()).weights().tolist() == judged(scored, Stm()).keep.tolist()


# Against a direct computation


@pytest.mark.parametrize("seed", range(20))
def test_cleaning_by_two_models_losses_computed_directly(home, seed):
    """Sorted by excess loss, without any of our functions: the same tokens, ties by position."""
    random = np.random.default_rng(seed)
    base, other = (np.round(random.exponential(1, (4, 9)), 1) for _ in range(2))
    share = float(random.choice([0.3, 0.6, 0.9]))
    scored = with_columns(f"direct{seed}", responses(logprob=(-base).tolist()), reference__r=-other.ravel())
    losses = list(zip((np.float32(base) - np.float32(other)).ravel().tolist(), range(36)))
    best = sorted(losses, key=lambda pair: (-pair[0], pair[1]))[:round(share * 36)]
    expected = np.isin(np.arange(36), [place for _, place in best])
    for strategy in (TokenCleaning(keep=share, reference="r"), Slm(keep=share, reference="r")):
        assert judged(scored, strategy).keep.tolist() == expected.tolist()


# On any run


@pytest.mark.parametrize("seed", range(40))
def test_random_keeps_exactly_as_many_and_never_more_than_may_be_trained(seed):
    random = np.random.default_rng(seed)
    scored, thresholds = random_table(random), random_thresholds(random)
    verdicts = filters.judge(scored, thresholds)
    keep = judged(scored, Random(seed=seed), thresholds).keep
    assert keep.sum() == verdicts.keep.sum() and not (keep & ~scored.trainable).any()
    protected = (scored.marks & filters.protected_marks(thresholds)) != 0
    assert (keep[protected] == verdicts.keep[protected]).all()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", ["random", "df-perplexity", "stm", "dft"])
def test_verdicts_of_any_strategy_hang_together(kind, seed):
    """Bits, keep, counts and sentences say the same, and what a person decided goes first."""
    random = np.random.default_rng(seed)
    scored, thresholds = random_table(random), random_thresholds(random)
    verdicts = judged(scored, STRATEGY_SETTINGS[kind](), thresholds)
    assert (verdicts.keep == (scored.trainable & (verdicts.bits == 0))).all()
    assert not (verdicts.bits & 7).any()
    told = stats.summary(scored, verdicts)
    assert told["kept"] == verdicts.keep.sum() and told["dropped"] == told["trainable"] - told["kept"]
    assert told["by_strategy"] + told["by_hand"]["dropped"] >= told["dropped"] and told["strategy"] == kind
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    for token in np.flatnonzero(scored.trainable):
        said = explain.sentence(scored, verdicts, int(token))
        assert said.startswith("Kept" if verdicts.keep[token] else "Dropped")
    hand = filters.judge(scored, thresholds).hand
    by_hand = filters.overrides.DROPS[hand] & scored.trainable
    if kind != "random":  # which leaves these as the rules have them
        assert not verdicts.keep[by_hand].any()
        assert verdicts.keep[filters.overrides.KEEPS[hand] & scored.trainable].all()


def test_what_is_decided_by_hand_is_the_same_for_the_control():
    scored = table([[1, 2, 3, 4, 5, 6]], scores={"logprob": [[KNOWN, NEW, KNOWN, NEW, KNOWN, NEW]]})
    rules = RULES.model_copy(update={"overrides": (ByType(action="keep", token=1), ByType(action="drop", token=2))})
    for seed in range(10):
        keep = judged(scored, Random(seed=seed), rules).keep
        assert keep[0] and not keep[1] and keep.sum() == filters.judge(scored, rules).keep.sum()


# What is not there


@pytest.mark.parametrize("strategy", [Ifd(), Slm(), TokenCleaning(), SelfEvolving(), Augment()])
def test_what_a_strategy_lacks_is_said_with_the_command_that_makes_it(strategy):
    with pytest.raises(SettingsError, match=f"xtf (prepare RUN --strategy {strategy.kind}`|augment RUN)"):
        judged(one_example(), strategy)


def test_a_name_that_can_be_none_and_a_damaged_column(home):
    with pytest.raises(SettingsError, match="cannot be the name"):
        judged(one_example(), Slm(reference="../x"))
    scored = with_columns("damaged", responses(logprob=[[-1, -2]]), reference__reference=[-1, -1])
    (scored.added.folder / f"{reference('reference')}.npy").write_bytes(b"short")
    with pytest.raises(StoreError, match="cannot be read"):
        judged(scored, TokenCleaning())


def test_the_table_and_the_settings_name_the_same():
    assert list(strategies.STRATEGIES) == list(STRATEGY_SETTINGS)


def test_ranks_count_what_is_below_and_equals_share_a_place():
    from xtf.strategies.switches import _ranked

    assert _ranked(np.array([3, NAN, 1, 3, 2], np.float32)) == pytest.approx([0.5, NAN, 0, 0.5, 0.25], nan_ok=True)
    assert np.isnan(_ranked(np.array([NAN], np.float32))).all()
