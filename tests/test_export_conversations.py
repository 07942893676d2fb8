"""Exports of a scored run in the text and the messages form: written, read back, counted and refused."""

import json

import datasets
import pytest
from transformers import AutoTokenizer

from tests.exports import whole
from tests.scored import HOSTILE, score
from xtf import filters
from xtf.config import BySpan, Cutoff, Off, OtherTokenizer, Thresholds
from xtf.errors import DataError, SettingsError
from xtf.export import read_back, rows, verify, write
from xtf.export.text import labeller
from xtf.runs import open_run

THRESHOLDS = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.002), relevance=Off(), protect_final_answer=False)
NOTHING = Thresholds(novelty=Cutoff(value=0.0), reasoning=Off(), relevance=Off(), protect_eos=False,
                     protect_final_answer=False, insist=True)
FORMS = ["text", "messages"]
ROWS = [{"messages": [
    {"role": "system", "content": f"Rule {number}."}, {"role": "user", "content": HOSTILE},
    {"role": "assistant", "content": f"{HOSTILE} {number} 漢字"}, {"role": "user", "content": "And\u2028then?\r\n"},
    {"role": "assistant", "content": f" {number} 😀\n#### {number} "}]} for number in range(6)]


@pytest.fixture(scope="module")
def scored_rows(tmp_path_factory, tiny_model):
    folder = tmp_path_factory.mktemp("conversations")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    score(folder / "home", tiny_model, "rows", str(folder / "rows.jsonl"))
    score(folder / "home", tiny_model, "cut", str(folder / "rows.jsonl"), template="none", max_length=300,
          too_long="truncate")
    return folder


@pytest.fixture(params=["rows", "cut"])
def run(request, scored_rows, monkeypatch):
    monkeypatch.setenv("XTF_HOME", str(scored_rows / "home"))
    return open_run(request.param)


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model)


def lines(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "data.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]


@pytest.mark.parametrize("batch", [1, 1 << 18])
def test_text_gives_back_the_labels_of_the_token_level_export(run, tokenizer, tmp_path, monkeypatch, batch):
    monkeypatch.setattr(rows, "TOKENS", batch)
    plain = write(run, THRESHOLDS, whole("jsonl"), tmp_path / "plain")
    record = write(run, THRESHOLDS, whole("text"), tmp_path / "out")
    assert record["counts"] == plain["counts"] and 0 < plain["counts"]["dropped"] < plain["counts"]["trainable"]
    assert record["conversations"] | {"sentence": ""} == {
        "tokenizer": record["conversations"]["tokenizer"], "rows": 6, "exact": 6, "rewritten": 0, "sentence": ""}
    read = record["conversations"]["tokenizer"]
    of = labeller(tokenizer, template={"chat": "auto"}.get(read["template"], read["template"]), eos=read["eos"],
                  max_length=read["max_length"])
    for row, expected, given in zip(lines(tmp_path / "out"), lines(tmp_path / "plain"), ROWS, strict=True):
        ids, labels = of(row)
        assert (ids.tolist(), labels.tolist()) == (expected["input_ids"], expected["labels"])
        shown = [{name: message[name] for name in ("role", "content")} for message in row["messages"]]
        assert shown == given["messages"]
        assert [message["trained"] for message in row["messages"] if message["role"] != "assistant"] == [[]] * 3


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_counted_read_back_and_verified(run, tmp_path, form):
    record = write(run, THRESHOLDS, whole(form), tmp_path / "out")
    assert record == read_back(tmp_path / "out")
    found = verify(tmp_path / "out")
    assert found["identical"] is True and found["rows"]["same"] == 6
    data = tmp_path / "out" / "data.jsonl"
    data.write_text(data.read_text().replace("Rule 3", "Rule 4"))
    assert verify(tmp_path / "out")["identical"] is False


@pytest.mark.parametrize("form", FORMS)
def test_datasets_opens_them(run, tmp_path, form):
    write(run, THRESHOLDS, whole(form), tmp_path / "out")
    found = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"), split="train")
    assert found.to_list() == lines(tmp_path / "out")


@pytest.mark.parametrize("form", FORMS)
def test_examples_that_keep_nothing_can_be_left_out(run, tmp_path, form):
    verdicts = filters.judge(run.table(), NOTHING)
    assert not verdicts.keep.any()
    with pytest.raises(SettingsError, match="no example is left"):
        write(run, NOTHING, whole(form, drop_empty=True), tmp_path / "out")
    record = write(run, NOTHING, whole(form), tmp_path / "all")
    assert record["counts"]["kept"] == 0 and record["counts"]["examples_without_kept"] == 6
    assert not any(message.get("trained") or message.get("train") for row in lines(tmp_path / "all")
                   for message in row["messages"])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("settings", "other", "sentence"), [
    ({"with_scores": True}, None, "Scores belong to tokens, of which the {form} format has none"),
    ({"with_weights": True}, None, "Loss weights belong to tokens, of which the {form} format has none"),
    ({}, OtherTokenizer(tokenizer="embedded"), "The {form} format fits any tokenizer already: leave out")])
def test_what_makes_no_sense_is_refused(run, tmp_path, form, settings, other, sentence):
    with pytest.raises(SettingsError, match=sentence.format(form=form)):
        write(run, THRESHOLDS, whole(form, **settings), tmp_path / "out", other=other)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", FORMS)
def test_data_that_has_changed_since_is_refused(run, scored_rows, tmp_path, form):
    path = scored_rows / "rows.jsonl"
    before = path.read_text()
    try:
        path.write_text(before + "\n")
        with pytest.raises(DataError, match="has changed since run"):
            write(run, THRESHOLDS, whole(form), tmp_path / "out")
    finally:
        path.write_text(before)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("run", ["cut"], indirect=True)
def test_without_a_chat_template_no_trainer_of_messages_gets_the_same_tokens(run, tmp_path):
    found = write(run, THRESHOLDS, whole("messages"), tmp_path / "out")["conversations"]
    assert found["exact"] == 0 and found["sentence"].startswith("0 of 6 examples are sure")


@pytest.mark.parametrize("run", ["rows"], indirect=True)
def test_messages_say_what_text_says(run, tmp_path):
    """Where no two tokens share a character, both tell the same stretches."""
    write(run, THRESHOLDS, whole("text"), tmp_path / "text")
    write(run, THRESHOLDS, whole("messages"), tmp_path / "messages")
    compared = 0
    for row, flags in zip(lines(tmp_path / "text"), lines(tmp_path / "messages"), strict=True):
        for message, flagged in zip(row["messages"], flags["messages"], strict=True):
            assert flagged["train"] == bool(message["trained"] or message["eos"])
            stretches = [[part["begin_offset"], part["end_offset"] + 1] for part in flagged["train_detail"]
                         if part["train"]]
            if flagged["train_detail"] and not message["mixed"]:
                assert stretches == message["trained"]
                compared += 1
    assert compared


def test_an_unfinished_run_gives_what_was_scored_of_it(partial, tokenizer, tmp_path):
    plain = write(partial, THRESHOLDS, whole("jsonl"), tmp_path / "plain")
    record = write(partial, THRESHOLDS, whole("text"), tmp_path / "out")
    assert record["partial"] == plain["partial"] and 0 < record["counts"]["examples"] < 12
    of = labeller(tokenizer)
    for row, expected in zip(lines(tmp_path / "out"), lines(tmp_path / "plain"), strict=True):
        assert of(row)[1].tolist() == expected["labels"]


def test_verdicts_by_hand_are_told_like_any_other(scored_rows, monkeypatch, tokenizer, tmp_path):
    monkeypatch.setenv("XTF_HOME", str(scored_rows / "home"))
    run = open_run("rows")
    start = run.table().example(0).text.index("alert(1)", run.table().example(0).text.index("assistant"))
    by_hand = THRESHOLDS.model_copy(update={"overrides": (
        BySpan(action="drop", example="0", start=start, end=start + 5, quote="alert"),)})
    write(run, by_hand, whole("text"), tmp_path / "out")
    message = lines(tmp_path / "out")[0]["messages"][2]
    at = message["content"].index("alert")
    assert not any(begin < at + 5 and end > at for begin, end in message["trained"])
    write(run, by_hand, whole("jsonl"), tmp_path / "plain")
    assert labeller(tokenizer)(lines(tmp_path / "out")[0])[1].tolist() == lines(tmp_path / "plain")[0]["labels"]
