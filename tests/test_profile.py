"""Read-outs of the dataset, against naive loops over small tables."""

import math

import numpy as np
import pandas as pd
import pytest

from tests import tables
from tests.tables import NAN, PROMPT, RESPONSE
from xtf import blocks, picks, profile, roles
from xtf.config import ByType, Cutoff, Off, Thresholds
from xtf.errors import StoreError
from xtf.filters import judge
from xtf.selection import ranged

RULES = Thresholds(reasoning=Cutoff(value=0.5), novelty=Cutoff(value=0.75), relevance=Cutoff(value=0.5),
                   relevance_distance="raw", insist=True, overrides=(ByType(action="drop", token=3),))
TEXTS = {0: " and", 1: " 48", 2: "+", 3: "\n", 4: ".", 5: " x_y", 6: "\ufffd", 7: " the"}


@pytest.fixture(scope="module", params=[1 << 18, 40], ids=["one piece", "many pieces"])
def drawn(request):
    """Sixty examples, some empty: table and verdicts, worked on in pieces of so many tokens."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "TOKENS", request.param)
        random = np.random.default_rng(3)
        lengths = random.integers(0, 40, 60)
        ids = [random.integers(0, 8, length).tolist() for length in lengths]
        marks = [np.where(random.random(length) < 0.3, PROMPT, RESPONSE).tolist() for length in lengths]
        p = [np.clip(random.beta(0.5, 0.4, length), 1e-6, 1) for length in lengths]
        columns = {"logprob": [np.log(row) for row in p],
                   "received_mean_adjusted": [random.lognormal(0, 1, length) for length in lengths],
                   "entropy": [-np.log(row) * random.random(len(row)) for row in p]}
        columns["received_mean_adjusted"][7][:] = 0
        table = tables.table(ids, marks, columns, {"embedding_dataset": {token: token / 7 for token in range(8)}},
                             texts=TEXTS, chunks=5)
        yield table, judge(table, RULES)


def response_tokens(table, verdicts):
    """One row per response token, by a loop."""
    rows = []
    for first, last in zip(table.offsets[:-1], table.offsets[1:], strict=True):
        answer = [token for token in range(first, last) if table.trainable[token]]
        rows += [{"bits": int(verdicts.bits[token]), "role": roles.role(TEXTS[int(table.ids[token])]),
                  "p": float(verdicts.attributes["novelty"].values[token]), "position": place, "length": len(answer),
                  "reasoning": float(verdicts.attributes["reasoning"].values[token]),
                  "relevance": float(verdicts.attributes["relevance"].values[token]),
                  "entropy": float(table.column("entropy")[token])} for place, token in enumerate(answer)]
    return pd.DataFrame(rows)


def test_verdicts_by_role_are_those_of_a_loop(drawn):
    every, found = response_tokens(*drawn), profile.by_role(*drawn)
    assert found.shape == (8, 32) and found.sum() == len(every)
    for row, role in enumerate(roles.ROLES):
        counts = every[every["role"] == role]["bits"].value_counts()
        assert {bits: count for bits, count in enumerate(found[row]) if count} == counts.to_dict()


def test_shares_of_roles_worked_by_hand():
    counts = np.zeros((8, 32), np.int64)
    counts[roles.ROLES.index("numbers"), [0, 2, 6, 9]] = 5, 3, 1, 2  # kept, novelty, with relevance, by hand
    counts[roles.ROLES.index("words"), [0, 1]] = 90, 10
    found = profile.verdict_shares(counts)
    assert found["role"].tolist() == ["words", "numbers"] and found["tokens"].tolist() == [100, 11]
    numbers = found.iloc[1]
    assert {name: numbers[name] for name in ("kept", "dropped", "only-novelty", "several", "hand", "by-novelty",
                                             "by-reasoning", "only-reasoning")} == {
        "kept": 5, "dropped": 6, "only-novelty": 3, "several": 1, "hand": 2, "by-novelty": 4, "by-reasoning": 2,
        "only-reasoning": 0}
    assert profile.totals_of(counts) == {"reasoning": 12, "novelty": 4, "relevance": 1, "hand": 2, "strategy": 0}
    combined = profile.combinations_of(counts)
    assert combined[0] == (("reasoning",), 10) and (("reasoning", "hand"), 2) in combined
    assert len(combined) == 8 and (("reasoning", "novelty", "relevance"), 0) in combined


def test_the_shares_of_a_role_make_a_whole(drawn):
    found = profile.verdict_shares(profile.by_role(*drawn))
    parts = found[["kept", "only-reasoning", "only-novelty", "only-relevance", "several", "hand"]].sum(axis=1)
    assert parts.tolist() == found["tokens"].tolist() == (found["kept"] + found["dropped"]).tolist()


def test_the_map_counts_every_token_in_the_cell_of_its_pick(drawn):
    every, found = response_tokens(*drawn), profile.p_entropy(*drawn)
    expected = np.zeros((2, *found.every.shape), np.int64)
    for _, token in every.iterrows():
        row = sum(token["entropy"] >= edge for edge in found.entropy_edges[1:-1])
        column = sum(token["p"] >= edge for edge in found.p_edges[1:-1])
        expected[int(token["bits"] != 0), row, column] += 1
    assert (found.every == expected.sum(axis=0)).all() and (found.dropped == expected[1]).all()
    for row, column in zip(*np.nonzero(found.every), strict=True):
        p, entropy = found.p_edges[column:column + 2], found.entropy_edges[row:row + 2]
        pick = ranged("map", p[0], p[1] if p[1] < 1 else math.inf, entropy[0] or -math.inf, entropy[1])
        assert picks.matching(*drawn, pick).sum() == found.every[row, column]


def test_numbers_on_an_edge_of_the_map_lie_above_it():
    """p of exactly 0.5 and entropies of 0.125, of -0 and of a rounding error below zero."""
    table = tables.table([[1, 2, 3]], scores={"logprob": [[math.log(0.5), 0.0, math.log(0.4999999)]],
                                              "entropy": [[0.15, -0.0, -1e-9]]})
    found = profile.p_entropy(table, judge(table, RULES))
    cells = {(int(row), int(column)) for row, column in zip(*np.nonzero(found.every), strict=True)}
    edge = int(np.flatnonzero(found.entropy_edges == 0.15)[0])
    # float32 of 0.15 is 0.150000006, above the edge.
    assert cells == {(edge, 20), (0, 39), (0, 19)}


def test_a_run_without_entropy_has_no_map():
    table = tables.table([[1, 2]], scores={"logprob": [[-1.0, -2.0]]})
    with pytest.raises(StoreError, match="no column entropy"):
        profile.p_entropy(table, judge(table, RULES))


@pytest.mark.parametrize("relative", [True, False])
def test_bands_by_position_are_those_of_numpy(relative, drawn):
    every, edges = response_tokens(*drawn), None if relative else np.array([0, 5, 10, 20, np.inf])
    found = profile.by_position(drawn[0], drawn[0].column("received_mean_adjusted"), edges)
    place = (every["position"] + 0.5) / every["length"] if relative else every["position"]
    for row in found.itertuples():
        values = every["reasoning"][(place >= row.low) & (place < (1 if relative and row.high == 1 else row.high))]
        assert row.count == len(values) > 0
        assert row.mean == pytest.approx(values.mean(), rel=1e-6)
        for level, share in (("p10", 0.1), ("median", 0.5), ("p90", 0.9)):
            exact = np.quantile(values, share, method="inverted_cdf")
            assert getattr(row, level) == pytest.approx(exact, rel=0.002, abs=1e-5)


def test_the_bins_of_a_pick_are_those_of_the_figure(drawn):
    found = profile.by_position(drawn[0], drawn[0].column("received_mean_adjusted"))
    for row in found.itertuples():
        assert picks.matching(*drawn, ranged("relative", row.low, row.high)).sum() == row.count


def test_values_that_are_missing_make_empty_bins():
    table = tables.table([[1, 2, 3, 4]], scores={"received_mean_adjusted": [[1.0, NAN, 3.0, NAN]]})
    found = profile.by_position(table, table.column("received_mean_adjusted"), np.array([0.0, 1, 2, np.inf]))
    assert found["count"].tolist() == [1, 0, 1] and math.isnan(found["median"][1]) and math.isnan(found["mean"][1])
    assert found["mean"].tolist()[::2] == [1, 3] and found["p90"][2] == pytest.approx(3, rel=0.002)
    nothing = profile.by_position(table, np.full(4, np.nan, np.float32))
    assert nothing["count"].sum() == 0 and nothing["median"].isna().all()


@pytest.mark.parametrize("longest, width", [(1, 1), (20, 1), (21, 2), (100, 5), (101, 10), (1000, 50)])
def test_bins_of_positions_have_a_round_width(longest, width):
    table = tables.table([[1] * longest])
    edges = profile.position_edges(table)
    assert len(edges) == 21 and edges[1] == width and edges[-1] == np.inf and (np.diff(edges[:-1]) == width).all()


def test_correlations_are_spearman_s(drawn):
    found = profile.correlations(*drawn)
    every = response_tokens(*drawn)[found.names].dropna()
    assert found.names == ["reasoning", "p", "relevance", "entropy", "position", "length"]
    assert found.tokens == len(every) and not found.sampled
    np.testing.assert_allclose(found.matrix, every.corr(method="spearman"), atol=1e-9)


def test_a_sample_is_seeded_and_of_response_tokens(drawn):
    found, again = (profile.correlations(*drawn, most=100) for _ in range(2))
    assert found.sampled and 90 <= found.tokens <= 100 and (found.matrix == again.matrix).all()
    assert (profile.correlations(*drawn, most=100, seed=1).matrix != found.matrix).any()


def test_what_a_run_does_not_have_is_left_out():
    table = tables.table([[1, 2, 3]], scores={"logprob": [[-1.0, -2.0, -0.5]]})
    found = profile.correlations(table, judge(table, Thresholds(reasoning=Off(), relevance=Off())))
    assert found.names == ["p", "position", "length"]
    assert found.matrix[0, 1] == pytest.approx(0.5)  # ranks 2 1 3 against 1 2 3
    assert np.isnan(found.matrix[0, 2])  # one length only
    empty = tables.table([[1]], [[PROMPT]])
    assert profile.correlations(empty, judge(empty, Thresholds())).tokens == 0
    assert profile.by_role(empty, judge(empty, Thresholds())).sum() == 0
