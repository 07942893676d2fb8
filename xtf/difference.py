"""Two settings on one run: which tokens only one of them keeps, why, and where. Pure functions; no loop over tokens."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from xtf import blocks, roles
from xtf.filters import REASONS, VALUES, Verdicts
from xtf.ranks import joined, per_example
from xtf.store import ScoreTable


@dataclass(frozen=True, eq=False)
class _Moved:
    """Tokens that one of the two settings keeps and the other drops, N examples."""

    by_bits: np.ndarray  # int64[32], by the bits of the one that drops them
    by_role: np.ndarray  # int64[number of roles]
    by_example: np.ndarray  # int64[N]

    @property
    def total(self) -> int:
        return int(self.by_bits.sum())

    def reasons(self) -> dict[str, int]:
        """Tokens by the attribute that drops them; one that fails several counts for each."""
        return {name: int(self.by_bits[(np.arange(VALUES) & bit) != 0].sum()) for name, bit in REASONS.items()}


def compare(table: ScoreTable, a: Verdicts, b: Verdicts, most: int = 20) -> dict[str, Any]:
    """What becomes of the response tokens under `b` that was otherwise under `a`, JSON-able.

    trainable; a and b: {kept, kept_share}; kept_by_both, kept_by_neither, newly_dropped (kept by a, dropped by b),
    rescued (the reverse); agreement (share of the response tokens with the same verdict); reasons: {newly_dropped:
    {attribute, by_hand or by_strategy: tokens, by b's verdict}, rescued: {the same by a's}}, where a token counts for
    each of its reasons; roles: {role: tokens (of the role in responses), newly_dropped, rescued}; examples: {changed,
    most (those with most changed tokens), emptied (keep some under a, none under b), filled (the reverse), lost (the
    emptied ones, longest first)}, `most` of each with index, id, trainable, kept_a, kept_b, newly_dropped, rescued.
    """
    trainable = int(table.trainable_counts.sum())
    gone, back, kept = _counted(table, a, b)
    kept_a = int(kept.sum())
    kept_b = kept_a - gone.total + back.total
    both = kept_a - gone.total
    changed = gone.total + back.total
    return {
        "trainable": trainable,
        "a": {"kept": kept_a, "kept_share": _share(kept_a, trainable)},
        "b": {"kept": kept_b, "kept_share": _share(kept_b, trainable)},
        "kept_by_both": both, "kept_by_neither": trainable - both - changed,
        "newly_dropped": gone.total, "rescued": back.total, "agreement": 1 - _share(changed, trainable),
        "reasons": {"newly_dropped": gone.reasons(), "rescued": back.reasons()},
        "roles": _by_role(table, gone, back),
        "examples": _examples(table, kept, gone.by_example, back.by_example, most),
    }


def _counted(table: ScoreTable, a: Verdicts, b: Verdicts) -> tuple[_Moved, _Moved, np.ndarray]:
    """What is newly dropped, what is rescued, and the kept tokens of each example under a, int64[N]."""
    role_of = roles.of_types(table)

    def counted(first: int, last: int) -> tuple[_Moved, _Moved, np.ndarray]:
        here = slice(table.offsets[first], table.offsets[last])
        starts = table.offsets[first:last + 1] - table.offsets[first]
        before, after = a.keep[here], b.keep[here]
        moved = [_moved(flags, bits[here], role_of, table.type_of[here], starts)
                 for flags, bits in ((before > after, b.bits), (after > before, a.bits))]
        return moved[0], moved[1], per_example(before, starts)

    parts = list(blocks.each(counted, table.offsets))
    return (_together([gone for gone, _, _ in parts]), _together([back for _, back, _ in parts]),
            joined(np.int64, (kept for *_, kept in parts)))


def _moved(flags: np.ndarray, bits: np.ndarray, role_of: np.ndarray, type_of: np.ndarray,
           starts: np.ndarray) -> _Moved:
    """The flagged tokens of a block by their bits, role and example."""
    rows = np.flatnonzero(flags)
    return _Moved(np.bincount(bits[rows], minlength=VALUES),
                  np.bincount(role_of[type_of[rows]], minlength=len(roles.ROLES)), per_example(flags, starts))


def _together(parts: list[_Moved]) -> _Moved:
    return _Moved(sum((part.by_bits for part in parts), np.zeros(VALUES, np.int64)),
                  sum((part.by_role for part in parts), np.zeros(len(roles.ROLES), np.int64)),
                  joined(np.int64, (part.by_example for part in parts)))


def _by_role(table: ScoreTable, gone: _Moved, back: _Moved) -> dict[str, dict[str, int]]:
    tokens = np.bincount(roles.of_types(table), table.types("response_count"), len(roles.ROLES))
    return {role: {"tokens": int(tokens[row]), "newly_dropped": int(gone.by_role[row]),
                   "rescued": int(back.by_role[row])} for row, role in enumerate(roles.ROLES)}


def _examples(table: ScoreTable, kept: np.ndarray, gone: np.ndarray, back: np.ndarray, most: int) -> dict[str, Any]:
    """The examples that change most, and those that lose all. kept (under a), gone, back: int64[N]."""
    changes, left = gone + back, kept - gone + back
    emptied, filled = (kept > 0) & (left == 0), (kept == 0) & (left > 0)

    def rows(chosen: np.ndarray, size: np.ndarray) -> list[dict[str, Any]]:
        order = chosen[np.argsort(-size[chosen], kind="stable")[:most]].tolist()
        return [{"index": row, "id": str(table.example_ids[row]), "trainable": int(table.trainable_counts[row]),
                 "kept_a": int(kept[row]), "kept_b": int(left[row]), "newly_dropped": int(gone[row]),
                 "rescued": int(back[row])} for row in order]

    return {"changed": int(np.count_nonzero(changes)), "most": rows(np.flatnonzero(changes), changes),
            "emptied": int(emptied.sum()), "filled": int(filled.sum()), "lost": rows(np.flatnonzero(emptied), kept)}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
