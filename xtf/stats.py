"""What a set of verdicts amounts to: counts, histograms, tables. Pure functions; no loop over tokens."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.arrays import ArrowStringArray

from xtf import blocks, overrides
from xtf.columns import Mark
from xtf.config import ATTRIBUTES
from xtf.filters import BIT, BY_HAND, BY_STRATEGY, REASONS, VALUES, Verdicts
from xtf.ranks import Scores, joined, per_example
from xtf.store import ScoreTable

FEW = 5  # kept tokens: an example with fewer teaches next to nothing
PREVIEW = 120  # characters


def summary(table: ScoreTable, verdicts: Verdicts, few: int = FEW) -> dict[str, Any]:
    """The dataset's read-outs, JSON-able.

    examples, tokens, trainable, kept, kept_share, dropped, dropped_share, protected; attributes: {name: dropped, alone
    (by no other attribute), share (of trainable), uninformative, reason, notes}; overlaps: dropped by both (or all
    three), "reasoning+novelty" and so on; combinations: dropped by exactly these attributes and not by hand; by_hand:
    dropped, alone (by no attribute), kept (would be dropped); by_strategy: dropped by another strategy than XTF's,
    which `strategy` names; examples_without_kept and examples_under {kept tokens, examples}, of those that have
    response tokens at all; notes: all of them as sentences.
    """
    trainable = int(table.trainable_counts.sum())
    exactly, kept_by_example, protected, kept_by_hand = _counted(table, verdicts)
    dropped = int(exactly[1:].sum())
    kept = trainable - dropped
    kept_by_example = kept_by_example[table.trainable_counts > 0]
    return {
        "examples": len(table), "tokens": int(table.offsets[-1]), "trainable": trainable,
        "kept": kept, "kept_share": _share(kept, trainable),
        "dropped": dropped, "dropped_share": _share(dropped, trainable),
        "protected": protected - kept_by_hand,
        "by_hand": {"dropped": _with(exactly, BY_HAND), "alone": int(exactly[BY_HAND]), "kept": kept_by_hand},
        "strategy": verdicts.thresholds.strategy.kind, "by_strategy": _with(exactly, BY_STRATEGY),
        "attributes": {name: _attribute(verdicts, name, exactly, trainable) for name in ATTRIBUTES},
        "overlaps": {"+".join(names): _all_of(exactly, names) for names in _groups() if len(names) > 1},
        "combinations": {"+".join(names): int(exactly[_bits(names)]) for names in _groups()},
        "examples_without_kept": int((kept_by_example == 0).sum()),
        "examples_under": {"kept": few, "examples": int((kept_by_example < few).sum())},
        "notes": [*(f"{name.capitalize()}: {note}" for name in ATTRIBUTES for note in verdicts.attributes[name].notes),
                  *verdicts.notes],
    }


def _counted(table: ScoreTable, verdicts: Verdicts) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Tokens by their bits int64[32], kept tokens by example int64[N], protected tokens, and those of them by hand."""
    values = _possible(verdicts)

    def counted(first: int, last: int) -> tuple[np.ndarray, np.ndarray, int, int]:
        """The same of the examples [first, last)."""
        here = slice(table.offsets[first], table.offsets[last])
        starts = table.offsets[first:last + 1] - table.offsets[first]
        bits = verdicts.bits[here]
        by_bits = np.zeros(VALUES, np.int64)
        by_bits[values] = [np.count_nonzero(bits == value) for value in values]  # far faster than bincount
        spared = verdicts.protected[here]
        some = verdicts.thresholds.overrides
        by_hand = np.count_nonzero(overrides.KEEPS[verdicts.hand[here]] & spared) if some else 0
        return by_bits, per_example(verdicts.keep[here], starts), int(np.count_nonzero(spared)), int(by_hand)

    parts = list(blocks.each(counted, table.offsets))
    return (sum((bits for bits, *_ in parts), np.zeros(VALUES, np.int64)),
            joined(np.int64, (kept for _, kept, *_ in parts)), sum(spared for *_, spared, _ in parts),
            sum(by_hand for *_, by_hand in parts))


def _possible(verdicts: Verdicts) -> list[int]:
    """The values that bits can have."""
    own = range(BY_HAND) if verdicts.choice is None else (0, BY_STRATEGY)
    return [bits | hand for hand in ((0, BY_HAND) if verdicts.thresholds.overrides else (0,)) for bits in own]


def _with(exactly: np.ndarray, bit: int) -> int:
    """Tokens that have this bit, whatever others."""
    return int(exactly[(np.arange(VALUES) & bit) != 0].sum())


def _attribute(verdicts: Verdicts, name: str, exactly: np.ndarray, trainable: int) -> dict[str, Any]:
    found = verdicts.attributes[name]
    dropped = _all_of(exactly, (name,))
    return {"dropped": dropped, "alone": int(exactly[BIT[name]]), "share": _share(dropped, trainable),
            "uninformative": found.informative.uninformative, "reason": found.informative.reason,
            "notes": list(found.notes)}


def _groups() -> list[tuple[str, ...]]:
    return [names for size in (1, 2, 3) for names in combinations(ATTRIBUTES, size)]


def _bits(names: Sequence[str]) -> int:
    return sum(BIT[name] for name in names)


def _all_of(exactly: np.ndarray, names: Sequence[str]) -> int:
    """Tokens dropped by all of `names`, whether or not by others too."""
    wanted = _bits(names)
    return int(sum(exactly[bits] for bits in range(VALUES) if bits & wanted == wanted))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def histogram(values: np.ndarray, bins: int = 60, range: tuple[float, float] | None = None) \
        -> tuple[np.ndarray, np.ndarray]:
    """Counts int64[bins] and edges float64[bins + 1] of the numbers among `values`; `range` is theirs if not given,
    and what lies outside it is counted in the outermost bins."""
    offsets = np.append(np.arange(0, len(values), blocks.TOKENS), len(values))

    def numbers(first: int, last: int) -> np.ndarray:
        some = values[offsets[first]:offsets[last]]
        return some[np.isfinite(some)]

    def ends(first: int, last: int) -> tuple[float, float]:
        some = numbers(first, last)
        return float(some.min(initial=np.inf)), float(some.max(initial=-np.inf))

    if range is None:
        lows, highs = zip((np.inf, -np.inf), *blocks.each(ends, offsets))
        range = (min(lows), max(highs)) if min(lows) <= max(highs) else (0.0, 1.0)
    low, high = range

    def counted(first: int, last: int) -> np.ndarray:
        return np.histogram(np.clip(numbers(first, last), low, high), bins, (low, high))[0]

    edges = np.histogram_bin_edges(values[:0], bins, (low, high)).astype(np.float64)
    return sum(blocks.each(counted, offsets), np.zeros(bins, np.int64)), edges


def by_example(table: ScoreTable, verdicts: Verdicts) -> pd.DataFrame:
    """One row per example: index, id, tokens, trainable, kept, kept_share, mean_reasoning, mean_p, mean_relevance,
    loss (nats, the base model's mean over response tokens), perplexity, dropped_reasoning, dropped_novelty,
    dropped_relevance, preview (text from the last question on). NaN where an example has no such score."""
    kept = _counts(lambda here: verdicts.keep[here], table.offsets)
    gone = {f"dropped_{name}": _counts(partial(_dropped_by, verdicts, BIT[name]), table.offsets) for name in ATTRIBUTES}
    trainable, loss = table.trainable_counts, -_loss(table).means
    with np.errstate(over="ignore"):
        perplexity = np.exp(loss)
    return pd.DataFrame({
        "index": np.arange(len(table)), "id": table.example_ids, "tokens": np.diff(table.offsets),
        "trainable": trainable, "kept": kept, "kept_share": kept / np.maximum(trainable, 1),
        "mean_reasoning": verdicts.attributes["reasoning"].scores.means,
        "mean_p": verdicts.attributes["novelty"].scores.means,
        "mean_relevance": verdicts.attributes["relevance"].scores.means,
        "loss": loss, "perplexity": perplexity,
        **gone,
        "preview": ArrowStringArray(table.strings("preview", _previews))})


def _loss(table: ScoreTable) -> Scores:
    return Scores(table.column("logprob"), table.offsets, name="logprob", flat=table.flat)


def _dropped_by(verdicts: Verdicts, bit: int, here: slice) -> np.ndarray:
    return (verdicts.bits[here] & np.uint8(bit)) != 0


def _counts(flags: Callable[[slice], np.ndarray], offsets: np.ndarray) -> np.ndarray:
    """int64[N]: how many of the flags are set in each example; they are asked for a slice at a time."""
    def counted(first: int, last: int) -> np.ndarray:
        return per_example(flags(slice(offsets[first], offsets[last])), offsets[first:last + 1] - offsets[first])

    return joined(np.int64, blocks.each(counted, offsets))


def _previews(table: ScoreTable) -> list[pa.Array]:
    """The text from the beginning of the last message before the first answer: a template's standing system message
    would make all previews alike."""
    begins = _question_starts(table)
    texts = [text[begin:begin + PREVIEW] for text, begin in zip(table.texts(), begins.tolist(), strict=True)]
    return [pa.array(texts, pa.large_string())]


def _question_starts(table: ScoreTable) -> np.ndarray:
    """int64[N]: the character where that message begins; 0 where there is none."""
    heads = table.offsets[:-1]
    prompt = (table.marks & Mark.PROMPT) != 0
    # A message that opens its example may go unseen behind the one before; it begins at 0 anyway.
    begins = np.flatnonzero(prompt & ~np.concatenate([np.zeros(1, bool), prompt])[:-1])
    answered = np.concatenate([np.flatnonzero(table.trainable), [len(prompt)]])
    first_answer = np.minimum(answered[np.searchsorted(answered, heads)], table.offsets[1:])
    last = np.searchsorted(begins, first_answer) - 1
    starts = np.zeros(len(table), np.int64)
    found = (last >= 0) & (begins[last] >= heads) if len(begins) else np.zeros(len(table), bool)
    starts[found] = table.column("starts")[begins[last[found]]]
    return starts


def top_dropped(table: ScoreTable, verdicts: Verdicts, count: int = 30) -> pd.DataFrame:
    """The token types dropped most often: id, text, dropped, reasoning, novelty, relevance (dropped by each), tokens
    (of the type in answers), share (dropped of these)."""
    gone = types_by_reason(table, verdicts)
    order = np.argsort(-gone["dropped"], kind="stable")[:count]
    order = order[gone["dropped"][order] > 0]
    texts, tokens = table.type_texts, table.types("response_count")[order]
    found = {name: gone[name][order] for name in ("dropped", *ATTRIBUTES)}
    return pd.DataFrame({
        "id": table.types("id")[order], "text": [texts[row] for row in order], **found, "tokens": tokens,
        "share": found["dropped"] / np.maximum(tokens, 1)})


def types_by_reason(table: ScoreTable, verdicts: Verdicts) -> dict[str, np.ndarray]:
    """int64[V'] each: dropped tokens of every token type in all (dropped), by each attribute, by hand (by_hand) and by
    another strategy (by_strategy)."""
    by_bits = _types_by_bits(table, verdicts)
    values = np.arange(VALUES)
    return {"dropped": by_bits[:, 1:].sum(axis=1), **{
        name: by_bits[:, (values & bit) != 0].sum(axis=1) for name, bit in REASONS.items()}}


def _types_by_bits(table: ScoreTable, verdicts: Verdicts) -> np.ndarray:
    """int64[V', 32]: dropped tokens of each type by their bits; 0 in the column of the kept ones."""
    size = VALUES * len(table.types("id"))

    def counted(first: int, last: int) -> np.ndarray:
        here = slice(table.offsets[first], table.offsets[last])
        gone = np.flatnonzero(verdicts.bits[here])
        return np.bincount(VALUES * table.type_of[here][gone] + verdicts.bits[here][gone], minlength=size)

    return sum(blocks.each(counted, table.offsets), np.zeros(size, np.int64)).reshape(-1, VALUES)
