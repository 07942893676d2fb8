"""Datasets that `datasets` knows how to find: folders in hub layout, `save_to_disk` folders, and the hub itself."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from xtf.config import DataSettings
from xtf.data.readers import READERS, Rows, reason, suffix
from xtf.errors import DataError

HUB_TIMEOUT = 10.0  # seconds
HUB_RETRIES = 4  # of 5 seconds each, while a stream is read


def is_saved_to_disk(folder: Path) -> bool:
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def saved_rows(folder: Path, settings: DataSettings) -> Rows:
    """Rows of a `save_to_disk` folder, memory-mapped; of one split where it holds several.

    Raises: DataError where the split is missing (listing those present) or the folder is damaged.
    """
    from datasets import DatasetDict, load_from_disk

    try:
        dataset = load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder} cannot be read as a saved dataset ({reason(error)}).") from error
    if isinstance(dataset, DatasetDict):
        dataset = dataset[_checked_split(settings, dataset)]
    yield from dataset.with_format(None)


def folder_rows(folder: Path, settings: DataSettings) -> Rows:
    """Rows of a folder in hub layout: `datasets` says which files make up the split, our own readers read them.

    Raises: DataError where the folder holds no data or not that split.
    """
    from datasets import load_dataset_builder

    _quieten()
    try:
        builder = load_dataset_builder(str(folder), name=settings.config)
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"The folder {folder} holds no dataset that can be read ({reason(error)}).") from error
    files: Mapping[str, Iterable[str]] = builder.config.data_files or {}
    names = [Path(name) for name in files[_checked_split(settings, files)]]
    if all(suffix(name) in READERS for name in names):
        for name in names:
            yield from READERS[suffix(name)](name)
    else:
        yield from _streamed(str(folder), settings, None)


def hub_rows(settings: DataSettings) -> Rows:
    """Rows of a dataset on the hub, streamed. Raises: DataError where it cannot be reached or found."""
    yield from _streamed(settings.data, settings, hub_commit(settings.data))


def hub_commit(name: str) -> str:
    """The commit that a hub dataset stands at. One request, so that an unreachable hub is known in time: the
    streaming reader would retry for half a minute first. Raises: DataError."""
    from huggingface_hub import HfApi
    from huggingface_hub import errors as hub

    try:
        return HfApi().dataset_info(name, timeout=HUB_TIMEOUT).sha or "main"
    except hub.OfflineModeIsEnabled as error:
        raise DataError(f"{_neither(name)}, and the hub is switched off by HF_HUB_OFFLINE.") from error
    except hub.GatedRepoError as error:
        raise DataError(f"The hub dataset {name} is gated: accept its terms on its page, then log in with "
                        "`hf auth login`.") from error
    except hub.RepositoryNotFoundError as error:
        raise DataError(f"{_neither(name)}, and the hub has no dataset of that name; check the name, or log in with "
                        "`hf auth login` if it is private.") from error
    except (hub.HTTPError, hub.HFValidationError, OSError) as error:
        raise DataError(f"{_neither(name)}, and the Hugging Face hub cannot be reached ({reason(error)}): check "
                        "the name or the network.") from error


def _streamed(name: str, settings: DataSettings, revision: str | None) -> Rows:
    import datasets

    _quieten()
    datasets.config.STREAMING_READ_MAX_RETRIES = datasets.config.STREAMING_OPEN_MAX_RETRIES = HUB_RETRIES
    try:
        splits = datasets.load_dataset(name, name=settings.config, revision=revision, streaming=True)
        yield from splits[_checked_split(settings, splits)]
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"The dataset {name} cannot be read ({reason(error)}).") from error


def _checked_split(settings: DataSettings, splits: Iterable[str]) -> str:
    names = [str(name) for name in splits]
    if settings.split in names:
        return settings.split
    raise DataError(f"{settings.data} has no split {settings.split!r}; it has {', '.join(names) or 'none'}: choose one "
                    "with --split.")


def _neither(name: str) -> str:
    return f"{name} is no file or folder here"


def _quieten() -> None:
    """Faults are told in our own sentence, once."""
    import datasets

    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
