"""The whole way from a file to verdicts against golden values of an independent run of the published procedure."""

import numpy as np
import pytest

from xtf import runs
from xtf.config import PRESETS, ScoreSettings
from xtf.engine import local
from xtf.filters import judge

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table(golden, shared, embedded_model, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(tmp_path_factory.mktemp("golden")))
        local.score(ScoreSettings(data=str(shared / "golden" / "gsm8k_12.jsonl"), model=str(embedded_model),
                                  template="none", eos=False, dtype="float32", device="cpu"), "golden")
        return runs.open_run("golden").table()


def both(table, golden, ours, name):
    """Our values and the golden ones at all response tokens, the last of each answer left out for attention."""
    for index, example in enumerate(golden["examples"]):
        here = slice(int(table.offsets[index]) + example["start"], int(table.offsets[index + 1]))
        yield ours[here], np.array(example[name][example["start"]:] if len(example[name]) == len(example["ids"])
                                   else example[name])


def test_ids_and_starts(table, golden):
    for index, example in enumerate(golden["examples"]):
        one = table.example(index)
        assert one.ids.tolist() == example["ids"]
        assert np.flatnonzero(one.trainable).tolist() == list(range(example["start"], len(example["ids"])))


def test_probabilities(table, golden):
    for ours, theirs in both(table, golden, np.exp(table.column("logprob")), "p"):
        assert np.abs(ours - theirs).max() <= 1e-4


@pytest.mark.parametrize(("column", "name", "tolerance"), [
    ("received_mean", "received_mean", 1e-5), ("received_last", "received_last", 1e-5),
    ("row_mean", "ri_row_mean", 1e-7)])
def test_attention(table, golden, column, name, tolerance):
    for ours, theirs in both(table, golden, table.column(column), name):
        assert np.abs(ours[:-1] - theirs[:-1]).max() <= tolerance
        assert np.isnan(ours[-1]) == (column != "row_mean")


def test_relevance_by_hidden_state(table, golden):
    first = np.searchsorted(table.types("id"), table.types("first_id"))
    ours = table.types("hidden_words")[first][table.type_of]
    for mine, theirs in both(table, golden, ours, "tr"):
        assert np.abs(mine - theirs).max() <= 1e-4


def test_verdicts_of_the_published_code(table, golden):
    verdicts = judge(table, PRESETS["published-code"][1])
    for attribute, name in (("novelty", "drop_kn"), ("relevance", "drop_tr")):
        pairs = list(both(table, golden, verdicts.attributes[attribute].fails, name))
        agree = np.concatenate([ours == theirs.astype(bool) for ours, theirs in pairs])
        assert agree.mean() >= 0.995
        assert any(theirs.any() for _, theirs in pairs)


def test_novelty_verdicts_of_the_paper(table, golden):
    fails = judge(table, PRESETS["paper"][1]).attributes["novelty"].fails
    p = [theirs for _, theirs in both(table, golden, fails, "p")]
    for (ours, theirs), values in zip(both(table, golden, fails, "drop_kn_paper"), p, strict=True):
        clear = np.abs(values - 0.95) > 1e-5
        np.testing.assert_array_equal(ours[clear], theirs.astype(bool)[clear])


def test_the_published_reasoning_score_is_found_uninformative(table):
    thresholds = PRESETS["published-code"][1]
    assert judge(table, thresholds).attributes["reasoning"].informative.uninformative
    assert not judge(table, thresholds.model_copy(update={"insist": False})).attributes["reasoning"].fails.any()
    assert not judge(table, PRESETS["corrected"][1]).attributes["reasoning"].informative.uninformative
