"""`xtf bench planted`: plants noise, scores it as any data is scored, and measures who finds it. Resumed by the same
settings: files and finished runs are used again."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import xtf
from xtf import models, preparing, runs, workspace
from xtf.bench.planted import data, measure, result
from xtf.bench.planted.candidates import PASSIVE, candidates
from xtf.bench.planted.data import DataSet
from xtf.bench.planted.measure import Measured
from xtf.bench.planted.plant import Planted
from xtf.bench.planted.result import Planting, Result
from xtf.bench.planted.settings import PlantedSettings
from xtf.config import STRATEGY_SETTINGS, ModelSettings, ScoreSettings, Thresholds
from xtf.engine import local
from xtf.errors import DataError, SettingsError
from xtf.progress import READING, Progress, Say, quiet, silent, within
from xtf.training.settings import TrainSettings

MEASURING = "measuring"


def bench(settings: PlantedSettings, progress: Progress = silent, say: Say = quiet) -> Result:
    """All of it; the result is kept in the workspace. Raises: XtfError."""
    progress(0, 0, READING)
    notes: list[str] = []
    sets = data.data_sets(settings, notes.append)
    for note in notes:
        say(note)
    planted = data.with_noise(sets, data.words(models.load_tokenizer(settings)), settings.seed)
    texts = list(map(_lines, planted))
    key, found, plantings = _key(settings, texts), [], []
    for one, text in zip(sets, texts, strict=True):
        path = _put(result.folder(key) / f"{one.name}.jsonl", text)
        run = _scored(one, path, key, settings, within(one.title, progress), say)
        if settings.prepare:
            notes += prepare(run, settings, within(one.title, progress))
        progress(0, 0, f"{one.title} · {MEASURING}")
        table = run.table()
        here = measure.measured(one.name, table, result.spans(key, one.name), candidates(table))
        notes += _left_out(one, here)
        if not any(measure.counts(here).values()):
            continue
        found.append(here)
        plantings.append(Planting(one.name, one.title, run.name, run.manifest.run_id, here.examples - here.lost,
                                  int((here.kinds >= measure.CLEAN).sum()), measure.counts(here)))
    if not found:
        raise DataError("No planted noise was found again in any rendered text: examples are too long for this model, "
                        "or its chat template rewrites answers; choose another model.")
    progress(0, 0, MEASURING)
    made = _result(key, settings, plantings, found, notes)
    result.save(made)
    return made


def _lines(rows: list[Planted]) -> str:
    """The examples as JSON Lines in chat format, with what was planted beside them."""
    return "".join(json.dumps({"id": row.example.id, "messages": [asdict(turn) for turn in row.example.messages],
                               "planted": row.spans}) + "\n" for row in rows)


def _key(settings: PlantedSettings, texts: list[str]) -> str:
    """Eight digits that stand for what is planted and for what scores it."""
    asked = settings.model_dump(exclude={"device", "trust_remote_code", "prepare"})
    return hashlib.sha256(json.dumps([asked, *texts], sort_keys=True).encode()).hexdigest()[:8]


def _put(path: Path, text: str) -> Path:
    """A file that holds just this stays as it is."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        workspace.write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return path


def _scored(one: DataSet, path: Path, key: str, settings: PlantedSettings, progress: Progress, say: Say) -> runs.Run:
    """The run of a data set. Raises: XtfError."""
    model = settings.model_dump(include=set(ModelSettings.model_fields))
    name = f"{result.RUNS}{one.name}-{key}"
    asked = ScoreSettings(data=str(path), format="messages", domain=one.domain, too_long="skip", empty="skip", **model)
    manifest = local.score(asked, name, progress, say)
    return runs.open_run(manifest.name)


def prepare(run: runs.Run, settings: PlantedSettings, progress: Progress = silent) -> list[str]:
    """Gives the run what strategies go by; returns why one cannot have it, a sentence each. Raises: XtfError."""
    lacking = []
    wanted = {name: kind for name, kind in STRATEGY_SETTINGS.items() if name not in PASSIVE}
    for name, kind in wanted.items():
        try:
            preparing.prepare(run, Thresholds(strategy=kind()), TrainSettings(device=settings.device),
                              progress=progress)
        except SettingsError as error:
            lacking.append(f"{name} is left out. {error}")
    return lacking


def _left_out(one: DataSet, here: Measured) -> list[str]:
    """What is not measured, in a sentence."""
    if not any(measure.counts(here).values()):
        return [f"{one.title} is left out: in the examples that this model takes, no planted noise is found again."]
    return [f"{one.title}: {here.lost} examples are left out, whose answers the chat template rewrites."] \
        if here.lost else []


def _result(key: str, settings: PlantedSettings, sets: list[Planting], found: list[Measured], notes: list[str]
            ) -> Result:
    every = [one.found for one in found]
    signals = {signal.name: signal.title for one in every for signal in one.signals}
    decisions = {decision.name: decision.title for one in every for decision in one.decisions}
    return Result(
        key, models.display_name(settings), settings.model_dump(), sets, signals, decisions,
        list(measure.cells(found)), list(measure.drops(found)),
        {name: why for one in every for name, why in one.missing.items() if name not in signals | decisions},
        notes, workspace.now(), xtf.__version__)
