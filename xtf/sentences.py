"""Sentences of one's own, scored with a run's model as if they stood in its data.

    $XTF_HOME/sentences/DIGEST/scores.arrow         one row, laid out as a run's shard
    $XTF_HOME/sentences/DIGEST/alternatives.arrow   what else the model would have said
    $XTF_HOME/sentences/DIGEST/sentence.json        run and texts; written last
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xtf import alternatives, workspace
from xtf.alternatives import Alternatives
from xtf.columns import TYPE_COLUMNS
from xtf.errors import StoreError
from xtf.shards import mapped, write_ipc
from xtf.store import ScoreTable

EXAMPLE = "your sentence"  # its id among the examples of a run
KEPT = 50


@dataclass(frozen=True, eq=False)
class Sentence:
    """A prompt and a response, scored with the model of a run."""

    run_id: str
    prompt: str
    response: str
    shard: pa.Table  # one row
    alternatives: Alternatives
    texts: dict[int, str]  # decoded text of each token type in it


def digest(run_id: str, prompt: str, response: str) -> str:
    """What a sentence is kept under."""
    told = json.dumps([run_id, prompt, response], ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def cached(run_id: str, prompt: str, response: str) -> Sentence | None:
    """The sentence if a job has scored it; None if there is nothing that can be used."""
    folder = _folder() / digest(run_id, prompt, response)
    try:
        told = workspace.read_json(folder / "sentence.json")
        texts = {int(id_): str(text) for id_, text in told["texts"].items()}
        shard = mapped(folder / "scores.arrow")
    except (OSError, pa.ArrowInvalid, ValueError, KeyError, TypeError, AttributeError):
        return None
    found = alternatives.read(folder / "alternatives.arrow", run_id)
    same = (told.get("run_id"), told.get("prompt"), told.get("response")) == (run_id, prompt, response)
    if found is None or not same or not _fits(shard, found, texts):
        return None
    return Sentence(run_id, prompt, response, shard, found, texts)


def keep(sentence: Sentence) -> None:
    """Puts it on disk; of all sentences the newest 50 stay. Raises: StoreError when the disk is full."""
    folder = _folder() / digest(sentence.run_id, sentence.prompt, sentence.response)
    workspace.write_atomically(folder / "scores.arrow", lambda temporary: write_ipc(sentence.shard, temporary))
    alternatives.write(folder / "alternatives.arrow", sentence.run_id, sentence.alternatives)
    workspace.write_json(folder / "sentence.json", {
        "run_id": sentence.run_id, "prompt": sentence.prompt, "response": sentence.response, "texts": sentence.texts})
    for old in sorted(_folder().glob("*/sentence.json"), key=_written, reverse=True)[KEPT:]:
        workspace.remove_folder(old.parent)


def beside(table: ScoreTable, sentence: Sentence, shards: int | None = None) -> ScoreTable:
    """The run's examples (those of its first `shards` shards, if given) and the sentence as the last one, so that every
    rule judges it as if it belonged to the run.

    Token types keep the run's counts and similarities; those that the run does not know have none (NaN).
    Raises: StoreError if the sentence has other score columns than the run.
    """
    count = len(table.shards) if shards is None else min(shards, len(table.shards))
    missing = set(table.shards[0].column_names) ^ set(sentence.shard.column_names)
    if missing:
        raise StoreError(f"Run and sentence differ in what was scored ({', '.join(sorted(missing))}), because XTF has "
                         "changed since: score the run again.")
    return ScoreTable(_AndOne(table.shards, count, sentence.shard), _types(table, sentence), rounding=table.rounding)


class _AndOne(Sequence[pa.Table]):
    """The first `count` shards of a run, each still opened only when it is asked for, and one more."""

    def __init__(self, shards: Sequence[pa.Table], count: int, last: pa.Table):
        self._shards, self._count, self._last = shards, count, last

    def __len__(self) -> int:
        return self._count + 1

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index <= self._count:
            raise IndexError(index)
        return self._last if index == self._count else self._shards[index]


def _types(table: ScoreTable, sentence: Sentence) -> pa.Table:
    """The run's token types and the sentence's new ones, which count nowhere, so that clusters and ranges stay."""
    known, texts = table.types("id"), table.type_texts
    new = np.setdiff1d(np.fromiter(sentence.texts, np.int32, len(sentence.texts)), known)
    ids = np.concatenate([known, new])
    order = np.argsort(ids)
    columns: dict[str, Any] = {"id": ids, "first_id": np.concatenate([table.types("first_id"), new])}
    for name in ("count", "response_count"):
        columns[name] = np.concatenate([table.types(name), np.zeros(len(new), np.int64)])
    for name in TYPE_COLUMNS:
        try:
            columns[name] = np.concatenate([table.types(name), np.full(len(new), np.nan, np.float32)])
        except KeyError:  # a run that does not hold it
            continue
    every = [*texts, *(sentence.texts[id_] for id_ in new.tolist())]
    return pa.table({"text": pa.array([every[row] for row in order], pa.string()),
                     **{name: column[order] for name, column in columns.items()}})


def _fits(shard: pa.Table, found: Alternatives, texts: dict[int, str]) -> bool:
    """Whether the files belong together."""
    if shard.num_rows != 1 or not {"id", "text", "ids", "starts", "ends", "marks"} <= set(shard.column_names):
        return False
    ids = shard["ids"][0].as_py()
    return len(ids) == len(found.ids) and set(ids) == texts.keys()


def _folder() -> Path:
    return workspace.home() / "sentences"


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # another process tidies up, too
        return 0
