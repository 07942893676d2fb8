"""How long work tells where it is: a verb takes a `Progress` and calls it with what is done and what there is."""

import time
from collections import deque
from collections.abc import Callable

#: Called as progress(done, total, stage): how much is done, how much there is (0 = not known yet), and a few words.
#: What is counted hangs on the stage (`unit`). A stage that is part of larger work names that first: `xtf, seed 0 ·
#: training`.
Progress = Callable[[int, int, str], None]
#: Called with a sentence for the user that does not wait for the end.
Say = Callable[[str], None]

_SHORTEST = 0.2  # seconds
READING, RESUMING, SCORING, TRAINING = "reading data", "resuming", "scoring", "training"
HELD_OUT_LOSS, GENERATING, WAITING = "held-out loss", "generating", "waiting for its turn"
UNRELATED_TEXT = "loss on unrelated text"
#: What is counted while a stage works; of other stages, which only pass by, tokens.
UNITS = {READING: "examples", SCORING: "tokens", TRAINING: "steps", HELD_OUT_LOSS: "examples", GENERATING: "answers",
         UNRELATED_TEXT: "passages"}
_WITHIN = " · "


def unit(stage: str) -> str:
    """What `done` and `total` count in a stage."""
    return UNITS.get(_kind(stage), "tokens")


def within(whole: str, progress: Progress) -> Progress:
    """The progress of a part of larger work, which is named before each stage."""
    return lambda done, total, stage: progress(done, total, f"{whole}{_WITHIN}{stage}")


def _kind(stage: str) -> str:
    return stage.rpartition(_WITHIN)[2]


def silent(done: int, total: int, stage: str) -> None:
    """For callers that do not care."""


def quiet(sentence: str) -> None:
    """For callers that do not listen."""


class Meter:
    """Speed over the last minute of work. What is only found to be done already, on resuming, is no work."""

    def __init__(self, window: float = 60.0, clock: Callable[[], float] = time.monotonic):
        self._window, self._clock = window, clock
        self._steps: deque[tuple[float, int]] = deque()  # seconds that a step took, and what it did
        self._last = (0.0, 0, "")

    def __call__(self, done: int, total: int, stage: str) -> None:
        now = self._clock()
        before, had, was = self._last
        if stage == was and (done == had or now - before < _SHORTEST):
            return  # the step goes on; reading calls this for every example
        if stage != was and stage not in (RESUMING, SCORING):
            self._steps.clear()
        works = (was == stage and _kind(stage) in UNITS) or (was, stage) == (RESUMING, SCORING)
        if works and done > had:
            self._steps.append((now - before, done - had))
            while len(self._steps) > 1 and sum(took for took, _ in self._steps) > self._window:
                self._steps.popleft()
        self._last = (now, done, stage)

    @property
    def rate(self) -> float | None:
        """What the stage counts, a second; None until there is half a second to judge by."""
        seconds = sum(took for took, _ in self._steps)
        return sum(did for _, did in self._steps) / seconds if seconds >= 0.5 else None


def line(done: int, total: int, stage: str, rate: float | None) -> list[str]:
    """What a person reads beside a bar: how much, how fast, how long still. Parts to be joined."""
    parts = []
    if done:
        parts.append(f"{done:,} of {total:,} {unit(stage)}" if total else f"{done:,} {unit(stage)}")
    if rate and _kind(stage) in UNITS:
        parts.append(f"{rate:,.0f} {unit(stage)}/s" if rate >= 10 else f"{rate:.2g} {unit(stage)}/s")
        if total > done:
            parts.append(f"{duration((total - done) / rate)} left")
    return parts


def duration(seconds: float) -> str:
    """`95` → `1 min 35 s`."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
