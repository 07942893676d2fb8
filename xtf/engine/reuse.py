"""What is scored already is not scored again: a finished run of the same data, model and settings is found by id."""

import hashlib
import os
import shutil
from pathlib import Path

import filelock
import pyarrow as pa

from xtf import digests, models, runs, workspace
from xtf.config import ScoreSettings
from xtf.engine import identity
from xtf.errors import StoreError
from xtf.runs import Run
from xtf.store import Manifest


def finished(settings: ScoreSettings, name: str | None = None) -> Manifest | None:
    """The finished run that `score` would make, or None. Takes a fraction of a second once the files' digests are
    known. Raises: XtfError as `score` does."""
    workspace.checked_name(name or identity.default_name(settings))
    if settings.model == models.EMBEDDED and not models.embedded_ready():
        return None  # nothing was scored with it yet, and unpacking it takes a while
    return find(identity.asked(settings, name or identity.default_name(settings)), named=name is not None)


def find(asked: Manifest, named: bool) -> Manifest | None:
    """The finished run of that id: the one of that name, else any other. Where a name was asked for that is still free,
    a copy under that name, which shares the other's files and so takes no room."""
    same = [Run(workspace.runs_dir() / manifest.name) for manifest in runs.list_runs()
            if manifest.complete and manifest.run_id == asked.run_id]
    for run in sorted(same, key=lambda run: run.name != asked.name):
        if trusted(run):
            wanted = Run(workspace.runs_dir() / asked.name)
            if run.name != asked.name and named:
                return _copied(run, asked.name) if not wanted.path.exists() else None
            return run.manifest
    return None


def trusted(run: Run) -> bool:
    """Whether a finished run still holds what was scored. Its checksums are compared once, and again only when a file
    of it was touched since."""
    if not run.whole:
        return False
    try:
        digests.remembered("whole run", _files(run), lambda: _verified(run))
    except (OSError, StoreError):
        return False
    return True


def trust(run: Run) -> None:
    """Remembers that a run was just written, so that it need not be read again to be believed."""
    digests.remember(digests.stamp("whole run", _files(run)), run.name)


def types_digest(types: pa.Table) -> str:
    """sha256 over the table of token types, which unlike a shard has no checksum of its own beside it."""
    digest = hashlib.sha256()
    for column in types.column_names:
        digest.update(repr((column, types[column].to_pylist())).encode("utf-8", "surrogatepass"))
    return f"sha256:{digest.hexdigest()}"


def _files(run: Run) -> list[Path]:
    return [*(run.path / "shards").glob("[0-9]*"), run.path / "types.arrow", run.path / "manifest.json"]


def _verified(run: Run) -> str:
    """Raises: StoreError if something does not hold what was scored."""
    run.verify()
    with pa.memory_map(str(run.path / "types.arrow")) as file:
        found = types_digest(pa.ipc.open_file(file).read_all())
    if found != run.manifest.data.get("types"):
        raise StoreError(f"Run {run.name} is damaged: its token types are not what was computed.")
    return run.name


def _copied(run: Run, name: str) -> Manifest:
    """A second run of the same shards under another name."""
    target, temporary = Run(workspace.runs_dir() / name), workspace.home() / ".copying"
    try:
        with filelock.FileLock(workspace.home() / ".copying.lock"):
            workspace.remove_folder(temporary)  # of a process that was killed
            shutil.copytree(run.path, temporary, copy_function=_linked,
                            ignore=shutil.ignore_patterns(".*", "partial.arrow", "flat"))
            for told in ("settings.json", "manifest.json"):
                workspace.write_json(temporary / told, workspace.read_json(run.path / told) | {"name": name})
            os.replace(temporary, target.path)
    except OSError as error:
        raise workspace.disk_error(target.path, error) from error
    trust(target)
    return target.manifest


def _linked(source: str, target: str) -> None:
    """Shards are replaced and never written to, so that two runs can share them. Not every file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
