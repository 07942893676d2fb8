"""Made-up rows and shards for `store.py` and `ui.py`: lengths, marks and distributions as in real data, no sense."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from xtf.columns import Mark

SCORES = ("logprob", "entropy", "entropy_top20", "rank", "margin", "received_mean", "received_mean_adjusted",
          "received_first", "received_first_adjusted", "received_last", "received_last_adjusted", "received_last_third",
          "received_last_third_adjusted", "prompt_attention", "row_mean")
VOCABULARY = 49_152
SHARD_EXAMPLES = 82  # of about 200 tokens: as many as scoring puts into a shard
POOL = 1 << 21  # tokens; shards are cut out of it at random places
LETTERS = 4.3  # of a token
SIGNS = np.array([*"abcdefghijklmnopqrstuvwxyz0123456789+=.,     "])  # of the texts: words, numbers, signs

_NAMES = ("Mia", "Tom", "Ada", "Noor", "Ben", "Lena", "Omar", "Ruth")
_THINGS = ("apples", "pens", "books", "coins", "eggs", "stamps", "chairs", "tickets")


def write_rows(path: Path, count: int) -> None:
    """A file of so many short problems, none of which has the id of another."""
    draw = np.random.default_rng(0).integers
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, count, 10_000):
            for index, (name, thing, a, b) in enumerate(draw((8, 8, 900, 900), size=(min(10_000, count - start), 4))):
                a, b, who, what = int(a) + 2, int(b) + 2, _NAMES[name], _THINGS[thing]
                question = f"{who} has {a} {what} and gets {b} more. How many {what} does {who} have now?"
                answer = f"{who} has {a} + {b} = <<{a}+{b}={a + b}>>{a + b} {what}.\n#### {a + b}"
                file.write(json.dumps({"id": f"row-{start + index}", "question": question, "answer": answer}) + "\n")


class Counts:
    """Tokens of each type so far."""

    def __init__(self) -> None:
        self.all, self.responses = (np.zeros(VOCABULARY, np.int64) for _ in range(2))

    def add(self, ids: np.ndarray, marks: np.ndarray) -> None:
        self.all += np.bincount(ids, minlength=VOCABULARY)
        self.responses += np.bincount(ids[(marks & Mark.RESPONSE) != 0], minlength=VOCABULARY)


def shards(tokens: int, counts: Counts) -> Iterator[pa.Table]:
    """Shards that hold about so many tokens together; `counts` counts them."""
    random = np.random.default_rng(1)
    pool, text = _pool(random), _text(random)
    made = first = 0
    while made < tokens:
        prompts, answers = (np.clip(random.normal(mean, mean / 3, SHARD_EXAMPLES), 4, None).astype(np.int64)
                            for mean in (90, 110))
        shard, ids, marks = _shard(random, pool, text, first, prompts, answers)
        counts.add(ids, marks)
        made, first = made + len(ids), first + shard.num_rows
        yield shard


def long_shard(counts: Counts, prompt: int, answer: int) -> pa.Table:
    """A shard with one example of so many tokens."""
    random = np.random.default_rng(3)
    shard, ids, marks = _shard(random, _pool(random), _text(random), 0, np.array([prompt]), np.array([answer]))
    counts.add(ids, marks)
    return shard


def _pool(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Values of each score: p is U-shaped, attention has a heavy tail, ids follow Zipf's law."""
    pool = {name: random.lognormal(0, 1, POOL).astype(np.float32) for name in SCORES}
    pool["logprob"] = np.log(np.clip(random.beta(0.5, 0.35, POOL), 1e-9, 1)).astype(np.float32)
    pool["ids"] = (random.zipf(1.2, POOL) % VOCABULARY).astype(np.int32)
    return pool


def _text(random: np.random.Generator) -> str:
    return "".join(SIGNS[random.integers(0, len(SIGNS), int(POOL * LETTERS))])


def _shard(random: np.random.Generator, pool: dict[str, np.ndarray], text: str, first: int, prompts: np.ndarray,
           answers: np.ndarray) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """Examples with prompts and answers of these lengths int64[N]; then ids and marks of all their tokens."""
    lengths = prompts + answers
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
    size = int(offsets[-1])
    place = np.arange(size) - np.repeat(offsets[:-1], lengths)
    answered = place >= np.repeat(prompts, lengths)
    marks = _marks(place, answered, np.repeat(lengths, lengths))

    def cut(name: str) -> np.ndarray:
        start = int(random.integers(0, POOL - size))
        return pool[name][start:start + size]

    ids = cut("ids")
    starts, ends = ((letter * LETTERS).astype(np.int32) for letter in (place, place + 1))
    columns = {"ids": ids, "starts": starts, "ends": ends, "marks": marks,
               **{name: np.where(answered, cut(name), np.float32(np.nan)) for name in SCORES}}
    lists = {name: pa.ListArray.from_arrays(pa.array(offsets), pa.array(values)) for name, values in columns.items()}
    names = [f"row-{first + row}" for row in range(len(lengths))]
    texts = [text[int(start * LETTERS):int(end * LETTERS) + 1] for start, end in pairwise(offsets)]
    return pa.table({"id": pa.array(names), "text": pa.array(texts, pa.large_string()), **lists}), ids, marks


def _marks(place: np.ndarray, answered: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Prompt and answer, of which the last token ends the turn and those before it state the final answer."""
    marks = np.where(answered, np.uint8(Mark.RESPONSE), np.uint8(Mark.PROMPT))
    left = lengths - place
    marks[left == 1] |= np.uint8(Mark.EOS | Mark.SPECIAL)
    marks[(left > 1) & (left < 4)] |= np.uint8(Mark.FINAL_ANSWER)
    return marks


def types(counts: Counts) -> pa.Table:
    """The table of token types for these counts."""
    ids = np.flatnonzero(counts.all).astype(np.int32)
    similarity = np.random.default_rng(2).normal(0.1, 0.05, len(ids)).astype(np.float32)
    return pa.table({"id": ids, "text": pa.array([f"t{id_}" for id_ in ids]), "first_id": ids, "count": counts.all[ids],
                     "response_count": counts.responses[ids], "embedding_dataset": similarity})
