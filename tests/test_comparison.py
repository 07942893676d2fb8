"""A whole comparison with a tiny model: arms that share everything but their tokens, interrupted and taken up again."""

import json

import pytest
from click.testing import CliRunner

from xtf import strategies
from xtf.cli.main import cli
from xtf.comparison import folder, held_out
from xtf.comparison.budget import one_pass
from xtf.comparison.result import evaluation, result
from xtf.comparison.settings import CompareSettings
from xtf.comparison.work import compare
from xtf.config import Thresholds, settings
from xtf.data import generator
from xtf.errors import TrainingError, XtfError
from xtf.evaluation.settings import EvaluationSettings
from xtf.progress import silent
from xtf.runs import open_run
from xtf.training.folder import begin, delete_training, list_trainings
from xtf.training.settings import TrainSettings

TRAINING = TrainSettings(epochs=1, batch_examples=4, rank=2, batch_tokens=4096, checkpoint_steps=1, device="cpu",
                         learning_rate=0.01)
EVALUATION = EvaluationSettings(max_new_tokens=4)


@pytest.fixture
def problems(workplace):
    return open_run("problems")


def xtf(*words):
    """What a command prints."""
    found = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def begun(run, name="helped", **chosen):
    wanted = settings(CompareSettings, {"seeds": 2, "held_out_examples": 5} | chosen)
    return folder.begin(run, Thresholds(), wanted, TRAINING, EVALUATION, name)


def stopping_at(name, after):
    """A progress that ends the work as a cancelled job does: the arm's `after`-th word kills it."""
    told = []

    def progress(done, total, stage):
        told.append(stage)
        if sum(one.startswith(name) for one in told) >= after:
            raise KeyboardInterrupt
    return progress


@pytest.mark.slow
def test_a_killed_comparison_ends_as_an_uninterrupted_one(problems):
    whole = begun(problems)
    compare(whole)
    found = result(whole)
    assert found.done and found.task == "maths" and found.marked == 5 and not found.notes
    assert [row.seeds for row in found.rows] == [(0,), (0, 1), (0, 1), (0, 1)]
    assert found.row("xtf").trained == found.row("random").trained < found.row("normal").trained

    again = begun(problems, "again", seeds=1)
    for stage, after in (("base model", 2), ("XTF, seed 0 · training", 2), ("Random, seed 0 · held-out loss", 1)):
        with pytest.raises(KeyboardInterrupt):
            compare(again, progress=stopping_at(stage, after))
    first = again.trained(again.arms[0])
    before = (first.result / "adapter_model.safetensors").stat().st_mtime_ns, first.evaluation("again-heldout").stat()
    compare(begun(problems, "again", seeds=1))
    assert before == ((first.result / "adapter_model.safetensors").stat().st_mtime_ns,
                      first.evaluation("again-heldout").stat())  # nothing is done twice
    for one, other in zip([None, *whole.arms[:3]], [None, *again.arms], strict=True):
        assert evaluation(whole, one).items.equals(evaluation(again, other).items)
    assert len({evaluation(whole, arm).loss for arm in whole.arms}) == 6  # strategies and seeds do differ


@pytest.mark.slow
def test_an_arm_that_fails_is_told_and_the_others_go_on(problems):
    taken = begin("problems-compare-normal-s0", {"run": "problems", "strategy": "normal",
                                             "settings": TrainSettings().model_dump()})
    words = ["compare", "problems", "--strategies", "normal,random", "--seeds", "1", "--held-out-examples", "5",
             "--epochs", "1", "--batch-examples", "6", "--rank", "2", "--device", "cpu", "--max-new-tokens", "4"]
    told = json.loads(xtf(*words, "--json"))
    _, normal, random = told["rows"]
    assert "A fine-tune called problems-compare-normal-s0 exists with other data" in normal["missing"][0]
    assert random["seeds"] == [0] and not told["done"] and told["paper"]["task"]["title"] == "GSM8K"
    delete_training(taken.name)
    shown = xtf(*words)  # the same command again does what is missing
    assert "Normal" in shown and "the paper's (models of 1B-14B; no seeds or intervals published)" in shown
    assert json.loads(xtf("compare", "--json"))["comparisons"][0]["arms"] == ["done", "done"]
    assert json.loads(xtf("compare", "--show", "problems-compare", "--json"))["done"]
    with pytest.raises(TrainingError, match="exists with other data, labels or settings"):
        xtf(*words, "--task", "none")
    xtf("compare", "--delete", "problems-compare", "--with-arms")
    assert not list_trainings() and not folder.list_comparisons()


def test_held_out_data_is_read_and_scored_as_the_training_data_was(problems, tmp_path):
    own = held_out.source(begun(problems), problems)
    assert (own.data, own.split, own.limit, own.model) == ("demo", "test", 5, problems.manifest.settings["model"])
    assert own.domain == problems.manifest.data["domain"]
    path = tmp_path / "other.jsonl"
    path.write_text('{"question": "1+1?", "answer": "2"}\n')
    made = begun(problems, "other", held_out=str(path), held_out_examples=None)
    assert (held_out.source(made, problems).data, held_out.source(made, problems).limit) == (str(path), None)


@pytest.mark.parametrize("chosen, words", [
    ({"held_out_split": "train"}, "Every held-out example is in run problems, too"),
    ({"held_out": "/no/such/file.jsonl"}, "There is no file"),
    ({"held_out": "humaneval", "strategies": ("normal", "normal")}, "each strategy can be named once"),
    ({"seeds": 0}, "seeds: input should be greater than or equal to 1")])
def test_what_is_no_fit_measure_is_refused_before_anything_is_trained(chosen, words, problems):
    with pytest.raises(XtfError, match=words):
        compare(begun(problems, **chosen))
    assert not folder.list_comparisons() and not list_trainings()


def test_examples_that_are_in_both_are_told(problems, tmp_path):
    text = [json.dumps(row) for row in generator.problems(6)] + ['{"id": "x", "question": "1+1?", "answer": "#### 2"}']
    path = tmp_path / "mixed.jsonl"
    path.write_text("\n".join(text[5:]))
    made = begun(problems, held_out=str(path))
    held_out.settled(made, problems, silent)
    assert made.record["notes"] == [
        "1 of 2 held-out examples are in run problems, too: what is measured on them is memory."]
    assert made.held_out == "helped-heldout"


def test_one_process_works_on_a_comparison_at_a_time(problems):
    made = begun(problems)
    with made.locked(), pytest.raises(TrainingError, match="at work in another process"):
        compare(made)


def arms_of(made):
    """Strategy → what its first arm was given and took."""
    return {arm.strategy: (made.given(arm), made.trained(arm)) for arm in made.arms if arm.seed == 0}


def scored_within(run, seconds):
    """The run as if scoring it had taken so long."""
    path = run.path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seconds": seconds}))
    return open_run(run.name)


@pytest.mark.slow
def test_at_equal_tokens_arms_that_keep_less_make_more_passes(problems):
    made = begun(problems, budget="kept", seeds=1, strategies=("random-60", "stm", "normal"))
    assert [arm.strategy for arm in made.arms] == ["normal", "random-60", "stm"]  # what others are measured by is first
    compare(made)
    rows, trainable = {row.name: row for row in result(made).rows}, int(problems.table().trainable.sum())
    assert (rows["normal"].epochs, rows["normal"].preparation, rows["random-60"].preparation) == (1, 0, 0)
    assert rows["random-60"].epochs == round(trainable / rows["random-60"].trained, 4)  # some 1 / 0.6
    assert made.trained(made.arms[1]).settings.epochs == rows["random-60"].epochs
    assert rows["stm"].missing == ["STM, seed 0: It keeps no token of this run, so there is nothing to train."]


@pytest.mark.slow
def test_at_equal_wall_clock_scoring_is_part_of_the_cost(problems):
    wanted = {"budget": "clock", "seeds": 1, "strategies": ("normal", "entropy")}
    made = begun(scored_within(problems, 1000.0), **wanted)
    compare(made)
    assert result(made).row("entropy").missing[0].startswith("Entropy, seed 0: Its preparation alone took 16 min 40 s")
    scored_within(problems, 0.0)
    compare(begun(problems, **wanted))
    normal, entropy = (made.trained(arm) for arm in made.arms)
    keep = strategies.judge(problems.table(), made.thresholds_of(made.arms[1])).keep
    # Nothing is taken off, so what normal read fits in: its tokens over those of a pass of this arm.
    passes = normal.metrics()["tokens"].iloc[-1] / one_pass(keep, problems.table().offsets).read
    assert made.given(made.arms[1]).epochs == entropy.settings.epochs == pytest.approx(passes, abs=1e-4)
    before = made.record["given"]
    scored_within(problems, 500.0)
    compare(begun(problems, **wanted))
    assert made.record["given"] == before  # settled once, so that an arm that is taken up again is the same


@pytest.mark.slow
def test_a_reference_model_is_made_once_and_its_time_is_told(problems):
    made = begun(problems, "cleaned", seeds=1, strategies=("token-cleaning", "slm"))
    compare(made)
    cleaning, selective = (made.given(arm).preparation for arm in made.arms)
    reference = open_run("problems").added.made("reference.cleaned")["seconds"]
    assert selective == pytest.approx(reference, abs=0.01)  # it goes without the scores
    assert cleaning == pytest.approx(reference + problems.manifest.seconds, abs=0.02)
    assert result(made).done and all("unrelated" in row.figures for row in result(made).rows)
