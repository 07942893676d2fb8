"""Each format is recognised by its columns and gives the messages that its rows hold."""

import json
from collections import Counter

import pytest

from xtf.config import DataSettings
from xtf.data import seen
from xtf.data.formats import FORMATS, examples, format_of, recognise
from xtf.data.types import Message
from xtf.errors import DataError

U, A, S = "user", "assistant", "system"

#: Rows written by hand after the real ones, the format they have, and what they say.
CASES = {
    "gsm8k": ("gsm8k", {"question": "1+2?", "answer": "3\n#### 3"}, [(U, "1+2?"), (A, "3\n#### 3")]),
    "plain question and answer": ("prompt-response", {"question": "Why?", "answer": "So."}, [(U, "Why?"), (A, "So.")]),
    "pubmedqa on the hub": (
        "pubmedqa",
        {"pubid": 9, "question": "Does it?", "context": {"contexts": ["One.", "Two."], "labels": ["A", "B"]},
         "long_answer": "It does.", "final_decision": "yes"},
        [(U, "One.\nTwo.\n\nQuestion: Does it?"), (A, "It does.\nFinal decision: yes")]),
    "pubmedqa as published": (
        "pubmedqa", {"QUESTION": "Does it?", "CONTEXTS": ["One.", "Two."], "LABELS": [], "LONG_ANSWER": "No.",
                     "final_decision": "no", "YEAR": None},
        [(U, "One.\nTwo.\n\nQuestion: Does it?"), (A, "No.\nFinal decision: no")]),
    "pubmedqa, unlabelled": (
        "pubmedqa", {"question": "q", "context": {"contexts": ["c"]}, "long_answer": "Perhaps."},
        [(U, "c\n\nQuestion: q"), (A, "Perhaps.")]),
    "humaneval": (
        "humaneval", {"task_id": "HumanEval/0", "prompt": "def f():\n", "canonical_solution": "    return 1\n",
                      "test": "check", "entry_point": "f"},
        [(U, "def f():\n"), (A, "    return 1\n")]),
    "codeexercise": (
        "codeexercise", {"data_name": "CodeExercise-Py", "id": 27219, "chat_rounds": [
            {"role": "human", "content": "Rotate.", "chat_round_id": 0}, {"role": "bot", "content": "Sure!",
                                                                          "chat_round_id": 1}]},
        [(U, "Rotate."), (A, "Sure!")]),
    "fiqa with true answers": ("fiqa", {"question": "Buy?", "ground_truths": ["No.", "Never."]},
                               [(U, "Buy?"), (A, "No.")]),
    "numinamath": (
        "numinamath", {"source": "olympiads", "problem": "x?", "solution": "\\boxed{1}", "messages": [
            {"role": "user", "content": "x?"}, {"role": "assistant", "content": "\\boxed{1}"}]},
        [(U, "x?"), (A, "\\boxed{1}")]),
    "messages": (
        "messages", {"messages": [{"role": "system", "content": "s"}, {"role": "User", "content": "u"},
                                  {"role": "assistant", "content": None, "tool_calls": [1]},
                                  {"role": "tool", "content": 7},
                                  {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"text": "b"}]}]},
        [(S, "s"), (U, "u"), (A, ""), ("tool", "7"), (A, "ab")]),
    "messages in a JSON text": (
        "messages", {"messages": '[{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]'},
        [(U, "u"), (A, "a")]),
    "messages as lists": ("messages", {"messages": {"role": ["user", "assistant"], "content": ["u", "a"]}},
                          [(U, "u"), (A, "a")]),
    "sharegpt": (
        "sharegpt", {"id": "x", "conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "u"},
                                                  {"from": "gpt", "value": "a"}, {"from": "observation", "value": "o"},
                                                  {"from": "gpt", "value": "b"}]},
        [(S, "s"), (U, "u"), (A, "a"), ("tool", "o"), (A, "b")]),
    "alpaca": ("alpaca", {"instruction": "Add", "input": "1 2", "output": "3"}, [(U, "Add\n1 2"), (A, "3")]),
    "alpaca without input": ("alpaca", {"instruction": "Hi", "input": "", "output": "Ho", "system": "Be"},
                             [(S, "Be"), (U, "Hi"), (A, "Ho")]),
    "other case": ("prompt-response", {"Prompt": "p", "Completion": "c", "note": 1}, [(U, "p"), (A, "c")]),
    "turns in both columns": (
        "prompt-response", {"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
                            "completion": [{"role": "assistant", "content": "a"}]},
        [(S, "s"), (U, "u"), (A, "a")]),
    "numbers and nothing": ("prompt-response", {"question": None, "answer": 24.0}, [(U, ""), (A, "24")]),
}


def of(tmp_path, rows, tally=None, **values):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return list(examples(DataSettings(data=str(path), **values), tally))


def contents(found):
    return [[turn.content for turn in example.messages] for example in found]


@pytest.mark.parametrize("case", CASES)
def test_formats_are_recognised_and_converted(tmp_path, case):
    name, row, messages = CASES[case]
    assert recognise([row], DataSettings()) == name
    found, = of(tmp_path, [row])
    assert found.messages == tuple(Message(role, content) for role, content in messages)
    assert of(tmp_path, [row], format=name) == [found]


def test_every_format_is_tried_here_and_can_be_asked_for():
    assert {name for name, _, _ in CASES.values()} == FORMATS.keys()
    assert {*FORMATS, "auto"} == set(DataSettings.model_fields["format"].annotation.__args__)
    assert all(format_.help.endswith(".") for format_ in FORMATS.values())


def test_fiqa_by_the_name_of_the_dataset():
    rows = [{"question": "q", "answer": "a"}]
    assert recognise(rows, DataSettings(data="LLukas22/fiqa")) == "fiqa"
    assert recognise(rows, DataSettings(data="other")) == "prompt-response"


def test_any_two_columns_can_be_named(tmp_path):
    rows = [{"left": "p", "right": "r", "question": "q", "answer": "a"}]
    assert contents(of(tmp_path, rows, prompt_column="left", response_column="right")) == [["p", "r"]]
    assert contents(of(tmp_path, rows, prompt_column="left")) == [["p", "a"]]
    with pytest.raises(DataError, match=r"Row 1 of .* has no column 'up'; it has left, right, question, answer"):
        of(tmp_path, rows, prompt_column="up", response_column="right")


@pytest.mark.parametrize(("rows", "values", "words"), [
    ([{"a": 1, "b": 2}], {}, r"No known format fits the columns of .* \(a, b\)"),
    ([{"question": "q", "response": "r"}], {"format": "gsm8k"}, "Row 1 of .* has no column 'answer'; it has quest"),
    ([{"prompt": "q", "response": "r"}] * 7 + [{"prompt": "q"}], {}, r"No known format fits .* Row 8 of .* \(prompt\)"),
    ([{"messages": 5}], {}, "holds a int in the column 'messages' where a list of turns"),
    ([{"messages": "hello"}], {}, "holds text in the column 'messages'"),
    ([{"messages": [{"content": "x"}]}], {}, "turn without a role"),
    ([{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}], {}, "content of the type image_url"),
    ([{"prompt": {"a": 1}, "response": "x"}], {}, "holds a dict in the column 'prompt' where text is needed"),
])
def test_rows_that_do_not_fit_are_told(tmp_path, rows, values, words):
    with pytest.raises(DataError, match=words) as caught:
        of(tmp_path, rows, **values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("empty", ["", None, float("nan")])
def test_empty_responses_are_told_or_skipped_and_counted(tmp_path, empty):
    rows = [{"prompt": "a", "response": "b"}, {"prompt": "c", "response": empty}, {"prompt": "", "response": " "}]
    with pytest.raises(DataError, match=r"Row 2 of .* has an empty response.*--empty skip"):
        of(tmp_path, rows)
    tally = Counter()
    assert contents(of(tmp_path, rows, tally, empty="skip")) == [["a", "b"], ["", " "]]
    assert tally == {"skipped_empty": 1}


def test_a_conversation_is_empty_only_without_any_response(tmp_path):
    turns = [{"role": "user", "content": "u"}, {"role": "assistant", "content": ""},
             {"role": "assistant", "content": "x"}]
    assert len(of(tmp_path, [{"messages": turns}])) == 1
    with pytest.raises(DataError, match="empty response"):
        of(tmp_path, [{"messages": turns[:2]}])


def test_lone_surrogates_are_replaced_one_for_one_and_counted(tmp_path):
    path, tally = tmp_path / "rows.jsonl", Counter()
    path.write_text(r'{"id": "\ud800", "prompt": "a\ud83d\ud83db", "response": "\ud83d\ude00 \udc00"}')
    found, = examples(DataSettings(data=str(path)), tally)
    assert [turn.content for turn in found.messages] == ["a\ufffd\ufffdb", "😀 \ufffd"]
    assert tally == {"replaced_surrogates": 3} and found.id == "\ufffd"


def test_ids_are_the_rows_own_or_positions_and_never_repeat(tmp_path):
    def ids(rows, **values):
        rows = [{"prompt": "p", "response": "r"} | row for row in rows]
        return [example.id for example in of(tmp_path, rows, **values)]

    assert ids([{}, {}, {}]) == ["0", "1", "2"]
    assert ids([{"id": "a"}, {"task_id": "t/1"}, {"pubid": 12}, {"id": None}]) == ["a", "t/1", "12", "3"]
    tally = Counter()
    assert ids([{"id": "a"}, {"id": "a"}, {"id": "2"}, {"id": 3}], tally=tally) == ["a", "a#1", "2", "3"]
    assert tally == {"renamed_ids": 1}
    assert ids([{"response": ""}, {}], empty="skip") == ["1"]  # positions count all rows


def test_names_that_have_come_by_are_known_however_many(monkeypatch):
    monkeypatch.setattr(seen, "RECENT", 7)
    names, known, found = [f"row {i * i % 331}" for i in range(600)], set(), seen.Seen()
    for name in names:
        assert (name in found) == (name in known)
        found.add(name)
        known.add(name)
    assert len(known) < len(names)


def test_the_limit_counts_examples_and_reads_no_further(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "response": "b"}\n' * 8 + "broken\n")
    assert len(list(examples(DataSettings(data=str(path), limit=8)))) == 8
    with pytest.raises(DataError, match="Line 9"):
        list(examples(DataSettings(data=str(path), limit=9)))


def test_embedded_data_has_its_format():
    assert format_of(DataSettings(data="demo")) == "gsm8k" and format_of(DataSettings(data="humaneval")) == "humaneval"
    first = next(examples(DataSettings(data="humaneval")))
    assert first.id == "HumanEval/0" and first.messages[1].content.startswith("    for idx, elem")


def test_real_data_is_recognised(shared):
    for file, name, count in (("gsm8k_test_500.jsonl", "gsm8k", 500), ("pubmedqa_labeled_400.json", "pubmedqa", 400)):
        values = DataSettings(data=str(shared / "data" / file))
        found = list(examples(values))
        assert format_of(values) == name and len(found) == len({example.id for example in found}) == count
    raw = json.loads((shared / "data" / "pubmedqa_labeled_400.json").read_text())
    assert [example.id for example in found] == list(raw)
    for example, row in zip(found, raw.values()):
        prompt, response = (turn.content for turn in example.messages)
        assert prompt.endswith(row["QUESTION"]) and all(context in prompt for context in row["CONTEXTS"])
        assert response.splitlines()[-1] == f"Final decision: {row['final_decision']}"
