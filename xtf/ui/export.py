"""The Export page: what would be written at these thresholds, and the file to take away."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from xtf import export as exporting
from xtf import filters, jobs, workspace
from xtf.columns import Mark
from xtf.config import ExportSettings, OtherTokenizer, Thresholds
from xtf.filters import Verdicts
from xtf.runs import Run
from xtf.store import ScoreTable
from xtf.ui import commands, export_other, frame, jobs_view, loaders, state
from xtf.ui.state import Form
from xtf.words import count, excerpt, percent
from xtf.workspace import size

IN_PAGE_TOKENS = 2_000_000  # more are written by a job, so that the page does not stand still
LARGEST_DOWNLOAD = 500_000_000  # bytes: a download passes through the server's memory
_FIRST = 20  # rows shown
_FORM = Form("export")
_FORMATS = {"jsonl": "JSON Lines", "parquet": "Parquet", "hf": "datasets folder"}
_NOTES = {
    "jsonl": "One JSON object a line. Axolotl, TRL and most others read it.",
    "parquet": "One compact file that `datasets`, pandas and DuckDB open.",
    "hf": "What `datasets.load_from_disk` opens, as a zip file.",
}


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
        parts = [self.run.manifest.run_id, self.thresholds.model_dump_json(), self.settings.model_dump_json(),
                 *([export_other.stamp(self.other)] if self.other else [])]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
        return workspace.home() / "exports" / f"{self.run.name}-{self.settings.format}-{digest}"

    def argv(self, out: Path | str) -> list[str]:
        return commands.export(self.run.name, self.preset, self.thresholds, self.settings, Path(out), self.other)


def summary(run: Run) -> None:
    """Counts and warnings of what would be exported now."""
    found, table = loaders.summary(run, state.thresholds()), loaders.table(run)
    cells = frame.numbers("export", 4)
    cells[0].metric("Examples", count(found["examples"]), border=True, help="Rows of the exported dataset.")
    cells[1].metric("Kept response tokens", count(found["kept"]), border=True,
                    help="Their label is the token's id: the loss sees them.")
    cells[2].metric("Dropped response tokens", count(found["dropped"]), border=True,
                    help="Their label is -100: they stay in the input and give no gradient.")
    cells[3].metric("Kept", percent(found["kept_share"]), border=True, help="Kept share of the response tokens.")
    for sentence in warnings(table, loaders.verdicts(run, state.thresholds()), found):
        st.warning(sentence, icon=":material/warning:")


def warnings(table: ScoreTable, verdicts: Verdicts, found: dict[str, Any]) -> list[str]:
    """What to know before training on this, in sentences."""
    sentences = []
    if found["dropped"] == 0:
        sentences.append("Nothing is dropped at these thresholds: this is plain fine-tuning data.")
    if empty := found["examples_without_kept"]:
        sentences.append(f"{count(empty)} examples keep no token and would give no gradient: leave them out below, or "
                         "drop less.")
    eos = table.trainable & ((table.marks & Mark.EOS) != 0)
    lost = int(np.count_nonzero(eos & ~verdicts.keep))
    if not eos.any():
        sentences.append("No end-of-turn token is trained: a model tuned on this may not stop. Score with the EOS "
                         "option on.")
    elif lost:
        sentences.append(f"{count(lost)} of {count(int(np.count_nonzero(eos)))} end-of-turn tokens are dropped: a "
                         "model tuned on this may not stop. Protect the EOS on the Thresholds page.")
    return sentences


def prepare(run: Run) -> None:
    """The choices, the command line, and the download."""
    chosen = _choice(run)
    st.caption("The same on the command line")
    st.code(commands.shown(chosen.argv(f"{run.name}-{chosen.settings.format}")), language="bash", wrap_lines=True)
    if (chosen.folder / exporting.folder.RECORD).is_file():
        _download(chosen)
    else:
        _start(chosen)
    _first_rows(chosen)


def _choice(run: Run) -> Choice:
    key = "export.kind"
    kind = _FORM.values.get("kind", "jsonl")
    state.show(key, kind)
    left, middle, right = frame.cards("export", [2, 1, 1], vertical_alignment="bottom")
    left.segmented_control("Format", list(_FORMATS), key=key, required=True, format_func=_FORMATS.__getitem__,
                           on_change=_FORM.taking("kind", key))
    with middle:
        scores = _toggle("with_scores", "With scores", "Adds id, reasoning, p, relevance and the verdict bits of each "
                                                       "token as further columns.")
    with right:
        drop = _toggle("drop_empty", "Leave out empty examples", "Leaves out examples without a kept token.")
    st.caption(_NOTES[kind])
    other = export_other.chosen(_FORM)
    if other and scores:
        st.caption("Scores belong to the tokens that were scored, so they are left out.")
    chosen = ExportSettings(format=kind, with_scores=scores and other is None, drop_empty=drop)
    return Choice(run, state.preset(), state.thresholds(), chosen, other)


def _toggle(name: str, label: str, help_: str) -> bool:
    key = f"export.{name}"
    state.show(key, _FORM.values.get(name, False))
    return st.toggle(label, key=key, help=help_, on_change=_FORM.taking(name, key))


def _start(chosen: Choice) -> None:
    argv = [*chosen.argv(chosen.folder), "--overwrite"]
    running = next((job for job in jobs.running() if job.argv == argv), None)
    if running:
        jobs_view.watch(jobs_view.progresses, "export-progress")
        return
    last = next((job for job in jobs.list_jobs() if job.argv == argv), None)
    if last and last.state in ("failed", "lost"):
        frame.fault(last.message)
    if st.button("Prepare the file", type="primary", icon=":material/inventory_2:"):
        if len(loaders.table(chosen.run).ids) > IN_PAGE_TOKENS:
            jobs.start(argv, f"Exporting {chosen.run.name}")
        else:
            with st.spinner("Writing and reading back …"):
                exporting.write(chosen.run, chosen.thresholds, chosen.settings, chosen.folder, overwrite=True,
                                other=chosen.other)
        st.rerun()


def _download(chosen: Choice) -> None:
    record = workspace.read_json(chosen.folder / exporting.folder.RECORD)
    path = _file(chosen.folder, chosen.settings.format)
    counts = record["counts"]
    st.success(f"Ready: {count(counts['examples'])} examples, {count(counts['kept'])} of {count(counts['trainable'])} "
               f"response tokens kept ({percent(counts['kept_share'], 2)}). Written, read back and found identical.",
               icon=":material/check_circle:")
    if chosen.other:
        export_other.report(record["carried"])
    if path.stat().st_size > LARGEST_DOWNLOAD:
        st.caption(f"With {size(path.stat().st_size)} it is too large for a download through the browser. It is here:")
        st.code(str(chosen.folder), language=None, wrap_lines=True)
        return
    name = f"{chosen.run.name}-{state.preset()}{path.suffix}"
    st.download_button(f"Download {size(path.stat().st_size)}", lambda: path.open("rb"), name, type="primary",
                       icon=":material/download:", on_click="ignore", key="export.download")
    with st.expander("Where it is, and what made it"):
        st.code(str(chosen.folder), language=None, wrap_lines=True)
        st.json(record, expanded=1)


def _file(folder: Path, kind: str) -> Path:
    """The one file to download; a folder is zipped once, on disk."""
    if kind != "hf":
        return folder / exporting.FORMATS[kind].data
    path = folder.with_name(f"{folder.name}.zip")
    if not path.is_file() or path.stat().st_mtime < (folder / exporting.folder.RECORD).stat().st_mtime:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".zipping-") as temporary:
            made = shutil.make_archive(str(Path(temporary) / folder.name), "zip", folder)
            os.replace(made, path)
    return path


def _first_rows(chosen: Choice) -> None:
    if chosen.other is None:
        rows = first_rows(loaders.table(chosen.run), loaders.verdicts(chosen.run, chosen.thresholds))
    elif (chosen.folder / exporting.folder.RECORD).is_file():
        rows = export_other.first_rows(chosen.folder, chosen.settings.format, _FIRST)
    else:
        return  # there are none yet
    st.subheader("First rows", anchor=False)
    st.dataframe(rows, hide_index=True, alt="First rows of the exported dataset", column_config={
        "text": st.column_config.TextColumn(width=220, help="The end of the text, which is not exported."),
        "trainable": st.column_config.NumberColumn("response", width=75, help="Response tokens."),
        "kept": st.column_config.NumberColumn(width=60, help="Response tokens whose label is not -100."),
        "input_ids": st.column_config.TextColumn(width=270, help="The last ids, as numbers."),
        "labels": st.column_config.TextColumn(width=270, help="Of the same tokens: -100 where the loss sees nothing.")})


def first_rows(table: ScoreTable, verdicts: Verdicts, longest: int = _FIRST) -> pd.DataFrame:
    """The first examples as the trainer will get them: the end of each list of numbers, as text."""
    rows = []
    for index in range(min(longest, len(table))):
        here = slice(int(table.offsets[index]), int(table.offsets[index + 1]))
        ids, keep = table.ids[here], verdicts.keep[here]
        rows.append({"id": table.example_ids[index], "text": f"… {excerpt(table.example(index).text[-60:])}",
                     "trainable": int(table.trainable[here].sum()), "kept": int(keep.sum()),
                     "input_ids": export_other.ending(ids.tolist()),
                     "labels": export_other.ending(filters.labels(ids, keep).tolist())})
    return pd.DataFrame(rows)
