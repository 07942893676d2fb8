"""What an export says and what a trainer gave its model, row by row.

Imports nothing of XTF, so that it runs in the environments of trainers that need other versions of everything.
"""

import argparse
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

IGNORE = -100
Row = tuple[tuple[int, ...], tuple[int, ...]]  # ids, labels


def row(ids: Iterable[int], labels: Iterable[int]) -> Row:
    """One row as it is compared. The first label counts for nothing, as no token comes before it: some trainers
    overwrite it."""
    ids, labels = tuple(map(int, ids)), tuple(map(int, labels))
    assert len(ids) == len(labels), f"{len(ids)} ids with {len(labels)} labels"
    return ids, (IGNORE, *labels[1:])


def exported(export: Path) -> list[Row]:
    """The rows of a token-level export, read without the libraries that trainers read them with."""
    kind = json.loads((export / "export.json").read_text(encoding="utf-8"))["format"]
    return [row(found["input_ids"], found["labels"]) for found in _READERS[kind](export)]


def _arrow(export: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    for path in sorted(export.glob("data-*.arrow")):
        with pa.memory_map(str(path)) as file:
            yield from pa.ipc.open_stream(file).read_all().to_pylist()


def _parquet(export: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(export / "data.parquet") as file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()


def _jsonl(export: Path) -> Iterator[dict[str, Any]]:
    with (export / "data.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)


_READERS = {"hf": _arrow, "parquet": _parquet, "jsonl": _jsonl}


def trained(rows: Iterable[Row]) -> list[Row]:
    """Those with a label that the loss sees."""
    return [found for found in rows if any(label != IGNORE for label in found[1])]


def given(batch: dict[str, Any]) -> Iterator[Row]:
    """The rows of a batch as the model gets it: one a line where it is padded, several one after another where it is
    packed, told apart by positions that start anew or by numbers in the mask."""
    ids, labels, mask, positions = (
        [None] * len(batch["input_ids"]) if batch.get(name) is None else batch[name].tolist()
        for name in ("input_ids", "labels", "attention_mask", "position_ids"))
    for line in zip(ids, labels, mask, positions):
        yield from _line(*line)


def _line(ids: list[int], labels: list[int], mask: list[int] | None, positions: list[int] | None) -> Iterator[Row]:
    mask = mask or [1] * len(ids)
    assert all(label == IGNORE for label, here in zip(labels, mask) if not here), "a label on padding"
    start = 0
    for end in range(1, len(ids) + 1):
        fresh = end == len(ids) or mask[end] != mask[start] or (positions is not None and positions[end] == 0)
        if fresh:
            if mask[start]:
                yield row(ids[start:end], labels[start:end])
            start = end


def compared(expected: list[Row], found: list[Row], what: str) -> bool:
    """Prints how many rows are the same, and what the first other ones are; True where all are."""
    wanted, got = Counter(expected), Counter(found)
    same = sum((wanted & got).values())
    print(f"{what}: {len(expected)} rows compared, {same} identical; {len(found)} reached the model")
    for name, others in (("missing", wanted - got), ("not in the export", got - wanted)):
        for ids, labels in list(others)[:3]:
            print(f"  {name}: {len(ids)} tokens, ids {ids[:8]}…, labels {[n for n in labels if n != IGNORE][:8]}…")
    return wanted == got


def recipe(export: Path, name: str) -> ModuleType:
    """A recipe of the export as a module: what is shipped is what is tested."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, export / "recipes" / name)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tiny_model(folder: Path, rows: list[Row], tokenizer: str | None = None) -> Path:
    """A random model for these rows, with that tokenizer; without one, with as many words as there are ids, which will
    do for rows that are tokenised already."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    made = AutoTokenizer.from_pretrained(tokenizer) if tokenizer else _words(max(max(ids) for ids, _ in rows) + 1)
    made.save_pretrained(folder)
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(
        vocab_size=len(made), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=max(64, longest(rows)), initializer_range=0.3,
        bos_token_id=made.eos_token_id, eos_token_id=made.eos_token_id, pad_token_id=made.pad_token_id,
    )).save_pretrained(folder)
    return folder


def _words(ids: int) -> Any:
    """A tokenizer with a word for each id, and two more for padding and for the end."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({f"t{number}": number for number in range(ids + 2)}, unk_token="t0"))
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="t0", pad_token=f"t{ids}", eos_token=f"t{ids + 1}")


def longest(rows: Iterable[Row]) -> int:
    """Tokens of the longest row."""
    return max(len(ids) for ids, _ in rows)


def arguments(about: str) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("export", type=Path, help="folder of an export")
    parser.add_argument("--labels", type=Path, help="token-level export of the same run, where the export is text")
    parser.add_argument("--tokenizer", help="folder or hub id of the tokenizer, where the export is text")
    parser.add_argument("--packing", type=int, nargs="?", const=0, metavar="TOKENS",
                        help="pack rows into sequences of so many tokens; of twice the longest row if not given")
    args = parser.parse_args()
    args.export = args.export.resolve()
    if args.packing == 0:
        args.packing = 2 * longest(exported(args.labels or args.export))
    return args


def finish(same: bool) -> None:
    """Ends the script: 0 where everything is the same."""
    sys.exit(0 if same else 1)
