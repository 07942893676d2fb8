"""The checks, one function each. Each looks at the rows that are exported, and says one thing about them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xtf import carry
from xtf.config import Check, ExportSettings, OtherTokenizer
from xtf.filters import Verdicts
from xtf.preflight.findings import Finding, Fix, Level
from xtf.preflight.masks import template_marks
from xtf.preflight.mends import drop_specials, keep_ends, no_ends, relax
from xtf.preflight.overlap import Same, leaks
from xtf.preflight.rows import REASONS, Gathering, Rows, scored
from xtf.progress import Progress, silent
from xtf.store import Manifest, ScoreTable
from xtf.words import count, percent

LONG = 1024  # tokens; TRL cuts what is longer unless told otherwise
LEAST, MOST = 0.2, 0.999  # kept share: below a model learns little, above it is plain fine-tuning
REPEATED = 0.01  # share of rows

Told = tuple[Level, str] | tuple[Level, str, np.ndarray] | tuple[Level, str, np.ndarray, Fix | None]


@dataclass(frozen=True, eq=False)
class Sheet:
    """What checks go by."""

    manifest: Manifest
    table: ScoreTable
    verdicts: Verdicts
    settings: ExportSettings
    other: OtherTokenizer | None
    rows: Rows

    def of(self, name: str) -> np.ndarray:
        """int64[R], of `rows.NUMBERS`."""
        return self.rows.numbers[name]

    def examples(self, flags: np.ndarray) -> np.ndarray:
        """int64: the run's examples of the rows bool[R] that are flagged."""
        return self.rows.index[flags]


def check(manifest: Manifest, table: ScoreTable, verdicts: Verdicts, settings: ExportSettings,
          other: OtherTokenizer | None = None, rows: Rows | None = None, progress: Progress = silent) -> list[Finding]:
    """One finding for each check, in the order of the table below.

    They are about `rows`, which are made if not given; with `other` that takes carrying everything over once, which
    `progress` counts in tokens of the run. Raises: DataError where the held-out data cannot be read; with `other` and
    without rows, as `carry.build` and `carry.examples`.
    """
    if rows is None:
        rows = _carried(manifest, table, verdicts, settings, other, progress) if other else scored(
            manifest, table, verdicts, settings)
    sheet = Sheet(manifest, table, verdicts, settings, other, rows)
    return [Finding(name, told[0], title, *told[1:]) for name, (title, look) in CHECKS.items()
            for told in [look(sheet) if len(rows) else _nothing(sheet, name)]]


def _carried(manifest: Manifest, table: ScoreTable, verdicts: Verdicts, settings: ExportSettings,
             other: OtherTokenizer, progress: Progress) -> Rows:
    gathering = Gathering(manifest, table, settings)
    for example in carry.examples(carry.build(manifest, other), table, verdicts, Counter()):
        gathering.passes(example)
        progress(int(table.offsets[example.index + 1]), int(table.offsets[-1]), "carrying over")
    return gathering.rows()


def _nothing(sheet: Sheet, name: Check) -> Told:
    """Where no row is left, only one check says so."""
    if name != "kept_share":
        return "good", "There is no row to look at."
    reasons = sheet.rows.left_out_by
    worst = max(reasons, key=lambda reason: reasons[reason])
    if worst == "empty":
        fix = relax(sheet.table, sheet.verdicts, LEAST)[1]
    else:  # the check that asked for it would do so again where all examples are held out
        fix = Fix("Leave them in", "export", {REASONS[worst]: False}) if worst != "overlap" else None
    return ("stop", f"No example is left to train on, {count(reasons[worst])} are left out by {_flag(worst)}.",
            sheet.rows.index, fix)


def _flag(reason: Check) -> str:
    return f"--{REASONS[reason].replace('_', '-')}"


def _empty(sheet: Sheet) -> Told:
    """Rows without a trained token."""
    empty = sheet.of("kept") == 0
    if not empty.any():
        return "good", "Every row trains at least one token."
    fix = Fix("Leave them out", "export", {"drop_empty": True})
    if empty.all():
        fix = relax(sheet.table, sheet.verdicts, LEAST)[1] or fix
    return "stop", f"{_of(empty, 'rows')} keep no token and give no gradient.", sheet.examples(empty), fix


def _eos(sheet: Sheet) -> Told:
    """Whether the end of a response is learnt."""
    ends, kept = sheet.of("ends"), sheet.of("ends_kept")
    total, trained, without = int(ends.sum()), int(kept.sum()), ends == 0
    if not total:
        return ("stop", "No row has an end-of-turn token to train: a model tuned on this may not stop.",
                sheet.examples(without), no_ends(sheet.manifest, sheet.table, sheet.verdicts))
    level: Level = "stop" if 2 * trained < total + np.count_nonzero(without) else "note"
    if trained < total:
        fix, by_hand = keep_ends(sheet.table, sheet.verdicts)
        return (level, f"{count(total - trained)} of {count(total)} end-of-turn tokens are dropped{by_hand}: a model "
                "tuned on this may not stop.", sheet.examples(kept < ends), fix)
    if without.any():
        return (level, f"{_of(without, 'rows')} have no end-of-turn token, because their end was cut off or is not a "
                "response.", sheet.examples(without))
    return "good", "Every end-of-turn token is trained."


def _special(sheet: Sheet) -> Told:
    """Special tokens other than the end of turn that are trained."""
    special = sheet.of("special")
    if not special.any():
        return "good", "No special token but the end of turn is trained."
    level, by_hand, fix = drop_specials(sheet.table, sheet.verdicts)
    return (level, f"{count(special.sum())} special tokens other than the end of turn are trained{by_hand}: they "
            "belong to the template, not to the answers.", sheet.examples(special > 0), fix)


def _length(sheet: Sheet) -> Told:
    """Rows longer than the trainer takes."""
    limit, longest, asked = sheet.rows.limit, sheet.rows.longest, sheet.settings.trainer_length
    long = sheet.of("tokens") > (limit or np.inf)
    if not long.any():
        over = sheet.of("tokens") > LONG
        if asked is None and over.any():
            return ("note", f"{_of(over, 'rows')} are longer than {count(LONG)} tokens, where TRL cuts unless it is "
                    f"told to take {count(longest)}, as the recipes do.", sheet.examples(over))
        return "good", f"The longest row has {count(longest)} tokens{_within(asked)}."
    cut, raised = sheet.of("cut"), Fix(f"Take {count(longest)} tokens", "export", {"trainer_length": longest})
    if not cut.any():
        return ("note", f"{_of(long, 'rows')} are longer than {count(limit or 0)} tokens; what is cut is not trained "
                "anyway.", sheet.examples(long), raised)
    lost = int(np.count_nonzero((cut > 0) & (cut == sheet.of("kept"))))
    return ("stop", f"{_of(long, 'rows')} are longer than {count(limit or 0)} tokens, which cuts off "
            f"{count(cut.sum())} kept tokens{f', all there are in {count(lost)} of them' if lost else ''}; leaving "
            "these rows out (--drop-long) would mend it, too.", sheet.examples(long), raised)


def _within(asked: int | None) -> str:
    return f", within the trainer's {count(asked)}" if asked else ""


def _assistant_mask(sheet: Sheet) -> Told:
    """Whether a trainer that looks for the responses itself would find them."""
    if sheet.settings.format != "messages":
        return "good", "The file says which tokens are trained; no trainer needs to find the responses by a template."
    found = template_marks(sheet.manifest, sheet.other)
    if found == "marked":
        return "good", "The chat template marks the responses, so that trainers find them."
    if found == "unmarked":
        return ("note", "The chat template has no {% generation %} marks: a trainer that finds the responses by them, "
                "not by the flags in the file, trains nothing.", sheet.rows.index[:0],
                Fix("Export text with the trained characters", "export", {"format": "text"}))
    return "note", ("There is no chat template: the trainer needs one of its own." if found == "none" else
                    "The model is not at hand any more, so its chat template could not be looked at.")


def _kept_share(sheet: Sheet) -> Told:
    """Whether what is kept is neither too little nor everything."""
    kept, trainable = int(sheet.of("kept").sum()), int(sheet.of("trainable").sum())
    share, told = kept / max(trainable, 1), f"{count(kept)} of {count(trainable)} response tokens"
    if share < LEAST:
        cause, fix = relax(sheet.table, sheet.verdicts, LEAST)
        words = f"Only {percent(share)} of the response tokens are kept" if kept else "No response token is kept"
        return "stop", f"{words}{cause}: a model learns little from that.", sheet.rows.index[:0], fix
    if share > MOST:
        return "note", f"{told} are kept ({percent(share)}): this is plain fine-tuning."
    return "good", f"{told} are kept ({percent(share)})."


def _duplicates(sheet: Sheet) -> Told:
    """Rows with the same tokens as an earlier one."""
    again = sheet.rows.repeated
    if not again.any():
        return "good", "No two rows have the same tokens."
    level: Level = "stop" if np.count_nonzero(again) > REPEATED * len(again) else "note"
    return (level, f"{_of(again, 'rows')} have the same tokens as an earlier one, and count twice.",
            sheet.examples(again), Fix("Keep the first only", "export", {"drop_duplicates": True}))


def _overlap(sheet: Sheet) -> Told:
    """Examples that are in the held-out data."""
    if sheet.settings.held_out is None:
        return "good", "No held-out data is named to compare with (--held-out)."
    shared = sheet.rows.shared
    leaked, answers = leaks(shared), (shared & np.uint8(Same.RESPONSE)) != 0
    both = int(np.count_nonzero(leaked & answers))
    if leaked.any():
        return ("stop", f"{_of(leaked, 'examples')} have a prompt of the held-out data, {count(both)} of them its "
                "response, too.", sheet.examples(leaked),
                None if leaked.all() else Fix("Leave them out", "export", {"drop_overlap": True}))
    if answers.any():
        return ("note", f"No prompt is in the held-out data, but {_of(answers, 'examples')} have a response that is.",
                sheet.examples(answers))
    return "good", "No prompt and no response is in the held-out data."


def _of(flags: np.ndarray, what: str) -> str:
    return f"{count(int(np.count_nonzero(flags)))} of {count(len(flags))} {what}"


#: In the order of `xtf.config.Check`: what is checked, and how.
CHECKS: dict[Check, tuple[str, Callable[[Sheet], Told]]] = {
    "empty": ("Something to train", _empty),
    "eos": ("End of turn", _eos),
    "special": ("Special tokens", _special),
    "length": ("Length", _length),
    "assistant_mask": ("Assistant mask", _assistant_mask),
    "kept_share": ("Kept share", _kept_share),
    "duplicates": ("Duplicates", _duplicates),
    "overlap": ("Held-out data", _overlap),
}
