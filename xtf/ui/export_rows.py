"""On the Export page: the first rows, as the trainer will get them."""

import html
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from xtf import filters
from xtf.assets import asset
from xtf.export import FORMATS
from xtf.filters import Verdicts
from xtf.store import ScoreTable
from xtf.ui import export_checks, export_other, loaders
from xtf.ui.export_choice import IN_TOKENS, Choice
from xtf.words import excerpt

_FIRST = 20  # rows in the table
_MESSAGES = 3  # examples shown as messages
_LONGEST = 1500  # characters of a message


def section(chosen: Choice) -> None:
    """The first rows. Those in another tokenizer's ids and those of messages are there once the export is."""
    of_run = chosen.settings.format in IN_TOKENS and chosen.other is None
    if not of_run and not chosen.ready:
        return
    st.subheader("First rows", anchor=False)
    if chosen.settings.format not in IN_TOKENS:
        _messages(_rows(chosen, _MESSAGES))
    elif chosen.other:
        _table(export_other.first_rows(_rows(chosen, _FIRST)))
    else:
        table, verdicts = loaders.table(chosen.run), loaders.verdicts(chosen.run, chosen.thresholds)
        _table(first_rows(table, verdicts, export_checks.exported(chosen)[:_FIRST]))


def _table(rows: pd.DataFrame) -> None:
    st.dataframe(rows, hide_index=True, alt="First rows of the exported dataset", height=7 * 35 + 3, column_config={
        "text": st.column_config.TextColumn(width=220, help="The end of the text, which is not exported."),
        "trainable": st.column_config.NumberColumn("response", width=75, help="Response tokens."),
        "kept": st.column_config.NumberColumn(width=60, help="Response tokens whose label is not -100."),
        "input_ids": st.column_config.TextColumn(width=270, help="The last ids, as numbers."),
        "labels": st.column_config.TextColumn(width=270, help="Of the same tokens: -100 where the loss sees nothing.")})


def first_rows(table: ScoreTable, verdicts: Verdicts, examples: np.ndarray) -> pd.DataFrame:
    """These examples as the trainer will get them: the end of each list of numbers, as text."""
    rows = []
    for index in examples.tolist():
        here = slice(int(table.offsets[index]), int(table.offsets[index + 1]))
        ids, keep = table.ids[here], verdicts.keep[here]
        rows.append({"id": table.example_ids[index], "text": f"… {excerpt(table.example(index).text[-60:])}",
                     "trainable": int(table.trainable[here].sum()), "kept": int(keep.sum()),
                     "input_ids": export_other.ending(ids.tolist()),
                     "labels": export_other.ending(filters.labels(ids, keep).tolist())})
    return pd.DataFrame(rows)


def _rows(chosen: Choice, longest: int) -> list[dict[str, Any]]:
    """The first rows of the finished export."""
    batch = next(iter(FORMATS[chosen.settings.format].read(chosen.folder)))
    return list(pa.Table.from_batches([batch]).slice(0, longest).to_pylist())


def _messages(rows: Iterable[dict[str, Any]]) -> None:
    """Examples as messages, what the loss sees of them underlined."""
    st.caption("Underlined is what is trained. The ends of long messages are left out here.")
    st.html(asset("export.css"))
    st.html("".join(_example(row) for row in rows))


def _example(row: dict[str, Any]) -> str:
    name = html.escape(str(row.get("id", "")))
    return f"<article class='xtf-example'><h4>{name}</h4>{''.join(map(_message, row['messages']))}</article>"


def _message(message: dict[str, Any]) -> str:
    text = str(message["content"])[:_LONGEST]
    role = html.escape(str(message["role"]))
    more = "…" if len(text) < len(message["content"]) else ""
    return f"<p><b>{role}</b><span>{marked(text, _trained(message))}{more}</span></p>"


def _trained(message: dict[str, Any]) -> list[tuple[int, int]]:
    """What of a message is trained, as (start, end) in characters; see `xtf.export.text` and `xtf.export.messages`."""
    if "trained" in message:
        return [(start, end) for start, end in message["trained"]]
    if message["train"] and not message["train_detail"]:
        return [(0, len(message["content"]))]
    return [(one["begin_offset"], one["end_offset"] + 1) for one in message["train_detail"] if one["train"]]


def marked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """HTML of a text whose spans (start, end; characters, in order) are underlined."""
    parts, done = [], 0
    for start, end in spans:
        if start < len(text):
            parts += [html.escape(text[done:start]), f"<u>{html.escape(text[start:end])}</u>"]
            done = end
    return "".join([*parts, html.escape(text[done:])])
