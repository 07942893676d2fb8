"""Token types of a run, and where one of them stands in the text: which is dropped, why, and in what company."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xtf import blocks, explain, roles, stats
from xtf.config import ATTRIBUTES
from xtf.filters import Verdicts
from xtf.store import ScoredExample, ScoreTable

AROUND = 40  # characters on each side
_DRAWN = 50  # places looked at for each context wanted


@dataclass(frozen=True)
class Context:
    """One response token of a type, with the text around it."""

    token: int  # position in the flat arrays
    example: int
    id: str
    left: str
    text: str  # what the token covers; its decoded text where it covers no character
    right: str
    keep: bool
    sentence: str  # the verdict


def types(table: ScoreTable, verdicts: Verdicts) -> pd.DataFrame:
    """The token types of the responses, most frequent first: id, text, role, tokens (in responses), dropped, kept,
    share (dropped of tokens), reasoning, novelty, relevance, by_hand, by_strategy (dropped by each)."""
    tokens = table.types("response_count")
    order = np.argsort(-tokens, kind="stable")
    order = order[tokens[order] > 0]
    texts, gone = table.type_texts, stats.types_by_reason(table, verdicts)
    role_names = np.array(roles.ROLES)[roles.of_types(table)]
    found = {name: counts[order] for name, counts in gone.items()}
    return pd.DataFrame({
        "id": table.types("id")[order], "text": [texts[row] for row in order], "role": role_names[order],
        "tokens": tokens[order], "dropped": found["dropped"], "kept": tokens[order] - found["dropped"],
        "share": found["dropped"] / tokens[order], **{
            name: found[name] for name in (*ATTRIBUTES, "by_hand", "by_strategy")}})


def contexts(table: ScoreTable, verdicts: Verdicts, type_id: int, count: int = 20, seed: int = 0) -> list[Context]:
    """Up to `count` response tokens of that vocabulary id, drawn at random: half dropped and half kept where there are
    enough of both, from different examples as far as there are any. Dropped ones first, each kind in the data's order.
    """
    random = np.random.default_rng(seed)
    places = _places(table, type_id)
    kept = verdicts.keep[places]
    dropped, held = places[~kept], places[kept]
    least = count // 2
    wanted = min(len(dropped), max(count - least, count - len(held)))
    drawn = [*spread(table, dropped, wanted, random), *spread(table, held, min(len(held), count - wanted), random)]
    return [_context(table, verdicts, token) for token in drawn]


def _places(table: ScoreTable, type_id: int) -> np.ndarray:
    """int64: the response tokens of that id, as positions in the flat arrays."""
    def found(first: int, last: int) -> np.ndarray:
        here = slice(table.offsets[first], table.offsets[last])
        return here.start + np.flatnonzero((table.ids[here] == type_id) & table.trainable[here])

    return np.concatenate([np.zeros(0, np.int64), *blocks.each(found, table.offsets)])


def spread(table: ScoreTable, places: np.ndarray, count: int, random: np.random.Generator) -> list[int]:
    """`count` of the places, ascending, one from an example while there are examples left; all if there are fewer."""
    if len(places) > _DRAWN * count:
        places = places[random.choice(len(places), _DRAWN * count, replace=False, shuffle=False)]
    places = random.permutation(places)
    examples = np.searchsorted(table.offsets, places, side="right") - 1
    firsts = np.sort(np.unique(examples, return_index=True)[1])
    others = np.setdiff1d(np.arange(len(places)), firsts)
    return sorted(places[np.concatenate([firsts, others])[:count]].tolist())


def around(table: ScoreTable, token: int) -> tuple[ScoredExample, str, str, str]:
    """The example of the token at a position of the flat arrays, the text before it, of it, and after it."""
    example = table.example(table.example_at(token))
    place = token - int(table.offsets[example.index])
    start, end = example.spans[place].tolist()
    text = example.text[start:end] or _name(table, example, place)
    return example, example.text[max(0, start - AROUND):start], text, example.text[end:end + AROUND]


def _context(table: ScoreTable, verdicts: Verdicts, token: int) -> Context:
    example, left, text, right = around(table, token)
    return Context(token, example.index, example.id, left, text, right, bool(verdicts.keep[token]),
                   explain.sentence(table, verdicts, token))


def _name(table: ScoreTable, example: ScoredExample, place: int) -> str:
    row = int(np.searchsorted(table.types("id"), example.ids[place]))
    return table.type_texts[row]
