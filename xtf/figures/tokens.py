"""One sample's tokens on its own text, as data for the token view in assets/: what each scores, which are dropped, why.

The same sources draw the view on a page (`xtf.ui.token_view`) and in a report.
"""

import base64
import hashlib
from typing import Any, Literal, NamedTuple

import numpy as np

from xtf import explain
from xtf.assets import asset
from xtf.columns import TOKEN_COLUMNS, Mark
from xtf.config import ATTRIBUTES
from xtf.data.types import Tokens
from xtf.figures import palette
from xtf.filters import Verdicts
from xtf.store import ScoredExample, ScoreTable

_SCRIPTS = ("token_scale.js", "token_text.js", "token_build.js", "token_panel.js", "token_keys.js", "token_view.js")


def script() -> str:
    """The component's JavaScript: one module put together from files that share a scope."""
    return "\n".join(asset(name).read_text(encoding="utf-8") for name in _SCRIPTS)


def style() -> str:
    """The component's style sheet, palette first."""
    return palette.css_variables() + asset("token_view.css").read_text(encoding="utf-8")


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


def payload(example: ScoredExample, verdicts: Verdicts, table: ScoreTable) -> dict[str, Any]:
    """What the component draws of a scored example, JSON-able: `unscored` and, for its T tokens, the verdicts.

    bits (dropped by), failed and shielded (fails but protected) uint8; attributes: name, title, unit, values float32,
    limits, …; sentences: {position: why} for tokens that fail anything (the rest need no reason, and a long sample has
    thousands).
    """
    here = slice(int(table.offsets[example.index]), int(table.offsets[example.index + 1]))
    tokens = Tokens(example.ids, example.marks, example.spans, example.text)
    return {
        **unscored(tokens, example.id, _labels(tokens, table)),
        "bits": _base64(verdicts.bits[here], "u1"), "failed": _base64(verdicts.failed[here], "u1"),
        "shielded": _base64(verdicts.protected[here], "u1"),
        "attributes": [_attribute(verdicts, name, example.index, here) for name in ATTRIBUTES],
        "sentences": {int(t): explain.sentence(table, verdicts, here.start + int(t))
                      for t in np.flatnonzero(verdicts.failed[here])},
        "summary": explain.summary_sentence(table, verdicts, example.index),
    }


def unscored(tokens: Tokens, name: str = "", labels: dict[int, str] | None = None) -> dict[str, Any]:
    """What the component draws of T tokens without scores: what is trained and what is not, JSON-able.

    Arrays are base64 of little-endian bytes. sample: digest of name, text and tokens; texts: T strings, the characters
    that no earlier token has shown; gaps: {position: text before it that no token covers}; pieces: positions that share
    a character with the token before; labels: {position: text of the token type} where the span is empty; ids int32,
    marks uint8.
    """
    texts, gaps, pieces = cut(tokens.text, tokens.spans)
    none = _base64(np.zeros(len(tokens), np.uint8), "u1")
    return {
        "sample": _digest(tokens, name), "texts": texts, "gaps": gaps, "pieces": pieces, "labels": labels or {},
        "ids": _base64(tokens.ids, "<i4"), "marks": _base64(tokens.marks, "u1"),
        "roles": {int(mark): role(int(mark)) for mark in np.unique(tokens.marks)},
        "response": int(Mark.RESPONSE), "special": int(Mark.SPECIAL),
        "bits": none, "failed": none, "shielded": none, "attributes": [], "sentences": {},
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
    return {
        "name": name, "title": words.title, "help": words.help,
        "unit": TOKEN_COLUMNS[verdicts.thresholds.reasoning_score].unit if name == "reasoning" else words.unit,
        "scale": words.scale, "drops": words.drops, "range": _range(verdicts, name),
        "limits": [float(limit) if np.isfinite(limit) else None for limit in limits],
        "values": _base64(found.values[here], "<f4"), "note": " ".join(found.notes),
    }


def _range(verdicts: Verdicts, name: str) -> list[float]:
    """Ends of a linear ramp: of the scale where it has ends, else those of the dataset's values."""
    if name == "novelty" or (name == "relevance" and verdicts.thresholds.relevance_distance == "normalised"):
        return [0.0, 1.0]
    values = verdicts.attributes[name].values
    known = values[np.isfinite(values)]
    return [float(known.min()), float(known.max())] if len(known) else [0.0, 1.0]


def _labels(tokens: Tokens, table: ScoreTable) -> dict[int, str]:
    empty = np.flatnonzero(tokens.spans[:, 0] == tokens.spans[:, 1])
    if len(empty) == 0:
        return {}
    names, rows = table.type_texts, np.searchsorted(table.types("id"), tokens.ids[empty])
    return {int(t): names[row] for t, row in zip(empty, rows, strict=True)}


def _digest(tokens: Tokens, name: str) -> str:
    parts = (name.encode("utf-8", "surrogatepass"), tokens.text.encode("utf-8", "surrogatepass"),
             tokens.ids.tobytes(), tokens.spans.tobytes())
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()


def _base64(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode("ascii")
