"""An export into a dataset repository of the Hugging Face hub, through huggingface_hub: one commit, or nothing."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xtf
from xtf import workspace
from xtf.errors import SettingsError, StoreError
from xtf.export import card, record
from xtf.export.folder import read_back
from xtf.export.hub_faults import told
from xtf.progress import Progress, silent

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

MAIN = "main"
LARGEST_TEXT = 10_000_000  # bytes of a card or a recipe
#: Besides the data: what `write` puts into an export.
_OURS = (record.RECORD, card.CARD, card.SETTINGS, "recipes/*")
#: What an earlier export may have left in the repository, in whatever format.
_EARLIER = (*_OURS, "data.parquet", "data.jsonl", "data-*.arrow", "dataset_info.json", "state.json")
_UNTOUCHED = {".gitattributes"}  # the hub makes it


@dataclass(frozen=True)
class _There:
    """A repository as it is before the push."""

    private: bool
    files: frozenset[str]  # of the branch that is pushed to
    branch: bool  # whether that branch is there


def push(folder: Path | str, repo: str, *, token: str | None = None, private: bool = True, revision: str | None = None,
         overwrite: bool = False, progress: Progress = silent) -> dict[str, Any]:
    """Uploads an export to the dataset repository `repo` (owner/name), made if there is none, in one commit.

    What made the export goes along, but for the paths of this machine, of which only the last names are told. `token`:
    a write token; where huggingface_hub looks for one (HF_TOKEN, a login) if not given. `private`: the repository
    must be, or becomes, private. `revision`: branch, made if there is none. `overwrite`: take the place of what is
    there; an earlier export's files go. Returns repo, url, commit, revision, private, files, left_out (files in the
    folder that are no part of the export). `progress` counts tokens while the rows are checked.

    Raises: SettingsError for a name that cannot be one, no token, or a public repository that should be private;
    StoreError for what is no export, one whose rows are not whole, a repository that holds files already, and for
    whatever the hub or the network answers. A push that failed can be repeated; what arrived is not sent again.
    """
    folder, revision = workspace.expanded(folder), revision or None
    checked = _checked(repo)
    api = _api(token)
    made_by = read_back(folder, progress=progress)
    if made_by.get("format_version") != record.FORMAT_VERSION:
        raise StoreError(f"{folder} was not written by this version of XTF: export again, then push.")
    names, left_out = _files(folder, made_by)
    progress(0, 0, "uploading")
    with told(repo), _quiet():
        there = _existing(api, checked, revision)
        _refuse(repo, there, private, overwrite)
        url = api.create_repo(checked, repo_type="dataset", private=private, exist_ok=True) if there is None else None
        if revision not in (None, MAIN) and not (there and there.branch):
            api.create_branch(checked, repo_type="dataset", branch=str(revision), exist_ok=True)
        operations: list[Any] = [*_removals(there, names), *_additions(folder, names, made_by)]
        commit = api.create_commit(
            url.repo_id if url else checked, operations, repo_type="dataset", revision=revision,
            commit_message=f"Export of run {made_by['run']} by XTF {xtf.__version__}")
    return {"repo": checked, "url": f"{api.endpoint}/datasets/{checked}", "commit": commit.oid,
            "revision": revision or MAIN, "private": there.private if there else private, "files": names,
            "left_out": left_out}


def _checked(repo: str) -> str:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise SettingsError(f"{repo[:120]!r} cannot be the name of a repository: give OWNER/NAME of letters, digits, "
                            "dots, dashes and underscores, up to 96 characters.") from error
    if "/" not in repo:
        raise SettingsError(f"{repo} says no owner: give OWNER/NAME, where OWNER is your user name or organisation.")
    return repo


def _api(token: str | None) -> "HfApi":
    from huggingface_hub import HfApi, get_token

    if not (token or get_token()):
        raise SettingsError("Pushing needs a write token of the hub: set HF_TOKEN, log in with `hf auth login`, or "
                            "name a file that holds it with --token-file.")
    return HfApi(token=token, library_name="xtf", library_version=xtf.__version__)


def read_token(path: Path) -> str:
    """The token in a file. Raises: SettingsError where there is none; it never repeats what the file holds."""
    try:
        token = workspace.expanded(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The token file {path} cannot be read: check its name and permissions.") from error
    if not re.fullmatch(r"[\x21-\x7e]{1,500}", token):
        raise SettingsError(f"The token file {path} holds no token: it should be one line with nothing else.")
    return token


def _files(folder: Path, made_by: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Names of the files that are the export, and of those that somebody has put beside them. Links lead elsewhere."""
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if not path.is_dir()}
    ours = [name for name, path in found.items() if path.is_file() and not path.is_symlink()
            and (name in made_by["files"] or _matches(name, _OURS))]
    if missing := sorted(made_by["files"].keys() - set(ours)):
        raise StoreError(f"The export {folder} is not whole: {missing[0]} is missing; export again.")
    return ours, sorted(found.keys() - set(ours))


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _existing(api: "HfApi", repo: str, revision: str | None) -> _There | None:
    """The repository, None where there is none that this token can see."""
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        info = api.dataset_info(repo, revision=revision)
        return _There(bool(info.private), _names(info), True)
    except RevisionNotFoundError:
        info = api.dataset_info(repo)  # a new branch begins as a copy of the main one
        return _There(bool(info.private), _names(info), False)
    except RepositoryNotFoundError:
        return None


def _names(info: Any) -> frozenset[str]:
    return frozenset(file.rfilename for file in info.siblings or ())


def _refuse(repo: str, there: _There | None, private: bool, overwrite: bool) -> None:
    if there is None:
        return
    if private and not there.private:
        raise SettingsError(f"The repository {repo} is public: say so with --public if everybody may read this export, "
                            "or choose another name.")
    if there.branch and there.files - _UNTOUCHED and not overwrite:
        raise StoreError(f"The repository {repo} holds files already: choose another name or branch, or overwrite it.")


def _removals(there: _There | None, names: list[str]) -> "Iterator[CommitOperationDelete]":
    """Of an earlier export, what the new one does not replace; other people's files stay."""
    from huggingface_hub import CommitOperationDelete

    if there is None or record.RECORD not in there.files:
        return
    for name in sorted(there.files - set(names)):
        if _matches(name, _EARLIER):
            yield CommitOperationDelete(name)


def _additions(folder: Path, names: list[str], made_by: dict[str, Any]) -> "Iterator[CommitOperationAdd]":
    from huggingface_hub import CommitOperationAdd

    for name in names:
        path = folder / name
        if name in made_by["files"]:
            yield CommitOperationAdd(name, path)
        elif path.stat().st_size > LARGEST_TEXT:
            raise StoreError(f"{path} is too large for a text beside the data: make it shorter, or export again.")
        elif name == record.RECORD:
            yield CommitOperationAdd(name, json.dumps(record.public(made_by), indent=2).encode())
        else:
            text = path.read_bytes().decode("utf-8", "surrogateescape")
            yield CommitOperationAdd(name, record.without_paths(text, made_by).encode("utf-8", "surrogateescape"))


@contextmanager
def _quiet() -> Iterator[None]:
    """The library's own bars would run into ours."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    were = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not were:
            enable_progress_bars()
