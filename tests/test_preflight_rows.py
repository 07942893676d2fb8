"""Which rows an export gets: what is left out and why, as scored and carried over, and which repeat an earlier one."""

import json

import datasets
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tests.preflights import HALF, MANIFEST, rows
from tests.scored import score
from tests.tables import PROMPT, RESPONSE, saved, table
from xtf import carry, filters, preflight
from xtf.config import Cutoff, ExportSettings, Off, OtherTokenizer, Thresholds
from xtf.errors import SettingsError
from xtf.export import write
from xtf.preflight.duplicates import _alike, _first_alike, first_alike, repeats
from xtf.runs import open_run


def scored(scores, thresholds=HALF, **settings):
    return preflight.scored(MANIFEST, scores, filters.judge(scores, thresholds), ExportSettings(**settings))


def first_by_hand(examples):
    seen = {}
    return [seen.setdefault(tuple(example), number) for number, example in enumerate(examples)]


@hypothesis(max_examples=200, deadline=None)
@given(examples=st.lists(st.lists(st.integers(0, 2), max_size=4), max_size=40),
       among=st.lists(st.booleans(), min_size=40, max_size=40))
def test_the_first_alike_is_that_of_a_naive_search(examples, among):
    offsets = np.append(0, np.cumsum([len(example) for example in examples])).astype(np.int64)
    ids = np.array([token for example in examples for token in example], np.int32)
    first = _first_alike(ids, offsets)
    assert first.tolist() == first_by_hand(examples)
    inside = np.array(among[:len(examples)], bool)
    seen, expected = set(), []
    for example, stays in zip(map(tuple, examples), inside):
        expected.append(bool(stays) and example in seen)
        seen |= {example} if stays else set()
    assert repeats(first, inside).tolist() == expected


def test_examples_with_the_same_hash_are_told_apart_by_their_tokens():
    ids, offsets = np.array([1, 2, 3, 1, 2, 4, 1, 2, 3], np.int32), np.array([0, 3, 6, 9])
    assert _alike(ids, offsets, np.array([1, 2]), np.array([0, 0])).tolist() == [False, True]


def test_order_and_place_of_tokens_count():
    scores = table([[1, 2, 3], [3, 2, 1], [1, 2], [1, 2, 3, 3], [1, 2, 3]])
    assert first_alike(scores).tolist() == [0, 1, 2, 3, 0]
    assert first_alike(scores) is first_alike(scores)  # worked out once


def test_the_numbers_of_a_row():
    found = scored(rows("ppkdE", "pkke"), trainer_length=3)
    assert {name: values.tolist() for name, values in found.numbers.items()} == {
        "tokens": [5, 4], "trainable": [3, 3], "kept": [2, 2], "cut": [1, 0], "ends": [1, 1], "ends_kept": [1, 0],
        "special": [0, 0]}
    assert (found.longest, found.limit, len(found), found.index.tolist()) == (5, 3, 2, [0, 1])


def alike(*examples):
    """One example a word; examples of the same letters have the same tokens, k is kept and d dropped."""
    letters = {"p": (1, PROMPT, 0.1), "k": (2, RESPONSE, 0.1), "d": (3, RESPONSE, 0.9), "l": (4, RESPONSE, 0.1)}
    return table([[letters[letter][0] for letter in word] for word in examples],
                 [[letters[letter][1] for letter in word] for word in examples],
                 {"logprob": [np.log([letters[letter][2] for letter in word]) for word in examples]})


def test_each_example_is_left_out_for_one_reason():
    scores = alike("pkl", "pd", "pkl", "pdd", "pkkkkk", "pkkkkk", "pl", "ddddd")
    found = scored(scores, drop_empty=True, drop_duplicates=True, drop_long=True, trainer_length=4)
    # Empty: 1, 3 and 7, which is too long as well; too long: 4 and 5; alike: 2.
    assert found.left_out_by == {"overlap": 0, "empty": 3, "length": 2, "duplicates": 1}
    assert found.index.tolist() == [0, 6]
    assert scored(scores).left_out_by == {"overlap": 0, "empty": 0, "length": 0, "duplicates": 0}
    assert scored(scores).repeated.tolist() == [False, False, True, False, False, True, False, False]


def test_of_two_alike_the_second_stays_where_the_first_is_left_out():
    scores = alike("pkl", "pkl", "pk")
    override = Thresholds.model_validate({**HALF.model_dump(), "overrides": [
        {"by": "span", "action": "drop", "example": "e0", "start": 0, "end": 99}]})
    found = scored(scores, override, drop_empty=True, drop_duplicates=True)
    assert (found.index.tolist(), found.left_out_by["empty"], found.left_out_by["duplicates"]) == ([1, 2], 1, 0)


def test_an_export_holds_the_rows_that_stay(home, tmp_path):
    run = saved("made-up", alike("pkl", "pd", "pkl", "pkkkkk"))
    record = write(run, HALF, ExportSettings(
        format="parquet", drop_empty=True, drop_duplicates=True, drop_long=True, trainer_length=4, allow=("eos",)),
        tmp_path / "out")
    assert pa.parquet.read_table(tmp_path / "out" / "data.parquet")["input_ids"].to_pylist() == [[1, 2, 4]]
    assert record["left_out_by"] == {"overlap": 0, "empty": 1, "length": 1, "duplicates": 1}
    levels = {entry["check"]: (entry["level"], entry["allowed"]) for entry in record["preflight"]}
    assert levels["eos"] == ("stop", True) and levels["empty"] == ("good", False)
    assert record["counts"]["left_out"] == 3


def test_a_stop_leaves_nothing_behind(home, tmp_path):
    run = saved("made-up", alike("pkl", "pkl"))
    with pytest.raises(SettingsError, match="--drop-duplicates mends it, --allow duplicates"):
        write(run, HALF, ExportSettings(format="jsonl", allow=("eos",)), tmp_path / "out")
    assert list(tmp_path.glob("*out*")) == []


ROWS = [{"prompt": f"Question {number % 4}?", "response": "word " * (3 + number % 4) + f"#### {number % 4}"}
        for number in range(6)]


@pytest.fixture(scope="module")
def carried_home(tmp_path_factory, tiny_model):
    """A run of six rows of which two repeat earlier ones."""
    folder = tmp_path_factory.mktemp("carried")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    (folder / "held.jsonl").write_text(json.dumps(ROWS[1]) + "\n", encoding="utf-8")
    score(folder / "home", tiny_model, "rows", str(folder / "rows.jsonl"))
    return folder


@pytest.fixture
def run(carried_home, monkeypatch):
    monkeypatch.setenv("XTF_HOME", str(carried_home / "home"))
    return open_run("rows")


PLAIN = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.002), relevance=Off(), protect_final_answer=False)


def both(run, other, **settings):
    """The rows as scored and as carried over to the same tokenizer."""
    scores, chosen = run.table(), ExportSettings(**settings)
    verdicts = filters.judge(scores, PLAIN)
    gathering = preflight.Gathering(run.manifest, scores, chosen)
    bridge = carry.build(run.manifest, OtherTokenizer(tokenizer=str(other)))
    kept = list(gathering.passed(carry.examples(bridge, scores, verdicts, carry.Report().tally)))
    carried = gathering.rows()
    assert [example.index for example in kept] == carried.index.tolist()
    return preflight.scored(run.manifest, scores, verdicts, chosen), carried


@pytest.mark.parametrize("settings", [
    {}, {"drop_duplicates": True}, {"drop_empty": True}, {"trainer_length": 40}, {"held_out": "held.jsonl"},
    {"trainer_length": 40, "drop_long": True, "drop_duplicates": True},
    {"held_out": "held.jsonl", "drop_overlap": True, "drop_duplicates": True}])
def test_rows_carried_to_the_same_tokenizer_are_those_as_scored(run, tiny_model, carried_home, settings):
    if "held_out" in settings:
        settings = settings | {"held_out": str(carried_home / "held.jsonl")}
    plain, carried = both(run, tiny_model, **settings)
    assert (plain.chosen == carried.chosen).all() and plain.left_out_by == carried.left_out_by
    for name, values in plain.numbers.items():
        assert values.tolist() == carried.numbers[name].tolist(), name
    assert plain.repeated.tolist() == carried.repeated.tolist() and plain.shared.tolist() == carried.shared.tolist()
    if "drop_duplicates" not in settings:
        assert plain.repeated.tolist() == [False] * 4 + [True] * 2


def test_a_carried_export_is_checked_by_its_own_tokens_before_it_is_there(run, tiny_model, tmp_path):
    other = OtherTokenizer(tokenizer=str(tiny_model))
    length = int(np.diff(run.table().offsets).max()) - 4
    chosen = ExportSettings(format="hf", trainer_length=length, allow=("kept_share", "duplicates"))
    with pytest.raises(SettingsError, match=f"rows are longer than {length} tokens"):
        write(run, PLAIN, chosen, tmp_path / "out", other=other)
    assert list(tmp_path.iterdir()) == []
    record = write(run, PLAIN, chosen.model_copy(update={"drop_long": True, "drop_duplicates": True}), tmp_path / "out",
                   other=other)
    assert record["left_out_by"]["length"] >= 1 and record["left_out_by"]["duplicates"] >= 1
    found = datasets.load_from_disk(str(tmp_path / "out"))["input_ids"]
    assert max(map(len, found)) <= length and len({tuple(ids) for ids in found}) == len(found)


def test_checks_for_another_tokenizer_carry_over_once(run, tiny_model):
    scores, told = run.table(), []
    verdicts = filters.judge(scores, PLAIN)
    found = preflight.check(run.manifest, scores, verdicts, ExportSettings(), OtherTokenizer(tokenizer=str(tiny_model)),
                            progress=lambda done, total, stage: told.append((done, total)))
    plain = preflight.check(run.manifest, scores, verdicts, ExportSettings())
    assert [(one.check, one.level, one.sentence) for one in found] == [
        (one.check, one.level, one.sentence) for one in plain]
    assert told[-1] == (len(scores.ids),) * 2
