"""The checks, one function each."""

from collections.abc import Callable

import numpy as np

from xtf.columns import Mark
from xtf.config import ExportSettings, OtherTokenizer
from xtf.filters import Verdicts
from xtf.preflight.findings import Finding, Fix
from xtf.ranks import per_example
from xtf.store import Manifest, ScoreTable
from xtf.words import count


def check(manifest: Manifest, table: ScoreTable, verdicts: Verdicts, settings: ExportSettings,
          other: OtherTokenizer | None = None) -> list[Finding]:
    """One finding for each check, in the order of the table below."""
    return [look(table, verdicts, settings) for look in _CHECKS]


def _empty(table: ScoreTable, verdicts: Verdicts, settings: ExportSettings) -> Finding:
    """Examples without a trained token."""
    title = "Something to train"
    empty = np.flatnonzero(per_example(verdicts.keep, table.offsets) == 0)
    if settings.drop_empty or not len(empty):
        return Finding("empty", "good", title, "Every example trains at least one token.")
    return Finding("empty", "stop", title, f"{count(len(empty))} of {count(len(table))} examples keep no token and "
                   "give no gradient.", empty, Fix("Leave them out", "export", {"drop_empty": True}))


def _eos(table: ScoreTable, verdicts: Verdicts, settings: ExportSettings) -> Finding:
    """Whether the end of a response is learnt."""
    title = "End of turn"
    eos = table.trainable & ((table.marks & Mark.EOS) != 0)
    lost = int(np.count_nonzero(eos & ~verdicts.keep))
    if not eos.any():
        return Finding("eos", "stop", title, "No end-of-turn token is trained: a model tuned on this may not stop.",
                       fix=Fix("Score with the end-of-turn token", "score", {"eos": True}))
    if lost:
        return Finding("eos", "stop", title, f"{count(lost)} of {count(int(np.count_nonzero(eos)))} end-of-turn tokens "
                       "are dropped: a model tuned on this may not stop.",
                       fix=Fix("Protect them", "thresholds", {"protect_eos": True}))
    return Finding("eos", "good", title, "Every end-of-turn token is trained.")


_CHECKS: tuple[Callable[[ScoreTable, Verdicts, ExportSettings], Finding], ...] = (_empty, _eos)
