"""Runs carried over to another tokenizer: the report, the export, and the faces of both."""

import json
from collections import Counter
from pathlib import Path
from typing import get_args

import datasets
import numpy as np
import pytest
from click.testing import CliRunner

from tests.data_tokenizers import CHATML
from tests.exports import whole
from tests.other_tokenizers import BRACKETS, TOKENIZERS
from tests.scored import HOSTILE, score
from xtf import carry, filters
from xtf.config import PRESETS, Check, Cutoff, DataSettings, Off, OtherTokenizer, Thresholds
from xtf.data.render import drawer
from xtf.data.types import Example, Message
from xtf.errors import DataError, ModelError, SettingsError, StoreError
from xtf.export import read_back, write
from xtf.runs import open_run

THRESHOLDS = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.002), relevance=Off(), protect_final_answer=False)
ROWS = [{"prompt": f"Question {number}: {HOSTILE}", "response": f"{HOSTILE} {number}.\n#### {number}"}
        for number in range(5)]


@pytest.fixture(scope="module")
def scored_rows(tmp_path_factory, tiny_model):
    folder = tmp_path_factory.mktemp("carry")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    score(folder / "home", tiny_model, "rows", str(folder / "rows.jsonl"))
    return folder


@pytest.fixture
def run(scored_rows, monkeypatch):
    monkeypatch.setenv("XTF_HOME", str(scored_rows / "home"))
    return open_run("rows")


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Folders with nothing but a tokenizer."""
    folder = tmp_path_factory.mktemp("others")
    for name in ("characters", "words", "sentencepiece"):
        tokenizer = TOKENIZERS[name]
        tokenizer.chat_template = BRACKETS
        tokenizer.save_pretrained(folder / name)
    return folder


def rows_of(folder):
    return datasets.load_from_disk(str(folder)).to_list()


def test_carried_to_the_same_tokenizer_an_export_is_the_plain_one(run, tiny_model, tmp_path):
    thresholds = PRESETS["corrected"][1]
    plain = write(run, thresholds, whole("hf"), tmp_path / "plain")
    same = write(run, thresholds, whole("hf"), tmp_path / "same", other=OtherTokenizer(tokenizer=str(tiny_model)))
    assert 0 < plain["counts"]["dropped"] < plain["counts"]["trainable"]
    assert rows_of(tmp_path / "same") == rows_of(tmp_path / "plain")
    assert same["digest"] == plain["digest"] and same["counts"] == plain["counts"]
    assert same["carried"]["relations"]["same"] == {"tokens": plain["counts"]["trainable"], "share": 1.0}
    assert same["carried"]["changed_share"] == 0 == same["carried"]["mixed"]["tokens"]
    assert same["carried"]["scored"]["digest"] == same["carried"]["other"]["digest"]


@pytest.mark.parametrize("name", ["characters", "words", "sentencepiece"])
def test_the_export_is_in_the_other_ids(run, others, tmp_path, name):
    record = write(run, THRESHOLDS, whole("hf"), tmp_path / "out", other=OtherTokenizer(tokenizer=str(others / name)))
    rows = rows_of(tmp_path / "out")
    assert read_back(tmp_path / "out") == record == json.loads((tmp_path / "out" / "export.json").read_text())
    tokenizer = TOKENIZERS[name]
    tokenizer.chat_template = BRACKETS
    draw = drawer(tokenizer, DataSettings(), None)
    trainable = 0
    for row, values in zip(rows, ROWS, strict=True):
        drawing = draw(Example("it", (Message("user", values["prompt"]), Message("assistant", values["response"]))))
        labels = np.array(row["labels"])
        assert row["input_ids"] == drawing.tokens.ids.tolist() and set(row["attention_mask"]) == {1}
        assert ((labels == -100) | (labels == drawing.tokens.ids)).all()
        assert not (labels[~drawing.tokens.trainable] != -100).any()
        assert labels[-1] == tokenizer.eos_token_id  # protected
        trainable += int(drawing.tokens.trainable.sum())
    counts, found = record["counts"], record["carried"]
    kept = sum(label != -100 for row in rows for label in row["labels"])
    assert (counts["kept"], counts["trainable"], counts["examples"]) == (kept, trainable, 5)
    assert (found["after"]["kept"], found["after"]["trainable"]) == (kept, trainable)
    assert sum(part["tokens"] for part in found["relations"].values()) == trainable
    assert sum(part["share"] for part in found["relations"].values()) == pytest.approx(1)
    assert found["before"]["kept"] == record["summary"]["kept"] and counts["dropped"] > 0
    card = (tmp_path / "out" / "README.md").read_text()
    for side in ("scored", "other"):
        assert Path(found[side]["name"]).name in card and found[side]["digest"] in card


def test_characters_take_the_verdict_of_their_token(run, others, tmp_path):
    """From bytes to characters and by way of the text: what is dropped is the same text, but for characters that
    several tokens share."""
    write(run, THRESHOLDS, whole("jsonl"), tmp_path / "out", other=OtherTokenizer(tokenizer=str(others / "characters")))
    verdicts = filters.judge(run.table(), THRESHOLDS)
    lines = (tmp_path / "out" / "data.jsonl").read_text().splitlines()
    for index, (line, values) in enumerate(zip(lines, ROWS, strict=True)):
        labels = json.loads(line)["labels"][-1 - len(values["response"]):-1]
        one = run.table().example(index)
        offset = int(run.table().offsets[index])
        start = one.text.rindex(values["response"])
        for at, label in enumerate(labels):
            on = [verdicts.keep[offset + token] for token, (first, last) in enumerate(one.spans.tolist())
                  if first <= start + at < last]
            assert (label != -100) == (2 * sum(on) >= len(on)), values["response"][at]


def test_the_final_answer_and_the_end_are_protected_as_asked(run, others):
    everything = Thresholds(novelty=Cutoff(value=0.0), reasoning=Off(), relevance=Off(), protect_eos=False,
                            protect_final_answer=False, insist=True)
    other = OtherTokenizer(tokenizer=str(others / "characters"))
    found = carry.survey(run, everything, other)
    assert found["after"]["kept"] == 0 == found["before"]["kept"] and found["examples_without_kept"] == 5
    assert found["dropped_by"] == {"reasoning": 0, "novelty": found["after"]["trainable"], "relevance": 0}
    eos = carry.survey(run, everything.model_copy(update={"protect_eos": True}), other)
    assert eos["after"]["kept"] == 5
    answers = carry.survey(run, everything.model_copy(update={"protect_final_answer": True}), other)
    assert answers["after"]["kept"] == 5 * len("#### 0")


def test_examples_can_be_left_out(run, others, tmp_path):
    other = OtherTokenizer(tokenizer=str(others / "characters"))
    nothing = Thresholds(novelty=Cutoff(value=0.0), reasoning=Off(), relevance=Off(), protect_eos=False,
                         protect_final_answer=False, insist=True)
    with pytest.raises(SettingsError, match="no example is left"):
        write(run, nothing, whole("hf", drop_empty=True), tmp_path / "out", other=other)
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]
    record = write(run, nothing, whole("hf"), tmp_path / "all", other=other)
    assert record["counts"]["kept"] == 0 and record["counts"]["examples_without_kept"] == 5


def test_examples_that_are_too_long_for_the_other_model(run, others, tmp_path):
    short = OtherTokenizer(tokenizer=str(others / "characters"), max_length=200)
    with pytest.raises(DataError, match="more than the limit of 200"):
        carry.survey(run, THRESHOLDS, short)
    skipped = carry.survey(run, THRESHOLDS, short.model_copy(update={"too_long": "skip"}))
    assert (skipped["examples"], skipped["skipped_too_long"]) == (0, 5)
    record = write(run, THRESHOLDS, whole("parquet"), tmp_path / "out", other=short.model_copy(
        update={"max_length": 210, "too_long": "truncate"}))
    assert record["carried"]["truncated"] == 5 and record["counts"]["tokens"] == 5 * 210
    assert "lost their end" in record["carried"]["notes"][-1]


@pytest.mark.parametrize("kind", ["hf", "parquet", "jsonl"])
def test_weights_are_those_of_the_other_tokens(run, others, tmp_path, kind):
    write(run, THRESHOLDS, whole(kind, with_weights=True), tmp_path / "out",
          other=OtherTokenizer(tokenizer=str(others / "characters")))
    if kind == "hf":
        rows = rows_of(tmp_path / "out")
    else:
        rows = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"), split="train").to_list()
    assert len(rows) == 5 and list(rows[0]) == ["input_ids", "attention_mask", "labels", "loss_weights"]
    for row in rows:
        assert row["loss_weights"] == [float(label != -100) for label in row["labels"]]
        assert 0 < sum(row["loss_weights"]) < len(row["labels"])


def test_scores_do_not_carry_over(run, others, tmp_path):
    with pytest.raises(SettingsError, match="either the scores or"):
        write(run, THRESHOLDS, whole("hf", with_scores=True), tmp_path / "out",
              other=OtherTokenizer(tokenizer=str(others / "words")))
    assert not (tmp_path / "out").exists()


def test_a_template_can_be_chosen(run, others, tmp_path):
    (tmp_path / "t.jinja").write_text(CHATML)
    shown = {name: carry.survey(run, THRESHOLDS, OtherTokenizer(tokenizer=str(others / "words"), template=template))
             for name, template in (("auto", None), ("none", "none"), ("file", str(tmp_path / "t.jinja")))}
    assert [found["other"]["template"] for found in shown.values()] == ["chat", "none", str(tmp_path / "t.jinja")]
    assert [found["scored"]["template"] for found in shown.values()] == ["chat"] * 3
    assert shown["none"]["tokens"] < shown["auto"]["tokens"]


@pytest.mark.parametrize(("change", "sentence"), [
    (lambda path: path.write_text(path.read_text() + "\n"), "has changed since run rows was scored"),
    (lambda path: path.unlink(), "it is not there any more: There is no file")])
def test_data_that_is_no_longer_what_was_scored_is_refused(scored_rows, run, others, change, sentence):
    path = scored_rows / "rows.jsonl"
    text = path.read_text()
    try:
        change(path)
        with pytest.raises(DataError, match=sentence):
            carry.survey(run, THRESHOLDS, OtherTokenizer(tokenizer=str(others / "words")))
    finally:
        path.write_text(text)


def test_a_tokenizer_that_has_changed_since_is_refused(run, others, tiny_model, tmp_path):
    """The data gives other tokens than those that were scored."""
    manifest = run.manifest
    bridge = carry.build(manifest, OtherTokenizer(tokenizer=str(others / "words")))
    bridge.scored.tokenizer.chat_template = BRACKETS
    table = run.table()
    with pytest.raises(StoreError, match="Example 0 of run rows no longer gives the tokens"):
        list(carry.examples(bridge, table, filters.judge(table, THRESHOLDS), Counter()))


def test_a_folder_without_a_tokenizer_is_told_in_a_sentence(run, tmp_path):
    with pytest.raises(ModelError, match="not a model folder"):
        carry.survey(run, THRESHOLDS, OtherTokenizer(tokenizer=str(tmp_path)))


# The command line ---------------------------------------------------------------------------------------------------

def asked(*words: str):
    from xtf.cli.main import cli

    return CliRunner().invoke(cli, words)


def test_filter_reports_in_json_and_in_words(run, others):
    words = ("filter", "rows", "--preset", "corrected", "--for-tokenizer", str(others / "words"))
    found = json.loads(asked(*words, "--json").stdout)
    assert found["carried"] == carry.survey(run, PRESETS["corrected"][1],
                                            OtherTokenizer(tokenizer=str(others / "words")))
    for_people = "".join(asked(*words).stdout.split())  # lines are folded
    for sentence in (found["carried"]["sentence"], *found["carried"]["notes"]):
        assert sentence.replace(" ", "") in for_people


def test_export_writes_and_says_so(run, others, tmp_path):
    done = asked("export", "rows", "--for-tokenizer", str(others / "words"), "--template", "none", "--format", "jsonl",
                 "--out", str(tmp_path / "out"), "--json", *(word for check in get_args(Check)
                                                             for word in ("--allow", check)))
    assert json.loads(done.stdout) == read_back(tmp_path / "out")
    assert read_back(tmp_path / "out")["carried"]["other"]["template"] == "none"


def test_flags_of_the_other_tokenizer_need_one(run):
    result = asked("filter", "rows", "--max-length", "100")
    assert isinstance(result.exception, SettingsError)
    assert str(result.exception) == "--max-length is about another tokenizer: give --for-tokenizer, too."


# The Export page ----------------------------------------------------------------------------------------------------

def test_the_page_reports_before_the_download(workplace, others):
    from tests.pages import metric, opened, rerun, widget

    app = opened("pages/export.py", {"run": "problems"})
    widget(app.text_input, "For another model's tokenizer").set_value(str(others / "words"))
    app = rerun(app)
    assert "First rows" not in [found.value for found in app.subheader]
    widget(app.button, "Prepare").click()
    app = rerun(app)
    found = carry.survey(open_run("problems"), PRESETS["corrected"][1],
                         OtherTokenizer(tokenizer=str(others / "words")))
    assert metric(app, "Split or merged") == f"{100 * found['changed_share']:.1f} %"
    assert metric(app, "Kept, other tokens") == f"{100 * found['after']['kept_share']:.1f} %"
    command, = [code.value for code in app.code if "xtf export problems" in code.value]
    assert f"--for-tokenizer {others / 'words'}" in command
    assert app.dataframe[0].value["kept"].sum() == found["after"]["kept"]


def test_the_page_tells_of_a_tokenizer_that_is_not_there(workplace):
    from tests.pages import opened, rerun, widget

    app = opened("pages/export.py", {"run": "problems"})
    widget(app.text_input, "For another model's tokenizer").set_value("./nowhere")
    assert "There is no model at" in rerun(app).error[0].value
    assert widget(app.button, "Prepare").disabled
