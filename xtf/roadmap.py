"""The way from a first look to everyday use in three phases, as a checklist that reads off the workspace what is done.

Nothing is ticked by hand: each item counts what the library lists. Imports no PyTorch.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xtf import runs, saved, workspace
from xtf.bench.planted import result as planted
from xtf.comparison.arms import states
from xtf.comparison.folder import Comparison, list_comparisons
from xtf.errors import XtfError
from xtf.export.record import RECORD
from xtf.store import Manifest
from xtf.training.folder import list_trainings
from xtf.value.measured import ENOUGH
from xtf.words import listed

_NAMED = 3


@dataclass(frozen=True)
class Item:
    """One thing to do. `told`: what of it is there, or what to do; `page`: the page that does it (`xtf.ui.frame`)."""

    title: str
    done: bool
    told: str
    page: str


@dataclass(frozen=True)
class Phase:
    """`takes`: how long it usually takes, in words."""

    title: str
    takes: str
    items: list[Item]

    @property
    def done(self) -> int:
        return sum(item.done for item in self.items)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def phases() -> list[Phase]:
    """All three, as the workspace is now."""
    scored = [manifest for manifest in runs.list_runs() if manifest.complete]
    compared = list(_compared())
    return [Phase("Discovery and assessment", "2 to 4 weeks", [*_discovery(scored)]),
            Phase("Integration and pilot", "4 to 8 weeks", [*_pilot(compared)]),
            Phase("Optimisation and scaling", "ongoing", [*_scaling(scored, compared)])]


def _discovery(scored: list[Manifest]) -> Iterator[Item]:
    own = _own(scored)
    yield _item("Score a first run", [one.name for one in scored], "Score the demo: it takes less than a minute.",
                "score")
    yield _item("Score data of your own", [one.name for one in own],
                "So far there is the demo only: give a file, a folder or a hub id.", "score")
    yield _item("Score with the model that you fine-tune",
                [one.name for one in scored if one.settings.get("model") != "embedded"],
                "The embedded model is for a first look: what a token teaches hangs on the model.", "score")
    yield _item("See whether the scores find planted noise", planted.known(),
                "A bench plants noise at known places and measures what each score finds of it.", "evidence")
    yield _item("Settle thresholds and save them", [one.name for one in saved.listed()[0]],
                "Move the cutoffs until the drops make sense to you, and save them under a name.", "thresholds")


def _pilot(compared: list[tuple[Comparison, bool]]) -> Iterator[Item]:
    yield _item("Prepare an export for your trainer", _exports(),
                "Exports that the page prepares are counted; those that a command wrote elsewhere are not.", "export")
    yield _item("Finish a fine-tune", [made.name for made in list_trainings() if made.done],
                "Train on exactly the tokens that the thresholds keep.", "finetune")
    enough = [one.name for one, done in compared if done and one.settings.seeds >= ENOUGH
              and {"normal", "random"} <= set(one.settings.strategies)]
    yield _item(f"Compare with normal and random, {ENOUGH} seeds or more", enough,
                _begun(compared) or "Only this shows whether filtering helps on your data.", "compare")


def _scaling(scored: list[Manifest], compared: list[tuple[Comparison, bool]]) -> Iterator[Item]:
    own = {str(one.data.get("digest", one.name)): one.name for one in _own(scored)}
    yield _item("Score a second dataset of your own", list(own.values()),
                "What holds for one dataset need not hold for the next.", "score", least=2)
    thresholds = {one.thresholds.model_dump_json(): one.name for one, done in compared if done}
    yield _item("Compare other thresholds", list(thresholds.values()),
                "Two finished comparisons at different thresholds show which of them to keep.", "compare", least=2)
    evaluated = [made.name for made in list_trainings() if made.done and made.evaluations()]
    yield _item("Evaluate fine-tunes on held-out data", evaluated,
                "A loss on the training data says nothing of new questions.", "finetune")


def _item(title: str, there: list[str], otherwise: str, page: str, least: int = 1) -> Item:
    """Done once there are so many."""
    if len(there) >= least:
        more = len(there) - _NAMED
        return Item(title, True, listed([*there[:_NAMED], *([f"{more} more"] if more > 0 else [])]), page)
    return Item(title, False, otherwise, page)


def _own(scored: list[Manifest]) -> list[Manifest]:
    """Runs of other data than what comes with XTF, or what it made itself: benches, twins of examples."""
    home = workspace.home().resolve()
    return [one for one in scored if (data := str(one.settings.get("data"))) not in ("demo", "humaneval")
            and not Path(data).resolve().is_relative_to(home)]


def _exports() -> list[str]:
    return sorted(path.parent.name for path in (workspace.home() / "exports").glob(f"*/{RECORD}")
                  if not path.parent.name.startswith("."))


def _compared() -> Iterator[tuple[Comparison, bool]]:
    """All comparisons, and whether each is finished; damaged ones are passed over."""
    for one in list_comparisons():
        with suppress(XtfError, KeyError, OSError):
            yield one, all(state.state == "done" for state in states(one))


def _begun(compared: list[tuple[Comparison, bool]]) -> str:
    """What there is of it, where it is not enough yet."""
    unfinished = [one.name for one, done in compared if not done]
    if unfinished:
        return f"Begun and not finished: {listed(unfinished[:_NAMED])}."
    few = [one.name for one, _ in compared]
    return f"{listed(few[:_NAMED])} had too few seeds, or lacked normal or random." if few else ""
