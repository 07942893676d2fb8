"""What a selection in a figure (`xtf.selection`) means in a run: so many tokens of each example; and in words."""

from collections.abc import Callable
from functools import partial

import numpy as np

from xtf import blocks, roles
from xtf.filters import BIT, Verdicts
from xtf.ranks import joined, per_example
from xtf.selection import HAND, REASONS, STRATEGY, VERDICTS, Pick, Range, parse
from xtf.store import ScoreTable
from xtf.words import percent, visible


def matching(table: ScoreTable, verdicts: Verdicts, pick: str) -> np.ndarray:
    """int64[N]: matching tokens of each example; for `kept` and `under` 1 or 0. Raises: SettingsError; StoreError for a
    map of a run without entropy."""
    found = parse(pick)

    def counted(first: int, last: int) -> np.ndarray:
        starts = table.offsets[first:last + 1] - table.offsets[first]
        if found.of_examples:
            here = slice(table.offsets[first], table.offsets[last])
            return _whole(found, table.trainable_counts[first:last], per_example(verdicts.keep[here], starts))
        return per_example(_flags(table, verdicts, found, first, last), starts)

    return joined(np.int64, blocks.each(counted, table.offsets))


def tokens(table: ScoreTable, verdicts: Verdicts, pick: str, example: int) -> np.ndarray:
    """bool[T]: the matching tokens of one example; none for picks of whole examples. Raises: as `matching`."""
    found = parse(pick)
    if found.of_examples:
        return np.zeros(int(table.offsets[example + 1] - table.offsets[example]), bool)
    return _flags(table, verdicts, found, example, example + 1)


def _whole(pick: Pick, trainable: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """int64: 1 for the examples that are meant; one without response tokens is none of them."""
    fits = kept < pick.number if pick.kind == "under" else pick.ranges[0].holds(kept / np.maximum(trainable, 1))
    return (fits & (trainable > 0)).astype(np.int64)


def _flags(table: ScoreTable, verdicts: Verdicts, pick: Pick, first: int, last: int) -> np.ndarray:
    here = slice(table.offsets[first], table.offsets[last])
    bits = verdicts.bits[here]
    if pick.kind in ("reasons", "reason"):
        wanted = sum(REASONS[name] for name in pick.names)
        return bits == wanted if pick.kind == "reasons" else (bits & np.uint8(wanted)) != 0
    flags = _MEANT[pick.kind](table, verdicts, pick, first, last) & table.trainable[here]
    return flags & VERDICTS[pick.verdict][bits] if pick.verdict else flags


def _by_role(table: ScoreTable, verdicts: Verdicts, pick: Pick, first: int, last: int) -> np.ndarray:
    meant = roles.of_types(table) == roles.ROLES.index(pick.names[0])
    return meant[table.type_of[table.offsets[first]:table.offsets[last]]]


def _by_type(table: ScoreTable, verdicts: Verdicts, pick: Pick, first: int, last: int) -> np.ndarray:
    return table.ids[table.offsets[first]:table.offsets[last]] == pick.number


def _by_score(table: ScoreTable, verdicts: Verdicts, pick: Pick, first: int, last: int) -> np.ndarray:
    here = slice(table.offsets[first], table.offsets[last])
    return pick.ranges[0].holds(verdicts.attributes[pick.names[0]].values[here])


def _by_map(table: ScoreTable, verdicts: Verdicts, pick: Pick, first: int, last: int) -> np.ndarray:
    here = slice(table.offsets[first], table.offsets[last])
    p, entropy = pick.ranges
    return p.holds(verdicts.attributes["novelty"].values[here]) & entropy.holds(table.column("entropy")[here])


def _by_position(table: ScoreTable, verdicts: Verdicts, pick: Pick, first: int, last: int) -> np.ndarray:
    where, position, length = positions(table, first, last)
    flags = np.zeros(int(table.offsets[last] - table.offsets[first]), bool)
    flags[where] = pick.ranges[0].holds(position if pick.kind == "position" else (position + 0.5) / length)
    return flags


_MEANT: dict[str, Callable[[ScoreTable, Verdicts, Pick, int, int], np.ndarray]] = {
    "role": _by_role, "type": _by_type, "score": _by_score, "map": _by_map, "position": _by_position,
    "relative": _by_position}


def positions(table: ScoreTable, first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the response tokens of the examples first .. last - 1, int64 each: their place after the first of these
    tokens, how many response tokens of the example come before them, and how many there are in all."""
    counts = table.trainable_counts[first:last]
    where = np.flatnonzero(table.trainable[table.offsets[first]:table.offsets[last]])
    return where, np.arange(len(where)) - np.repeat(np.cumsum(counts) - counts, counts), np.repeat(counts, counts)


_SAID = {"kept": "that are kept", "dropped": "that are dropped", "several": "dropped for several reasons",
         HAND: "dropped by hand", STRATEGY: "dropped by the strategy",
         **{f"only-{name}": f"dropped by {name} alone" for name in BIT},
         **{f"by-{name}": f"dropped by {name}" for name in BIT}}


def words(pick: str, table: ScoreTable) -> str:
    """What a pick means, to be read before "in so many examples": `tokens dropped by novelty and relevance, and by
    nothing else`. Text of tokens stands in it unescaped. Raises: SettingsError."""
    found = parse(pick)
    return " ".join([_phrase(found, table), *([_SAID[found.verdict]] if found.verdict else [])])


def _phrase(pick: Pick, table: ScoreTable) -> str:
    if pick.kind in ("reasons", "reason"):
        *others, last = pick.names
        named = f"{', '.join(others)} and {last}, and by nothing else" if others else last
        return f"tokens dropped by {named}" + (" alone" if pick.kind == "reasons" and not others else "")
    if pick.kind == "under":
        kept = f"keep fewer than {pick.number} tokens" if pick.number > 1 else "keep no token"
        return f"examples that {kept}"
    if pick.kind == "type":
        row = np.flatnonzero(table.types("id") == pick.number)
        return f"tokens “{visible(table.type_texts[row[0]])}”" if len(row) else f"tokens of the id {pick.number}"
    if pick.kind == "role":
        return f"tokens of the class {pick.names[0]}"
    return _RANGED[pick.kind](*pick.ranges) if pick.kind != "score" else f"tokens with {_SCORE[pick.names[0]]} " \
        f"{_span(pick.ranges[0])}"


_SCORE = {"reasoning": "reasoning importance", "novelty": "p", "relevance": "relevance"}


def _places(tokens: Range) -> str:
    if tokens.low <= 0:
        return f"tokens with fewer than {tokens.high:g} response tokens before them"
    told = f"{tokens.low:g} or more" if np.isinf(tokens.high) else f"{tokens.low:g} to {tokens.high - 1:g}"
    return f"tokens with {told} response tokens before them"


def _along(share: Range) -> str:
    if np.isinf(share.high) and share.low > 0:
        return f"tokens in the last {_whole_percent(1 - share.low)} of their response"
    return f"tokens {_span(share, _whole_percent)} of the way through their response"


def _kept_share(share: Range) -> str:
    if share.low <= 0 and np.isfinite(share.high):
        return f"examples that keep less than {_whole_percent(share.high)} of their response tokens"
    if np.isinf(share.high):
        return f"examples that keep {_whole_percent(max(share.low, 0))} or more of their response tokens"
    return f"examples that keep {_span(share, _whole_percent)[len('from '):]} of their response tokens"


_RANGED: dict[str, Callable[..., str]] = {
    "map": lambda p, entropy: f"tokens with p {_span(p)} and entropy {_span(entropy)} nats",
    "position": _places, "relative": _along, "kept": _kept_share}
_whole_percent = partial(percent, digits=0)


def _span(ends: Range, told: Callable[[float], str] = "{:.4g}".format) -> str:
    if np.isinf(ends.low):
        return "of any size" if np.isinf(ends.high) else f"below {told(ends.high)}"
    return f"from {told(ends.low)} up" if np.isinf(ends.high) else f"from {told(ends.low)} to {told(ends.high)}"
