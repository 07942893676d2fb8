"""Where strategies differ most: on which token types, in which examples, on which tokens.

How much they differ on a token is the share of their pairs that give it different verdicts: of K strategies m of which
drop it, 2m(K - m) / (K(K - 1)), which is the variance of their verdicts times a constant. Random strategies are left
out of it: they differ from all others everywhere, by chance.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xtf import blocks, contexts, roles
from xtf.disagreement.views import Views, compared, ratio, stacked
from xtf.ranks import joined, per_example
from xtf.store import ScoreTable


def types(table: ScoreTable, views: Views) -> pd.DataFrame:
    """Token types of the responses, those on which the strategies differ most first: id, text, role, tokens, differ
    (the share of pairs that differ, summed over its tokens), mean (of it over its tokens), and by each strategy's name
    the share of the type's tokens that it drops."""
    size, lookup, names = len(table.types("id")), _shares(views), compared(views)

    def counted(first: int, last: int) -> np.ndarray:
        here = slice(table.offsets[first], table.offsets[last])
        places = table.type_of[here]
        drops = [np.bincount(places[one.drops[here]], minlength=size) for one in views.values()]
        m = stacked(table, [views[name] for name in names], first, last).sum(axis=0, dtype=np.uint8)
        return np.stack([np.bincount(places, lookup[m], minlength=size), *drops])

    differ, *drops = sum(blocks.each(counted, table.offsets), np.zeros((1 + len(views), size)))
    tokens = table.types("response_count")
    order = np.lexsort((-tokens, -differ))
    order = order[tokens[order] > 0]
    texts, some = table.type_texts, tokens[order]
    shares = {name: gone[order] / some for name, gone in zip(views, drops, strict=True)}
    return pd.DataFrame({
        "id": table.types("id")[order], "text": [texts[row] for row in order],
        "role": np.array(roles.ROLES)[roles.of_types(table)][order], "tokens": some, "differ": differ[order],
        "mean": differ[order] / some, **shares})


def examples(table: ScoreTable, views: Views) -> pd.DataFrame:
    """One row per example, in order: tokens (response tokens), mean (share of pairs that differ, over these; NaN where
    it has none), and by each strategy's name the tokens that it drops."""
    lookup, names = _shares(views), compared(views)

    def counted(first: int, last: int) -> np.ndarray:
        starts = table.offsets[first:last + 1] - table.offsets[first]
        m = stacked(table, [views[name] for name in names], first, last).sum(axis=0, dtype=np.uint8)
        by_count = [per_example(m == dropping, starts) for dropping in range(len(lookup))]
        return lookup @ np.stack(by_count)

    differ = joined(np.float64, blocks.each(counted, table.offsets))
    tokens = table.trainable_counts
    return pd.DataFrame({"tokens": tokens, "mean": ratio(differ, tokens), **{
        name: per_example(one.drops, table.offsets) for name, one in views.items()}})


def sample(table: ScoreTable, views: Views, index: int) -> np.ndarray:
    """float32[K, T]: the share of the loss of one example's tokens that each strategy takes away; NaN where a token is
    not trained in any case."""
    here = slice(int(table.offsets[index]), int(table.offsets[index + 1]))
    taken = np.stack([one.taken(here) for one in views.values()])
    return np.where(table.trainable[here], taken, np.float32(np.nan))


@dataclass(frozen=True)
class Differing:
    """One response token, the text around it, and who drops it."""

    token: int  # position in the flat arrays
    id: str  # of its example
    left: str
    text: str
    right: str
    share: float  # of pairs of strategies that differ on it
    drops: dict[str, bool]  # by strategy


def tokens(table: ScoreTable, views: Views, count: int = 20, type_id: int | None = None,
           seed: int = 0) -> list[Differing]:
    """Up to `count` response tokens on which the strategies differ most, of that vocabulary id if one is given. Equals
    are drawn at random, from different examples as far as there are any. None on which all agree."""
    random, lookup = np.random.default_rng(seed), _shares(views)
    m, found = _dropping(table, views), list[int]()
    allowed = table.trainable if type_id is None else table.trainable & (table.ids == type_id)
    for share in sorted({value for value in lookup.tolist() if value > 0}, reverse=True):
        places = np.flatnonzero((lookup == share)[m] & allowed)
        found += contexts.spread(table, places, count - len(found), random)
        if len(found) == count:
            break
    return [_differing(table, views, token, float(lookup[m[token]])) for token in found]


def _differing(table: ScoreTable, views: Views, token: int, share: float) -> Differing:
    example, left, text, right = contexts.around(table, token)
    return Differing(token, example.id, left, text, right, share,
                     {name: bool(one.drops[token]) for name, one in views.items()})


def _dropping(table: ScoreTable, views: Views) -> np.ndarray:
    """uint8[M]: how many of the strategies that count drop each token."""
    found = np.zeros(int(table.offsets[-1]), np.uint8)
    for name in compared(views):
        found += views[name].drops
    return found


def _shares(views: Views) -> np.ndarray:
    """float64[K + 1]: the share of pairs that differ on a token that so many of those that count drop."""
    number = len(compared(views))
    dropping = np.arange(number + 1)
    return 2 * dropping * (number - dropping) / max(number * (number - 1), 1)
