"""Which examples are in the held-out data: by prompt and by response, blanks and case aside, whatever the format."""

import json

import numpy as np
import pytest

from tests.preflights import MANIFEST, look, rows
from tests.scored import HOSTILE, hostile_file, score
from tests.tables import table
from xtf import filters, preflight
from xtf.config import ExportSettings, OtherTokenizer, Thresholds
from xtf.errors import DataError
from xtf.preflight.overlap import Same, leaks, shared
from xtf.runs import open_run

BOTH, PROMPT, RESPONSE = Same.PROMPT | Same.RESPONSE, Same.PROMPT, Same.RESPONSE


def chat(*turns):
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


ROWS = [
    chat(("user", "How many apples?"), ("assistant", "There are 24 apples.")),
    chat(("system", "You count."), ("user", "How many pears are left?"), ("assistant", "Nine.")),
    chat(("user", "  First\n\tquestion "), ("assistant", "First answer"), ("user", "Second question"),
         ("assistant", "Second answer")),
    chat(("user", "Only here"), ("assistant", "There are 24 apples.")),
    chat(("user", f"{HOSTILE} <|end|>"), ("assistant", f"<|start|> {HOSTILE}")),
    chat(("assistant", "Said without being asked.")),
]


def held_out(folder, rows, name="held.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module", params=["auto", "none"])
def chats(request, tmp_path_factory, tiny_model):
    folder = tmp_path_factory.mktemp("chats")
    data = held_out(folder, ROWS, "rows.jsonl")
    score(folder / "home", tiny_model, "rows", data, template=request.param)
    return folder / "home"


@pytest.fixture
def run(chats, monkeypatch):
    monkeypatch.setenv("XTF_HOME", str(chats))
    return open_run("rows")


def found(run, path):
    return (shared(run.manifest, run.table(), ExportSettings(held_out=path)) & np.uint8(BOTH)).tolist()


def test_every_example_is_found_again_in_its_own_data(run, tmp_path):
    same = shared(run.manifest, run.table(), ExportSettings(held_out=held_out(tmp_path, ROWS)))
    assert leaks(same).all() and (same & Same.RESPONSE != 0).all()


@pytest.mark.parametrize(("row", "expected"), [
    (chat(("user", "how many\nAPPLES?"), ("assistant", "there are 24   apples.")), [BOTH, 0, 0, RESPONSE, 0, 0]),
    (chat(("user", "How many apples?"), ("assistant", "None.")), [PROMPT, 0, 0, 0, 0, 0]),
    (chat(("user", "How many plums?"), ("assistant", "There are 24 apples.")), [RESPONSE, 0, 0, RESPONSE, 0, 0]),
    (chat(("user", "First question"), ("assistant", "First answer"), ("user", "Second question"),
          ("assistant", "Second answer")), [0, 0, BOTH, 0, 0, 0]),
    (chat(("user", "Second question"), ("assistant", "Second answer")), [0, 0, 0, 0, 0, 0]),
    (chat(("user", f"{HOSTILE} <|end|>"), ("assistant", f"<|start|> {HOSTILE}")), [0, 0, 0, 0, BOTH, 0]),
    (chat(("assistant", "said without being asked.")), [0, 0, 0, 0, 0, RESPONSE])])
def test_prompts_and_responses_are_compared_apart(run, tmp_path, row, expected):
    assert found(run, held_out(tmp_path, [row])) == expected


@pytest.mark.parametrize("system", ["You count.", "You are a machine.", None])
def test_a_system_message_does_not_hide_a_question(run, tmp_path, system):
    asked = [("system", system)] if system else []
    row = chat(*asked, ("user", "How many pears are left?"), ("assistant", "Ten."))
    without_template = run.manifest.settings["template"] == "none"  # then nothing tells the two messages apart
    expected = 0 if without_template and system != "You count." else PROMPT
    assert found(run, held_out(tmp_path, [row])) == [0, expected, 0, 0, 0, 0]


def test_the_held_out_data_may_be_of_another_format(run, tmp_path):
    rows = [{"question": "How many apples?", "answer": "24\n#### 24"}]
    assert found(run, held_out(tmp_path, rows)) == [PROMPT, 0, 0, 0, 0, 0]


def check(run, **settings):
    scores = run.table()
    told = preflight.check(run.manifest, scores, filters.judge(scores, Thresholds()), ExportSettings(**settings))
    return next(finding for finding in told if finding.check == "overlap")


def test_overlap_stops_and_is_left_out(run, tmp_path):
    path = held_out(tmp_path, [ROWS[0], chat(("user", "Only here"), ("assistant", "Something else"))])
    told = check(run, held_out=path)
    assert (told.level, told.examples.tolist()) == ("stop", [0, 3])
    assert told.sentence == "2 of 6 examples have a prompt of the held-out data, 2 of them its response, too."
    after = ExportSettings(held_out=path)
    _, after = told.fix.applied(Thresholds(), after)
    assert after.drop_overlap and check(run, **after.model_dump()).level == "good"


def test_a_response_alone_is_worth_a_note(run, tmp_path):
    told = check(run, held_out=held_out(tmp_path, [chat(("user", "Other"), ("assistant", "nine."))]))
    assert (told.level, told.examples.tolist(), told.fix) == ("note", [1], None)
    assert told.sentence == "No prompt is in the held-out data, but 1 of 6 examples have a response that is."


def test_where_all_is_held_out_leaving_it_out_mends_nothing(run, tmp_path):
    path = held_out(tmp_path, ROWS)
    assert check(run, held_out=path).fix is None
    scores = run.table()
    told = preflight.check(run.manifest, scores, filters.judge(scores, Thresholds()),
                           ExportSettings(held_out=path, drop_overlap=True))
    assert [(one.check, one.fix) for one in told if one.level == "stop"] == [("kept_share", None)]


def test_held_out_data_that_cannot_be_read_is_told_in_a_sentence(run, tmp_path):
    with pytest.raises(DataError, match="There is no file or folder"):
        check(run, held_out=str(tmp_path / "gone.jsonl"))
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError, match="is empty"):
        check(run, held_out=str(tmp_path / "empty.jsonl"))


def test_the_demo_shares_nothing_with_its_held_out_split(workplace):
    run = open_run("problems")
    assert check(run, held_out="demo").level == "good"
    same = check(run, held_out="demo", held_out_split="train")
    assert (same.level, len(same.examples)) == ("stop", 6)


def test_hostile_examples_are_found(workplace, tmp_path):
    run = open_run("hostile")
    assert len(check(run, held_out=str(hostile_file(tmp_path))).examples) == 3


def test_examples_without_tokens_are_in_nothing(tmp_path):
    path = held_out(tmp_path, [{"prompt": "t1", "response": "t2"}])
    scores = table([[], [1, 2], [], []], [[], [1, 2], [], []])
    assert shared(MANIFEST, scores, ExportSettings(held_out=path)).tolist() == [4, 3, 4, 4]


def test_without_held_out_data_nothing_is_said_against_it():
    told = look(rows("pkE"))["overlap"]
    assert (told.level, told.sentence) == ("good", "No held-out data is named to compare with (--held-out).")


def test_carried_examples_are_looked_up_by_the_run(run, tiny_model, tmp_path):
    chosen = ExportSettings(held_out=held_out(tmp_path, [ROWS[2]]))
    scores = run.table()
    told = preflight.check(run.manifest, scores, filters.judge(scores, Thresholds()), chosen,
                           OtherTokenizer(tokenizer=str(tiny_model)))
    assert next(one for one in told if one.check == "overlap").examples.tolist() == [2]
