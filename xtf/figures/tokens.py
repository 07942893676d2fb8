"""One sample's tokens on its own text, as data for the token view in assets/: what each scores, which are dropped, why.

The same sources draw the view on a page (`xtf.ui.token_view`) and in a report.
"""

import hashlib
from typing import Any, Literal, NamedTuple

import numpy as np

from xtf import explain
from xtf.alternatives import Alternatives
from xtf.assets import asset
from xtf.columns import TOKEN_COLUMNS, Mark
from xtf.config import ATTRIBUTES
from xtf.data.types import Tokens
from xtf.figures import live, palette
from xtf.figures.live import base64_of
from xtf.filters import Verdicts
from xtf.store import ScoredExample, ScoreTable

_SCRIPTS = tuple(f"token_view/{name}.js" for name in (
    "scale", "text", "chunks", "moved", "build", "legend", "handle", "panel", "hand", "keys", "view"))


def script() -> str:
    """The component's JavaScript: one module put together from files that share a scope."""
    return "\n".join(asset(name).read_text(encoding="utf-8") for name in _SCRIPTS)


def style() -> str:
    """The component's style sheet, palette first."""
    return palette.css_variables() + asset("token_view/view.css").read_text(encoding="utf-8")


class Words(NamedTuple):
    """How an attribute is named and drawn. unit: "" for a pure number; scale: percentile for heavy tails; drops:
    the side that fails."""

    title: str
    unit: str
    help: str
    scale: Literal["percentile", "linear"]
    drops: Literal["below", "above"]


WORDS = {
    "reasoning": Words("Reasoning", "weight", "Attention that the token receives from later tokens.",
                       "percentile", "below"),
    "novelty": Words("Novelty (p)", "", "p, the probability that the base model gives the token.",
                     "linear", "above"),
    "relevance": Words("Relevance", "", "Similarity of the token to the domain vector.", "linear", "below"),
}


def payload(example: ScoredExample, verdicts: Verdicts, table: ScoreTable, *, run_id: str = "",
            alternatives: Alternatives | None = None, other: Verdicts | None = None,
            other_name: str = "the other setting") -> dict[str, Any]:
    """What the component draws of a scored example, JSON-able: `unscored` and, for its T tokens, the verdicts.

    bits (dropped by), failed, shielded (fails but protected) and hand uint8; attributes: name, title, unit, values
    float32, limits, …; sentences: {position: why} for tokens that fail anything or are dropped by hand (the rest need
    no reason, and a long sample has thousands); types: {id: text of the type} where it is not the text in its place.

    `run_id`: of the run's manifest; with it the view follows a threshold that is being moved (`live`). `alternatives`:
    what the base model would have said. `other`: a second setting's verdicts, and its name, to mark what changes.
    """
    here = slice(int(table.offsets[example.index]), int(table.offsets[example.index + 1]))
    tokens = Tokens(example.ids, example.marks, example.spans, example.text)
    names = _type_texts(tokens, table)
    made = unscored(tokens, example.id, _labels(tokens, names))
    return {
        **made, "example": example.id, "types": _types(tokens, made["texts"], names),
        "bits": base64_of(verdicts.bits[here], "u1"), "failed": base64_of(verdicts.failed[here], "u1"),
        "shielded": base64_of(verdicts.protected[here], "u1"), "hand": base64_of(verdicts.hand[here], "u1"),
        "attributes": [_attribute(verdicts, name, example.index, here) for name in ATTRIBUTES],
        "sentences": _sentences(table, verdicts, here, verdicts.failed[here] | verdicts.bits[here]),
        "summary": explain.summary_sentence(table, verdicts, example.index),
        "live": live.sample(table, verdicts, example.index, run_id) if run_id else None,
        "alternatives": _alternatives(example, alternatives) if alternatives else None,
        "other": _other(table, verdicts, other, other_name, here) if other else None,
    }


def unscored(tokens: Tokens, name: str = "", labels: dict[int, str] | None = None) -> dict[str, Any]:
    """What the component draws of T tokens without scores: what is trained and what is not, JSON-able.

    Arrays are base64 of little-endian bytes. sample: digest of name, text and tokens; texts: T strings, the characters
    that no earlier token has shown; gaps: {position: text before it that no token covers}; pieces: positions that share
    a character with the token before; labels: {position: text of the token type} where the span is empty; ids int32,
    marks uint8.
    """
    texts, gaps, pieces = cut(tokens.text, tokens.spans)
    none = base64_of(np.zeros(len(tokens), np.uint8), "u1")
    return {
        "sample": _digest(tokens, name), "texts": texts, "gaps": gaps, "pieces": pieces, "labels": labels or {},
        "ids": base64_of(tokens.ids, "<i4"), "marks": base64_of(tokens.marks, "u1"),
        "roles": {int(mark): role(int(mark)) for mark in np.unique(tokens.marks)},
        "response": int(Mark.RESPONSE), "special": int(Mark.SPECIAL),
        "bits": none, "failed": none, "shielded": none, "hand": none, "attributes": [], "sentences": {},
        "summary": f"{int(tokens.trainable.sum()):,} of {len(tokens):,} tokens are trainable.",
    }


def cut(text: str, spans: np.ndarray) -> tuple[list[str], dict[int, str], list[int]]:
    """Cuts `text` by `spans` int32[T, 2] so that every character appears once and in order.

    Returns the T texts, the gaps {position: text before that token that no token covers; T for the end}, and the
    positions of tokens that share characters with an earlier one (byte pieces of one character).
    """
    texts: list[str] = []
    gaps: dict[int, str] = {}
    pieces: list[int] = []
    done = 0
    for position, (start, end) in enumerate(spans.tolist()):
        if start > done:
            gaps[position] = text[done:start]
        elif start < min(done, end):
            pieces.append(position)
        done, begin = max(done, start), max(done, start)
        texts.append(text[begin:end])
        done = max(done, end)
    if done < len(text):
        gaps[len(texts)] = text[done:]
    return texts, gaps, pieces


def role(mark: int) -> str:
    """What a token is, in words, from its bits of `Mark`."""
    if mark & Mark.RESPONSE:
        extra = [words for bit, words in ((Mark.EOS, "end of turn"), (Mark.FINAL_ANSWER, "final answer"))
                 if mark & bit]
        return ", ".join(["response", *extra])
    kind = "prompt" if mark & Mark.PROMPT else "template"
    return f"{kind}, special token" if mark & Mark.SPECIAL else kind


def _attribute(verdicts: Verdicts, name: str, example: int, here: slice) -> dict[str, Any]:
    found = verdicts.attributes[name]
    words = WORDS[name]
    limits = found.limits[example if len(found.limits) > 1 else 0]
    if verdicts.choice is not None:  # another strategy decides, whatever the rules say
        limits = np.full(2, np.nan)
    return {
        "name": name, "title": words.title, "help": words.help,
        "unit": TOKEN_COLUMNS[verdicts.thresholds.reasoning_score].unit if name == "reasoning" else words.unit,
        "scale": words.scale, "drops": words.drops, "range": _range(verdicts, name),
        "limits": [float(limit) if np.isfinite(limit) else None for limit in limits],
        "values": base64_of(found.values[here], "<f4"), "note": " ".join(found.notes),
    }


def _range(verdicts: Verdicts, name: str) -> list[float]:
    """Ends of a linear ramp: of the scale where it has ends, else those of the token types in responses."""
    by_type = verdicts.attributes[name].scores.by_type
    if by_type is None or verdicts.thresholds.relevance_distance == "normalised":
        return [0.0, 1.0]
    values, in_responses, _ = by_type
    known = values[np.isfinite(values) & (in_responses > 0)]
    return [float(known.min()), float(known.max())] if len(known) else [0.0, 1.0]


def _sentences(table: ScoreTable, verdicts: Verdicts, here: slice, wanted: np.ndarray) -> dict[int, str]:
    return {int(t): explain.sentence(table, verdicts, here.start + int(t)) for t in np.flatnonzero(wanted)}


def _other(table: ScoreTable, verdicts: Verdicts, other: Verdicts, name: str, here: slice) -> dict[str, Any]:
    """The second setting's bits uint8[T], and why it drops or spares what either drops."""
    either = verdicts.bits[here] | other.bits[here]
    return {"name": name, "bits": base64_of(other.bits[here], "u1"),
            "sentences": _sentences(table, other, here, either), "summary": explain.summary_sentence(
                table, other, table.example_at(here.start))}


def _alternatives(example: ScoredExample, found: Alternatives) -> dict[str, Any]:
    """Of the trainable tokens in order: ids int32[n, 5] and p float32[n, 5] of the likeliest tokens, rank int32[n] of
    the token itself (-1 where it is not known); texts: {id: decoded text}."""
    trained = example.trainable
    rank = example.scores.get("rank", np.full(len(trained), np.nan, np.float32))[trained]
    return {"ids": base64_of(found.ids[trained], "<i4"), "p": base64_of(found.p[trained], "<f4"),
            "texts": found.texts, "rank": base64_of(np.where(np.isfinite(rank), rank, -1), "<i4")}


def _type_texts(tokens: Tokens, table: ScoreTable) -> dict[int, str]:
    """Decoded text of each token type that occurs here."""
    names, ids = table.type_texts, np.unique(tokens.ids)
    return {int(id_): names[row] for id_, row in zip(ids, np.searchsorted(table.types("id"), ids), strict=True)}


def _types(tokens: Tokens, texts: list[str], names: dict[int, str]) -> dict[int, str]:
    shown = zip(tokens.ids.tolist(), texts, strict=True)
    return {id_: names[id_] for id_, text in shown if names[id_] != text}


def _labels(tokens: Tokens, names: dict[int, str]) -> dict[int, str]:
    empty = np.flatnonzero(tokens.spans[:, 0] == tokens.spans[:, 1])
    return {int(t): names[int(tokens.ids[t])] for t in empty}


def _digest(tokens: Tokens, name: str) -> str:
    parts = (name.encode("utf-8", "surrogatepass"), tokens.text.encode("utf-8", "surrogatepass"),
             tokens.ids.tobytes(), tokens.spans.tobytes())
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()
