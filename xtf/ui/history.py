"""The undo list: settings as they were, one step a change. Pure; `xtf.ui.state` keeps one in each session."""

from typing import NamedTuple

from xtf.changes import OVERRIDES, between, in_words
from xtf.config import PRESETS, Thresholds

LONGEST = 100  # steps
_MERGED_SECONDS = 1.0


class Setting(NamedTuple):
    """Thresholds, and the preset that they started from."""

    preset: str
    thresholds: Thresholds


class Step(NamedTuple):
    """One change; `by_link` where a link that was opened made it."""

    before: Setting
    after: Setting
    when: float  # seconds, of whatever clock
    by_link: bool = False

    @property
    def words(self) -> str:
        """`novelty cutoff 0.95 → 0.9`; quotes text from data and is not for Markdown."""
        preset, base = self.after.preset, self.before.thresholds
        told = ""
        if self.before.preset != preset:
            told, base = f"preset {self.before.preset} → {preset}, ", PRESETS[preset][1]
        told = (told + in_words(between(base, self.after.thresholds))).removesuffix(", ")
        return f"link ({told})" if self.by_link else told


class History(NamedTuple):
    """Steps done, oldest first, and steps undone, the one undone last first."""

    past: tuple[Step, ...] = ()
    future: tuple[Step, ...] = ()

    def done(self, step: Step) -> "History":
        """With one more step; what had been undone is gone. A step that changes the same one field as the last did,
        and soon after, goes on with that; where this leads back to the start, nothing is left of both."""
        if not self.past or self.future or not _same_drag(self.past[-1], step):
            return History((*self.past, step)[-LONGEST:])
        whole = step._replace(before=self.past[-1].before)
        return History((*self.past[:-1], whole) if whole.before != whole.after else self.past[:-1])

    def undone(self) -> "History":
        return History(self.past[:-1], (self.past[-1], *self.future))

    def redone(self) -> "History":
        return History((*self.past, self.future[0]), self.future[1:])


def _same_drag(last: Step, step: Step) -> bool:
    if last.by_link or step.by_link or step.when - last.when > _MERGED_SECONDS or last.after != step.before:
        return False
    fields = _fields(step)
    return len(fields) == 1 and fields == _fields(last) and fields != {OVERRIDES}


def _fields(step: Step) -> set[str]:
    """The fields that a step changes; none where it changes the preset."""
    if step.before.preset != step.after.preset:
        return set()
    return {change.field for change in between(step.before.thresholds, step.after.thresholds)}
