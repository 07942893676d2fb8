"""What a set of verdicts amounts to: counts, histograms, tables. Pure functions; no loop over tokens."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from xtf import filters
from xtf.columns import Mark
from xtf.config import ATTRIBUTES, Thresholds, settings
from xtf.errors import SettingsError
from xtf.filters import BIT, Verdicts
from xtf.ranks import per_example
from xtf.store import ScoreTable

FEW = 5  # kept tokens: an example with fewer teaches next to nothing
PREVIEW = 120  # characters
SWEPT = {"cutoff": "value", "quantile": "share", "fence": "k", "otsu": "drop"}


def summary(table: ScoreTable, verdicts: Verdicts, few: int = FEW) -> dict[str, Any]:
    """The dataset's read-outs, JSON-able.

    examples, tokens, trainable, kept, kept_share, dropped, dropped_share, protected; attributes: {name: dropped, alone
    (by no other attribute), share (of trainable), uninformative, reason, notes}; overlaps: dropped by both (or all
    three), "reasoning+novelty" and so on; combinations: dropped by exactly these; examples_without_kept and
    examples_under {kept tokens, examples}, of those that have answer tokens at all; notes: all of them as sentences.
    """
    trainable = int(np.count_nonzero(table.trainable))
    exactly = np.bincount(verdicts.bits, minlength=8)
    dropped = int(exactly[1:].sum())
    kept = trainable - dropped
    kept_by_example = per_example(verdicts.keep, table.offsets)[per_example(table.trainable, table.offsets) > 0]
    return {
        "examples": len(table), "tokens": len(table.ids), "trainable": trainable,
        "kept": kept, "kept_share": _share(kept, trainable),
        "dropped": dropped, "dropped_share": _share(dropped, trainable),
        "protected": int(np.count_nonzero(verdicts.protected)),
        "attributes": {name: _attribute(verdicts, name, exactly, trainable) for name in ATTRIBUTES},
        "overlaps": {"+".join(names): _all_of(exactly, names) for names in _groups() if len(names) > 1},
        "combinations": {"+".join(names): int(exactly[_bits(names)]) for names in _groups()},
        "examples_without_kept": int((kept_by_example == 0).sum()),
        "examples_under": {"kept": few, "examples": int((kept_by_example < few).sum())},
        "notes": [f"{name.capitalize()}: {note}" for name in ATTRIBUTES for note in verdicts.attributes[name].notes],
    }


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
    return int(sum(exactly[bits] for bits in range(8) if bits & wanted == wanted))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def histogram(values: np.ndarray, bins: int = 60, range: tuple[float, float] | None = None) \
        -> tuple[np.ndarray, np.ndarray]:
    """Counts int64[bins] and edges float64[bins + 1] of the numbers among `values`; `range` is theirs if not given,
    and what lies outside it is counted in the outermost bins."""
    numbers = values[np.isfinite(values)]
    if range is None:
        range = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 1.0)
    counts, edges = np.histogram(np.clip(numbers, *range), bins=bins, range=range)
    return counts, edges.astype(np.float64)


def by_example(table: ScoreTable, verdicts: Verdicts) -> pd.DataFrame:
    """One row per example: index, id, tokens, trainable, kept, kept_share, mean_reasoning, mean_p, mean_relevance,
    loss (nats, the base model's mean over answer tokens), perplexity, dropped_reasoning, dropped_novelty,
    dropped_relevance, preview (text from the last question on). NaN where an example has no such score."""
    trainable, kept = (per_example(flags, table.offsets) for flags in (table.trainable, verdicts.keep))
    loss = -_means(np.where(table.trainable, table.column("logprob"), np.float32(np.nan)), table.offsets)
    means = {name: _means(verdicts.attributes[name].values, table.offsets) for name in ATTRIBUTES}
    with np.errstate(over="ignore"):
        perplexity = np.exp(loss)
    return pd.DataFrame({
        "index": np.arange(len(table)), "id": table.example_ids, "tokens": np.diff(table.offsets),
        "trainable": trainable, "kept": kept, "kept_share": kept / np.maximum(trainable, 1),
        "mean_reasoning": means["reasoning"], "mean_p": means["novelty"], "mean_relevance": means["relevance"],
        "loss": loss, "perplexity": perplexity,
        **{f"dropped_{name}": per_example((verdicts.bits & BIT[name]) != 0, table.offsets) for name in ATTRIBUTES},
        "preview": _previews(table)})


def _means(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """float64[N]: the mean over each example's numbers, NaN where it has none."""
    scored = ~np.isnan(values)
    filled = np.flatnonzero(np.diff(offsets))
    sums = np.zeros(len(offsets) - 1)
    if len(filled):
        sums[filled] = np.add.reduceat(np.where(scored, values, np.float32(0)), offsets[filled], dtype=np.float64)
    counts = per_example(scored, offsets)
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


def _previews(table: ScoreTable) -> list[str]:
    """The text from the beginning of the last message before the first answer: a template's standing system message
    would make all previews alike."""
    begins = _question_starts(table)
    return [text[begin:begin + PREVIEW] for text, begin in zip(table.texts(), begins.tolist(), strict=True)]


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
    types = len(table.types("id"))
    gone = np.flatnonzero(verdicts.bits)
    kinds, bits = table.type_of[gone], verdicts.bits[gone]
    dropped = np.bincount(kinds, minlength=types)
    order = np.argsort(-dropped, kind="stable")[:count]
    order = order[dropped[order] > 0]
    texts, tokens = table.type_texts, table.types("response_count")[order]
    return pd.DataFrame({
        "id": table.types("id")[order], "text": [texts[row] for row in order], "dropped": dropped[order],
        **{name: np.bincount(kinds[(bits & BIT[name]) != 0], minlength=types)[order] for name in ATTRIBUTES},
        "tokens": tokens, "share": dropped[order] / np.maximum(tokens, 1)})


def sweep(table: ScoreTable, thresholds: Thresholds, attribute: str, values: Sequence[float]) -> pd.DataFrame:
    """What moving one attribute's threshold does, all else as it is: value, dropped (tokens, by the attribute), kept,
    kept_share. The threshold is the cutoff, the quantile's share, the fence's k or the dropped cluster.

    Raises: SettingsError if the attribute's rule is off or a value is out of its range.
    """
    rule = getattr(thresholds, attribute)
    if rule.kind not in SWEPT:
        raise SettingsError(f"The rule for {attribute} is off: choose one before its threshold is moved.")
    found = {name: filters.attribute(table, thresholds, name) for name in ATTRIBUTES if name != attribute}
    trainable, rows = int(np.count_nonzero(table.trainable)), []
    for value in values:
        moved = settings(type(rule), {**rule.model_dump(), SWEPT[rule.kind]: value})
        changed = thresholds.model_copy(update={attribute: moved})
        own = filters.attribute(table, changed, attribute)
        verdicts = filters.combined(table, changed, {name: found.get(name, own) for name in ATTRIBUTES})
        kept = int(np.count_nonzero(verdicts.keep))
        dropped = int(np.count_nonzero(verdicts.bits & BIT[attribute]))
        rows.append({"value": value, "dropped": dropped, "kept": kept, "kept_share": _share(kept, trainable)})
    return pd.DataFrame(rows, columns=["value", "dropped", "kept", "kept_share"])
