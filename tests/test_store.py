"""Flat arrays kept beside a run: the same as in memory, made again when they cannot be trusted, never needed."""

import os
import shutil
import subprocess

import numpy as np
import pytest

from tests import tables
from tests.tables import EOS, NAN, PROMPT, RESPONSE
from xtf import blocks, filters, grid, runs, stats
from xtf.config import PRESETS, Cutoff, Fence, Otsu, Quantile, Thresholds
from xtf.errors import StoreError
from xtf.flat import Flat
from xtf.store import ScoreTable

SETTINGS = [
    PRESETS["corrected"][1], PRESETS["paper"][1],
    Thresholds(novelty=Cutoff(value=0.8, cap=0.25), reasoning=Quantile(share=0.2, scope="dataset"),
               relevance=Cutoff(value=0.5)),
    Thresholds(novelty=Otsu(classes=3, drop=2), reasoning=Fence(k=0.5, cap=0.1, cap_ties="published"), combine="two",
               relevance=Otsu(classes=3, drop=0, scope="example")),
]


def some_run(name: str = "big", seed: int = 0, examples: int = 60) -> runs.Run:
    """A finished run of seven shards, some examples without any token."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 30, size=examples)
    marks = [[PROMPT] * int(n // 3) + [RESPONSE] * int(n - n // 3) for n in lengths]
    for row in marks:
        row[-1:] = [EOS] * len(row[-1:])
    table = tables.table(
        [rng.integers(0, 60, size=n).tolist() for n in lengths], marks,
        {"logprob": [_scored(np.log(rng.beta(0.5, 0.5, size=n)), row) for n, row in zip(lengths, marks)],
         "received_mean_adjusted": [_scored(rng.lognormal(size=n), row) for n, row in zip(lengths, marks)],
         "received_mean": [_scored(rng.lognormal(size=n), row) for n, row in zip(lengths, marks)]},
        types={"embedding_dataset": {t: float(rng.normal()) for t in range(60)}}, chunks=7)
    return tables.saved(name, table)


def _scored(values: np.ndarray, marks: list[int]) -> np.ndarray:
    return np.where(np.array(marks, int) & RESPONSE, values, NAN)


@pytest.fixture
def mapped(monkeypatch) -> None:
    """Every run counts as a large one, and is worked on in many pieces."""
    monkeypatch.setattr(runs, "FLAT_FROM", 0)
    monkeypatch.setattr(blocks, "TOKENS", 100)


def in_memory(run: runs.Run) -> ScoreTable:
    table = run.table()
    return ScoreTable(list(table.shards), table._types)


def read(table: ScoreTable) -> dict[str, list]:
    """Everything that pages and commands read of a table."""
    found: dict[str, list] = {name: table.column(name).tolist() for name in ("ids", "starts", "ends", "marks")}
    found |= {name: table.column(name).astype(str).tolist() for name in table.score_names}
    found |= {"offsets": table.offsets.tolist(), "id": list(table.example_ids), "texts": list(table.texts()),
              "type_of": table.type_of.tolist(), "trainable": table.trainable.tolist(),
              "trainable_counts": table.trainable_counts.tolist()}
    for number, thresholds in enumerate(SETTINGS):
        verdicts = filters.judge(table, thresholds)
        found[f"bits {number}"], found[f"keep {number}"] = verdicts.bits.tolist(), verdicts.keep.tolist()
        found[f"summary {number}"] = [stats.summary(table, verdicts)]
        found[f"examples {number}"] = stats.by_example(table, verdicts).astype(str).to_numpy().tolist()
        found[f"top {number}"] = stats.top_dropped(table, verdicts).to_numpy().tolist()
        found[f"sweep {number}"] = grid.sweep(table, verdicts, "novelty").to_numpy().tolist()
    return found


def files(run: runs.Run) -> dict[str, int]:
    """Modification times of the flat arrays, by path."""
    return {str(path): path.stat().st_mtime_ns for path in sorted((run.path / "flat").rglob("*.npy"))}


def test_mapped_arrays_are_those_of_one_piece_in_memory(home, mapped, monkeypatch):
    run = some_run()
    found = read(run.table())
    assert len(files(run)) > 10 and isinstance(run.table().column("logprob").base, np.memmap)
    monkeypatch.setattr(blocks, "TOKENS", 1 << 18)
    assert found == read(in_memory(run))


def test_columns_are_the_shards_one_after_the_other(home, mapped):
    run = some_run()
    table = run.table()
    for name in ("ids", "marks", "logprob", "received_mean_adjusted"):
        naive = [value for shard in table.shards for row in shard[name].to_pylist() for value in row]
        np.testing.assert_array_equal(table.column(name), naive)
    for index in range(len(table)):
        one, here = table.example(index), slice(table.offsets[index], table.offsets[index + 1])
        assert one.id == table.example_ids[index] == f"e{index}" and table.find(f"e{index}") == index
        np.testing.assert_array_equal(one.ids, table.ids[here])
        np.testing.assert_array_equal(one.scores["logprob"], table.column("logprob")[here])
        assert {table.example_at(token) for token in range(here.start, here.stop)} <= {index}
    with pytest.raises(IndexError):
        table.example(len(table))
    with pytest.raises(StoreError, match="no example 'e60'"):
        table.find("e60")


def test_a_second_reader_makes_nothing_anew(home, mapped):
    run = some_run()
    first = read(run.table())
    before = files(run)
    assert read(run.table()) == first and files(run) == before


def test_arrays_of_other_shards_are_not_used(home, mapped):
    run = some_run()
    old = read(run.table())
    runs.delete_run("big")
    assert read(some_run(seed=1).table()) != old
    before = set(files(run))
    shard = run.shard(3)
    run.write_shard(3, shard.slice(0, shard.num_rows))  # scored again: the same bytes, another time
    assert read(run.table()) == read(in_memory(run))
    assert not before & set(files(run))  # the earlier ones are gone


@pytest.mark.parametrize("damage", [lambda data: data[:-8], lambda data: data[:40], lambda data: b"",
                                    lambda data: b"x" * 200])
def test_arrays_that_are_cut_off_are_made_again(home, mapped, damage):
    run = some_run()
    first = read(run.table())
    for path in map(os.fspath, files(run)):
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(damage(data))
    assert read(run.table()) == first == read(run.table())


def test_arrays_that_are_left_half_written_are_not_seen(home, mapped):
    run = some_run()
    first = read(run.table())
    folder = next((run.path / "flat").iterdir())
    shutil.move(folder / "logprob.npy", folder / ".writing-x")
    assert read(run.table()) == first


def test_a_run_that_cannot_be_written_to_is_read_all_the_same(home, mapped):
    run = some_run()
    expected = read(run.table())
    shutil.rmtree(run.path / "flat")
    (run.path / "flat").write_text("a file where the folder would be")
    assert read(run.table()) == expected
    assert (run.path / "flat").is_file()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("full", [False, True])
def test_read_only_and_full_disks(home, mapped, tmp_path, full):
    run = some_run(examples=300)
    expected = read(run.table())
    disk = tmp_path / "disk"
    disk.mkdir()
    if not full:
        shutil.rmtree(run.path / "flat")
        mount = ["mount", "--bind", "-o", "ro", str(run.path), str(disk)]
    else:
        mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        if full:
            shutil.copytree(run.path, disk, dirs_exist_ok=True, ignore=shutil.ignore_patterns("flat"))
        assert read(runs.Run(disk).table()) == expected
        assert not list(disk.rglob(".writing-*")) and (full or not (disk / "flat").exists())
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # arrays may still be mapped


def test_small_runs_write_nothing(home):
    run = some_run()
    read(run.table())
    assert not (run.path / "flat").exists()


def test_pieces_hold_whole_examples_in_order(monkeypatch):
    monkeypatch.setattr(blocks, "TOKENS", 5)
    offsets = np.array([0, 0, 3, 3, 4, 5, 17, 18, 18])
    found = blocks.spans(offsets)
    assert found[0][0] == 0 and found[-1][1] == 8
    assert [last for _, last in found[:-1]] == [first for first, _ in found[1:]]
    assert len(found) > 2 and all(first < last for first, last in found)
    assert list(blocks.each(lambda first, last: (first, last), offsets)) == found
    assert blocks.spans(np.array([0])) == []


def test_a_fault_in_a_piece_comes_out(monkeypatch):
    monkeypatch.setattr(blocks, "TOKENS", 1)

    def faulty(first, last):
        if first == 40:
            raise ZeroDivisionError
        return first

    with pytest.raises(ZeroDivisionError):
        list(blocks.each(faulty, np.arange(100)))


@pytest.mark.parametrize("kept", [False, True])
def test_texts_are_kept_as_they_are(tmp_path, kept):
    import pyarrow as pa

    texts = [["a", "", "שלום 🙂"], [], ["", "\x00\n"], [""]]
    flat = Flat(tmp_path / "flat" / "x") if kept else Flat()
    for _ in range(2):
        found = flat.strings("words", lambda: [pa.array(part, pa.string()).slice(0) for part in texts])
        assert found.to_pylist() == [text for part in texts for text in part]
    sliced = Flat().strings("words", lambda: [pa.array(["left out", *texts[0]]).slice(1)])
    assert sliced.to_pylist() == texts[0]


@pytest.mark.parametrize("length", [0, 1, 1000])
def test_an_array_of_any_length_is_read_back(tmp_path, length):
    flat = Flat(tmp_path / "flat" / "x")
    expected = np.arange(length, dtype=np.float32)
    for _ in range(2):
        np.testing.assert_array_equal(flat.array("a", np.float32, lambda: np.array_split(expected, 3)), expected)
    np.testing.assert_array_equal(np.load(tmp_path / "flat" / "x" / "a.npy"), expected)  # by numpy's own reader
