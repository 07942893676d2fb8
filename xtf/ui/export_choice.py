"""What the Export page's form says: for which trainer, in which form, at which thresholds."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from xtf import workspace
from xtf.config import ExportSettings, OtherTokenizer, Thresholds, settings
from xtf.export.formats import TOKEN_FORMATS
from xtf.export.record import RECORD
from xtf.runs import Run
from xtf.ui import commands, export_other, forms, loaders, state
from xtf.ui.state import Form

FORM = Form("export")
FORMATS: dict[str, tuple[str, str]] = {
    "hf": ("Datasets folder", "What load_from_disk of the library datasets opens."),
    "parquet": ("Parquet", "One compact file that datasets, pandas and DuckDB open."),
    "jsonl": ("JSON Lines", "One JSON object a line."),
    "text": ("Messages and characters", "The messages, and which characters of them are trained: fits any tokenizer."),
    "messages": ("Messages and flags", "The messages, with flags that say what of each is trained."),
}
#: Formats in one tokenizer's ids: weights and scores, one for each token, fit in them.
IN_TOKENS = TOKEN_FORMATS
IN_PAGE_TOKENS = 2_000_000  # of a run; for more a job is started, so that the page does not stand still
IN_PAGE_CARRIED = 100_000  # the same where they are carried over to another tokenizer


class Trainer(NamedTuple):
    """Who takes the export."""

    label: str
    formats: tuple[str, ...]  # that it takes, the first unless another is chosen
    sentence: str
    recipe: str  # how the names of its recipe files begin


TRAINERS = {
    "trl": Trainer("TRL", IN_TOKENS, "SFTTrainer takes finished labels as they are.", "trl"),
    "transformers": Trainer("transformers", IN_TOKENS, "The plain Trainer class, or a loop of your own.",
                            "transformers"),
    "axolotl": Trainer("Axolotl", IN_TOKENS, "A dataset with an empty type, which is taken as it is.", "axolotl"),
    "llama-factory": Trainer("LLaMA-Factory", ("hf",), "A folder that is named as tokenized_path.", "llama"),
    "flags": Trainer("Flags on messages", ("messages",), "Axolotl's chat templates, and others that take a training "
                     "flag with each message.", "axolotl"),
    "other": Trainer("Another", ("text", *IN_TOKENS, "messages"), "For a script of your own, or a tokenizer that is "
                     "not known yet.", "transformers"),
}
_OPTIONS = ("drop_empty", "drop_duplicates", "trainer_length", "drop_long", "held_out", "held_out_split",
            "drop_overlap", "with_weights", "with_scores")


class Choice(NamedTuple):
    """One export: which run at which thresholds, in which form."""

    run: Run
    preset: str
    thresholds: Thresholds
    settings: ExportSettings
    other: OtherTokenizer | None

    @property
    def folder(self) -> Path:
        """Where it is prepared: one folder for each different content."""
        parts = [*loaders.identity(self.run), self.thresholds.model_dump_json(), self.settings.model_dump_json(),
                 self.stamp]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
        return place() / f"{self.run.name}-{self.settings.format}-{digest}"

    @property
    def stamp(self) -> str:
        """Text that changes when a local file does that is read beside the run."""
        return f"{export_other.stamp(self.other)} {export_other.changed(self.settings.held_out)}"

    @property
    def stem(self) -> str:
        """What a download is called."""
        return f"{self.run.name}-{self.preset}"

    @property
    def ready(self) -> bool:
        """Whether it is prepared already."""
        return (self.folder / RECORD).is_file()

    @property
    def in_page(self) -> bool:
        """Whether the page itself may go through the rows; else a job does."""
        tokens = len(loaders.table(self.run).ids)
        return tokens <= (IN_PAGE_CARRIED if self.other else IN_PAGE_TOKENS)

    def argv(self, out: Path | str) -> list[str]:
        """The command line that writes it to `out`."""
        return commands.export(self.run.name, self.preset, self.thresholds, self.settings, Path(out), self.other)

    def allowing(self, allow: tuple[str, ...]) -> "Choice":
        """The same with those stops allowed by name."""
        return self._replace(settings=self.settings.model_copy(update={"allow": allow}))


def place() -> Path:
    """The folder of all exports that the page prepares."""
    return workspace.home() / "exports"


def trainer_name() -> str:
    """The trainer that was chosen."""
    return str(FORM.values.get("trainer", "trl"))


def trainer() -> Trainer:
    """What is known of it."""
    return TRAINERS[trainer_name()]


def format_() -> str:
    """The format that was chosen, if the trainer takes it; else the trainer's own."""
    asked = FORM.values.get("format")
    return asked if asked in trainer().formats else trainer().formats[0]


def take(changes: Mapping[str, Any]) -> None:
    """Puts new values into the form. A format that the trainer does not take brings one that does."""
    FORM.values.update(changes)
    if FORM.values.get("format") not in (None, *trainer().formats):
        FORM.values["trainer"] = next(name for name, one in TRAINERS.items() if FORM.values["format"] in one.formats)


def option(name: str) -> Any:
    """The present value of one field of the settings."""
    return FORM.values.get(name, ExportSettings.model_fields[name].default)


def chosen(run: Run, other: OtherTokenizer | None) -> Choice:
    """What the form says. Raises: SettingsError naming all faults."""
    values = {name: option(name) for name in _OPTIONS}
    if format_() not in IN_TOKENS or other:
        values["with_scores"] = False
    if format_() not in IN_TOKENS:
        values["with_weights"] = False
    values["held_out"] = forms.absolute(values["held_out"] or "") or None
    return Choice(run, state.preset(), state.thresholds(),
                  settings(ExportSettings, {**values, "format": format_()}), other)


def changed() -> list[str]:
    """The options that are not as they come, in words."""
    words = {"drop_empty": "empty examples left out", "drop_duplicates": "duplicates left out",
             "trainer_length": f"at most {option('trainer_length')} tokens", "drop_long": "long examples left out",
             "held_out": "held-out data compared", "drop_overlap": "overlap left out",
             "with_weights": "with weights", "with_scores": "with scores"}
    return [said for name, said in words.items() if option(name) != ExportSettings.model_fields[name].default]
