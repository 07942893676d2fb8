"""One model on one held-out run: losses against the run's own, answers marked, files that are whole or not there."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from xtf import filters
from xtf.config import ModelSettings, ScoreSettings, Thresholds, settings
from xtf.engine import local
from xtf.errors import EvaluationError, SettingsError, StoreError
from xtf.evaluation import code, marking, result, sandbox
from xtf.evaluation.evaluate import evaluate
from xtf.evaluation.load import load
from xtf.evaluation.settings import EvaluationSettings
from xtf.runs import open_run

SHORT = EvaluationSettings(max_new_tokens=8)


def loaded(folder):
    return load(ModelSettings(model=str(folder), device="cpu"))


def evaluated(run, folder, model, chosen=SHORT, **more):
    verdicts = filters.judge(run.table(), Thresholds())
    return evaluate(model.model, model.tokenizer, run, verdicts, chosen, folder, name="base", **more)


def test_the_base_model_loses_what_the_run_says_and_answers_the_same_twice(demo_run, tiny_model, tmp_path):
    model, calls, table = loaded(tiny_model), [], demo_run.table()
    found = evaluated(demo_run, tmp_path / "found", model, progress=lambda *call: calls.append(call))
    logprob, keep = table.column("logprob").astype(float), filters.judge(table, Thresholds()).keep
    for index, item in enumerate(found.items.itertuples()):
        here = slice(table.offsets[index], table.offsets[index + 1])
        trained = table.trainable[here]
        assert item.tokens == trained.sum() == item.kept + item.dropped and item.kept == keep[here].sum()
        assert item.nll == pytest.approx(-logprob[here][trained].sum(), abs=1e-6)
        assert item.nll_kept == pytest.approx(-logprob[here][keep[here]].sum(), abs=1e-6)
        assert item.nll == pytest.approx(item.nll_kept + item.nll_dropped, abs=1e-9)
    assert found.loss == pytest.approx(-np.nanmean(logprob)) and found.perplexity == pytest.approx(math.exp(found.loss))
    assert (found.task, found.held_out, found.run_id) == ("maths", "demo", demo_run.manifest.run_id)
    assert list(found.items["id"]) == list(table.example_ids) and set(found.items["correct"]) <= {0.0, 1.0}
    assert [text.rpartition("#### ")[2].partition("<|end|>")[0] for text in table.texts()] == list(
        found.items["expected"])
    assert calls[-1] == (6, 6, "held-out loss") and (6, 6, "generating") in calls
    assert (40, 40, "loss on unrelated text") in calls
    again = evaluated(demo_run, tmp_path / "again", model)  # though scoring has packed its weights
    assert again.items.equals(found.items)


def test_what_is_saved_is_what_is_read_and_a_damaged_file_is_told(demo_run, tiny_model, tmp_path):
    folder, chosen = tmp_path / "base", SHORT.model_copy(update={"examples": 2, "task": "none"})
    found = evaluated(demo_run, folder, loaded(tiny_model), chosen)
    read = result.read(folder)
    assert read.items.equals(found.items) and len(read.items) == 2 and math.isnan(read.accuracy)
    facts = {"model": "base", "run_id": found.run_id, "settings": chosen.model_dump(mode="json"),
             "thresholds": Thresholds().model_dump(mode="json")}
    assert result.same(read, **facts) and not result.same(read, **facts | {"model": "tuned"})
    whole = (folder / "items.parquet").read_bytes()
    (folder / "items.parquet").write_bytes(whole[:-1])
    with pytest.raises(StoreError, match=r"is damaged \(items.parquet is not what was written\)"):
        result.read(folder)
    (folder / "items.parquet").write_bytes(whole)
    (folder / "evaluation.json").write_text(json.dumps({"items_sha256": 1}))
    with pytest.raises(StoreError, match="delete that folder and evaluate again"):
        result.read(folder)
    (folder / "evaluation.json").unlink()
    with pytest.raises(StoreError, match="There is no finished evaluation"):
        result.read(folder)
    assert not result.exists(folder) and sorted(path.name for path in folder.iterdir()) == ["items.parquet"]


def evaluation(**columns):
    rows = {"id": ["a", "b"], "nll": [2.0, 4.0], "tokens": [1, 3], "nll_kept": [0.0, 3.0], "kept": [0, 2],
            "nll_dropped": [2.0, 1.0], "dropped": [1, 1], "correct": [1.0, np.nan], "answer": ["1", ""],
            "expected": ["1", ""], "generations": [["1"], ["2", "\u2028\x00"]], **columns}
    return result.Evaluation("base", "held", "id", "maths", {}, {}, pd.DataFrame(rows), 1.0, "now")


def test_losses_are_means_over_tokens_and_accuracy_one_over_what_was_marked(tmp_path):
    found = evaluation()
    assert (found.loss, found.loss_kept, found.loss_dropped, found.accuracy) == (6 / 4, 3 / 2, 3 / 2, 1.0)
    result.save(found, tmp_path)
    assert result.read(tmp_path).items.equals(found.items)
    assert math.isnan(evaluation(kept=[0, 0]).loss_kept) and evaluation(nll=[9e9, 0.0]).perplexity == math.inf


def test_marks_are_shares_of_the_answers_and_missing_where_nothing_is_to_compare():
    chosen = EvaluationSettings(samples=2, temperature=1)
    marks = marking.mark("maths", "abc", ["#### 4", "#### 1,000", "as you like"],
                         [["#### 4", "it is 4"], ["1000", "no number"], ["4", "5"]], chosen)
    assert marks["correct"].tolist()[:2] == [1.0, 0.5] and math.isnan(marks["correct"][2])
    assert marks["answer"] == ["4", "1000", "4"] and marks["expected"] == ["4", "1000", ""]
    marks = marking.mark("medicine", "ab", ["So.\nFinal decision: no", "Final decision: yes"], [["No."], ["?"]], SHORT)
    assert marks["correct"].tolist() == [1, 0] and marks["answer"] == ["no", ""]
    assert np.isnan(marking.mark("none", "ab", ["", ""], [["4"], ["5"]], SHORT)["correct"]).all()


def test_code_is_run_only_when_asked_and_gives_pass_at_k():
    ids = ["HumanEval/23", "HumanEval/28"]  # the length of a string, strings joined
    written = [["    return len(string)", "    return 0"], ["    return strings", "    while True: pass"]]
    chosen = EvaluationSettings(samples=2, temperature=1, run_code=True)
    idle = marking.mark("code", ids, ["", ""], written, chosen.model_copy(update={"run_code": False}))
    assert np.isnan(idle["correct"]).all() and idle["answer"][0] == "    return len(string)"
    with pytest.raises(EvaluationError, match="Example mine is no problem of HumanEval"):
        try:
            marking.check("code", ["mine"], chosen)
        except EvaluationError as error:
            if "cannot be run safely" in str(error):
                pytest.skip(str(error))
            raise
    calls = []
    marked = marking.mark("code", ids, ["", ""], [written[0], written[1][:1]], chosen,
                          lambda *call: calls.append(call))
    assert marked["correct"].tolist() == [0.5, 0.0] and calls[-1] == (2, 2, "running code")
    both = chosen.model_copy(update={"pass_k": 2})
    assert marking.mark("code", ids[:1], [""], written[:1], both)["correct"].tolist() == [1.0]
    assert code.run(code.problems()[ids[1]], written[1][1], sandbox.Limits(seconds=0.5)).fault.startswith("it took")


def test_a_model_of_another_vocabulary_is_told(demo_run, tiny_model, tmp_path):
    model = loaded(tiny_model)
    model.model.resize_token_embeddings(200)
    with pytest.raises(EvaluationError, match="vocabulary ends at 199"):
        evaluated(demo_run, tmp_path / "found", model, SHORT.model_copy(update={"examples": 1}))
    assert not (tmp_path / "found").exists()


def test_only_the_first_response_of_a_conversation_is_asked_for(home, tiny_model, tmp_path):
    turns = [{"role": role, "content": content} for role, content in
             [("user", "How many?"), ("assistant", "24 of them."), ("user", "And now?"), ("assistant", "#### 3")]]
    (tmp_path / "talk.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    local.score(ScoreSettings(data=str(tmp_path / "talk.jsonl"), model=str(tiny_model), dtype="float32", device="cpu"),
                "talk")
    found = evaluated(open_run("talk"), tmp_path / "found", loaded(tiny_model),
                      SHORT.model_copy(update={"task": "maths"}))
    assert found.items["expected"][0] == "24" and found.items["tokens"][0] == open_run("talk").table().trainable.sum()


def test_faults_of_settings_are_one_sentence():
    with pytest.raises(SettingsError, match=r"^Settings out of order: examples: .*; max_new_tokens: .*; temperature: "):
        settings(EvaluationSettings, {"examples": 0, "max_new_tokens": 0, "temperature": -1})
    with pytest.raises(SettingsError, match="more than one sample needs a temperature above 0"):
        settings(EvaluationSettings, {"samples": 2})
    with pytest.raises(SettingsError, match="pass@k needs at least k samples"):
        settings(EvaluationSettings, {"samples": 2, "temperature": 0.5, "pass_k": 3})


@pytest.mark.slow
def test_the_embedded_model_answers_in_words_and_stops(home, embedded_model, tmp_path):
    local.score(ScoreSettings(data="demo", split="heldout", model=str(embedded_model), limit=2, dtype="float32",
                              device="cpu"), "held")
    run = open_run("held")
    found = evaluated(run, tmp_path / "found", loaded(embedded_model), EvaluationSettings(max_new_tokens=40))
    assert found.loss == pytest.approx(-np.nanmean(run.table().column("logprob").astype(float)), abs=1e-5)
    assert all(texts[0].isprintable() or "\n" in texts[0] for texts in found.items["generations"])
    assert not any("<|im_end|>" in texts[0] for texts in found.items["generations"])
    assert found.items["answer"].ne("").any() and 0 <= found.accuracy <= 1
