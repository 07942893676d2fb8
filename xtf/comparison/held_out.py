"""The one held-out set of a comparison: a run of the same model, in which nothing of the training data should be."""

from xtf import runs
from xtf.comparison.folder import Comparison
from xtf.config import ScoreSettings, settings
from xtf.data import sources
from xtf.engine import again, local
from xtf.errors import SettingsError
from xtf.preflight import overlap
from xtf.progress import Progress, within
from xtf.runs import Run
from xtf.words import count

#: Kinds of source that may hold a split beside the one that was trained on.
_WITH_SPLITS = ("demo", "saved", "folder", "hub")
_EMBEDDED = ("demo", "humaneval")  # their rows are as they are, whatever those of the run were taken for


def settled(comparison: Comparison, run: Run, progress: Progress) -> Run:
    """The held-out run, scored if it is data, and remembered in the comparison with what there is to know of it.

    Raises: SettingsError where it is no fit measure; DataError, ModelError, StoreError.
    """
    held_out = _named(comparison) or _scored(comparison, run, progress)
    _check_model(run, held_out)
    comparison.note(held_out=held_out.name, notes=_overlap(run, held_out))
    return held_out


def _named(comparison: Comparison) -> Run | None:
    """The finished run that was named; the run that is trained on is none, so that its name can be that of data."""
    name = comparison.settings.held_out
    if name is None or name == comparison.run or name not in {known.name for known in runs.list_runs()}:
        return None
    run = runs.open_run(name)
    if not run.complete:
        raise SettingsError(f"The held-out run {name} is not finished: finish scoring it, or choose another.")
    return run


def _scored(comparison: Comparison, run: Run, progress: Progress) -> Run:
    """The held-out data as a run, scored just as the training data was; resumed, or found if it is there."""
    found = local.score(source(comparison, run), f"{comparison.name}-heldout", within("held-out data", progress))
    return runs.open_run(found.name)


def source(comparison: Comparison, run: Run) -> ScoreSettings:
    """What is scored as the held-out run. Raises: SettingsError where the run's own data has no other split."""
    chosen, own = comparison.settings, again.settings_of(run.manifest)
    if chosen.held_out is None and sources.kind_of(own) not in _WITH_SPLITS:
        raise SettingsError(f"The data of run {run.name} has no other split to hold out: name held-out data with "
                            "--held-out.")
    data = chosen.held_out or own.data
    read = {"data": data, "split": chosen.held_out_split, "limit": chosen.held_out_examples,
            "domain": run.manifest.data.get("domain", own.domain)}
    if data != own.data:
        read |= {"config": None, "format": "auto" if data in _EMBEDDED else own.format}
    return settings(ScoreSettings, own.model_dump() | read)


def _check_model(run: Run, held_out: Run) -> None:
    """Raises: SettingsError where another model or tokenizer scored it: then its groups would mean something else."""
    ours, theirs = run.manifest.model, held_out.manifest.model
    for part, words in (("digest", "model"), ("tokenizer", "tokenizer")):
        if ours.get(part) != theirs.get(part):
            raise SettingsError(f"The held-out run {held_out.name} was scored with another {words} than run "
                                f"{run.name}: score it with the same, or name its data instead.")


def _overlap(run: Run, held_out: Run) -> list[str]:
    """What there is to know of examples that are in both. Raises: SettingsError where all are."""
    found = int(overlap.leaks(overlap.between(held_out.table(), run.table())).sum())
    examples = len(held_out.table())
    if found == examples:
        raise SettingsError(f"Every held-out example is in run {run.name}, too, so nothing would be held out: choose "
                            "other data with --held-out or another --held-out-split.")
    if not found:
        return []
    return [f"{count(found)} of {count(examples)} held-out examples are in run {run.name}, too: what is measured on "
            "them is memory."]
