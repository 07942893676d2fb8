"""What strategies need beyond the scoring pass, made with a real tiny model, against direct computations."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.commands import refused, told
from xtf import runs, strategies
from xtf.added import ALONE, reference
from xtf.columns import Mark
from xtf.config import STRATEGY_SETTINGS, Ifd, Normal, Random, SelfEvolving, Slm, Thresholds, TokenCleaning
from xtf.errors import SettingsError
from xtf.evaluation.load import load
from xtf.strategies.references import PARTS, parts
from xtf.training.data import Rows
from xtf.training.folder import open_training
from xtf.training.online import selected
from xtf.training.rows import row
from xtf.training.source import of_run

TRAINING = ["--epochs", "1", "--rank", "2", "--batch-examples", "2", "--device", "cpu", "--learning-rate", "0.01"]


def at(strategy):
    return Thresholds(strategy=strategy)


def direct(model, ids):
    """float32[T]: log-probability of each token by a plain forward pass; NaN at the first."""
    with torch.no_grad():
        logits = model(torch.tensor(ids[None].astype(np.int64))).logits[0].float().log_softmax(-1)
    found = logits[:-1].gather(1, torch.tensor(ids[1:, None].astype(np.int64)))[:, 0]
    return np.append(np.float32("nan"), found.numpy())


def test_a_reference_model_is_a_fine_tune_on_one_part_and_its_losses_are_those_of_a_plain_pass(demo_run, tiny_model):
    made = told("prepare", "demo", "--strategy", "token-cleaning", *TRAINING)
    assert made["run"] == "demo" and made["seconds"] > 0
    trained, table = open_training("demo-reference"), demo_run.table()
    mine = parts(len(table)) == 0
    counts = table.trainable_counts
    told_counts = trained.record["counts"]
    assert told_counts["examples"] == mine.sum() and told_counts["trained"] == counts[mine].sum()

    model = load(trained.model, trained.result).model
    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    excess = np.full(len(table.ids), np.nan)
    for index in range(len(table)):
        here = slice(*table.offsets[[index, index + 1]])
        known = direct(model, table.ids[here])
        assert demo_run.added.read(reference("reference"))[here][table.trainable[here]] == pytest.approx(
            known[table.trainable[here]], abs=1e-4)
        excess[here] = np.where(table.trainable[here], known - direct(base, table.ids[here]), np.nan)
    order = np.argsort(-np.where(np.isnan(excess), -np.inf, excess))
    count = round(0.6 * table.trainable.sum())
    clear = np.abs(excess - excess[order[count - 1]]) > 1e-3  # at the edge rounding decides
    keep = strategies.judge(demo_run.table(), at(TokenCleaning())).keep
    expected = np.isin(np.arange(len(excess)), order[:count])
    assert keep.sum() == count and (keep == expected)[clear & table.trainable].all()
    assert (strategies.judge(demo_run.table(), at(Slm())).keep == keep).all()
    # The same again makes nothing new.
    stamp = demo_run.added.stamp
    told("prepare", "demo", "--strategy", "slm", *TRAINING)
    assert demo_run.added.stamp == stamp


def test_a_self_evolving_reference_goes_on_from_part_to_part(demo_run):
    told("prepare", "demo", "--strategy", "self-evolving", *TRAINING)
    table, of = demo_run.table(), parts(6)
    names = [f"demo-reference{'' if part == 0 else f'-{part}'}" for part in range(PARTS)]
    assert demo_run.added.made(reference("reference", evolving=True))["trainings"] == names
    known, keep = table.column("evolving.reference"), strategies.judge(table, at(SelfEvolving())).keep
    for part in (0, PARTS - 1):
        made, here = open_training(names[part]), np.repeat(of == part, np.diff(table.offsets))
        model = load(made.model, made.result).model
        for index in np.flatnonzero(of == part):
            inside = slice(*table.offsets[[index, index + 1]])
            trained = table.trainable[inside]
            assert known[inside][trained] == pytest.approx(direct(model, table.ids[inside])[trained], abs=1e-4)
        assert keep[here].sum() == round(0.6 * (here & table.trainable).sum())
    # Each step learnt the kept tokens of the part that the one before has judged, on top of it.
    for part in range(1, PARTS):
        made = open_training(names[part])
        judged = np.repeat(of == part - 1, np.diff(table.offsets))
        assert made.asked["after"] == names[part - 1] and made.asked["kept"] == keep[judged].sum()
    weights = [dict(load(open_training(name).model, open_training(name).result).model.named_parameters())
               for name in names[:2]]
    assert any(not weight.equal(weights[1][name]) for name, weight in weights[0].items())


def test_a_fine_tune_that_is_there_can_be_the_reference_model(demo_run, monkeypatch):
    """One on all of the data here, which no command would train for it."""
    told("train", "demo", "--strategy", "normal", "--name", "clean", *TRAINING)
    monkeypatch.setattr("xtf.training.run.train_on", None)  # nothing is trained
    clean = ["--strategy-reference", "clean", "--reference-model", "clean"]
    told("prepare", "demo", "--strategy", "slm", *clean)
    table, made = demo_run.table(), demo_run.added.made("reference.clean")
    trained = open_training("clean")
    assert made["trainings"] == ["clean"] and made["seconds"] > trained.metrics()["seconds"].iloc[-1]
    ids = table.ids[:table.offsets[1]]
    wanted = direct(load(trained.model, trained.result).model, ids)[table.trainable[:len(ids)]]
    assert demo_run.added.read("reference.clean")[:len(ids)][table.trainable[:len(ids)]] == pytest.approx(
        wanted, abs=1e-4)
    told("prepare", "demo", "--strategy", "token-cleaning", *clean)  # it serves all that go by one


def test_a_reference_model_must_be_finished_of_this_model_and_not_take_anothers_name(demo_run, monkeypatch):
    told("train", "demo", "--strategy", "normal", "--name", "clean", *TRAINING)
    demo_run.added.write(reference("reference"), np.zeros(len(demo_run.table().ids), np.float32),
                         {"seconds": 2.0, "trainings": ["other"]})
    slm = ["prepare", "demo", "--strategy", "slm", "--reference-model"]
    assert "made with other: give the new one another name" in refused(*slm, "clean")
    assert "there are: clean" in refused(*slm, "nowhere", "--strategy-reference", "new")
    manifest = demo_run.manifest
    other = SimpleNamespace(name="demo", manifest=replace(manifest, settings=manifest.settings | {"model": "other"}))
    with pytest.raises(SettingsError, match="Run demo was scored with another model than the one that clean started"):
        open_training("clean").check_for(other)
    assert "goes by no reference model" in refused("prepare", "demo", "--strategy", "stm", "--reference-model", "clean")
    monkeypatch.setattr("xtf.training.folder.Training.done", False)
    assert "is not finished" in refused(*slm, "clean", "--strategy-reference", "new")
    monkeypatch.undo()


def test_ifd_is_the_ratio_of_two_plain_passes(demo_run, tiny_model):
    told("prepare", "demo", "--strategy", "df-ifd")
    table, model = demo_run.table(), AutoModelForCausalLM.from_pretrained(tiny_model)
    ratios = []
    for index in range(len(table)):
        one = table.example(index)
        left = (one.marks & Mark.PROMPT) == 0
        alone = np.full(len(one.ids), np.nan)
        alone[left] = direct(model, one.ids[left])
        found = table.column(ALONE)[slice(*table.offsets[[index, index + 1]])]
        counts = one.trainable & np.isfinite(alone)
        assert found[counts] == pytest.approx(alone[counts], abs=1e-4) and np.isnan(found[~one.trainable]).all()
        ratios.append(direct(model, one.ids)[counts].mean() / alone[counts].mean())
    choice = strategies.judge(table, at(Ifd(drop=0.5))).choice
    worst = sorted(range(6), key=lambda index: (ratios[index] <= 1, ratios[index]))
    dropped = max(3, sum(ratio > 1 for ratio in ratios))
    assert sorted(np.flatnonzero(choice.dropped_examples)) == sorted(worst[:dropped])


def test_each_batch_of_selective_lm_trains_on_its_highest_excess_loss():
    """Two rows of 2 and 3 judged tokens with losses 1, 5 | 4, 2, 3 and a reference's 1, 1 | 3.5, 1, 0: excess 0, 4 |
    .5, 1, 3. Of five, 60 % are three: 4, 1, 3."""
    rows = [row(np.array([7, 8, 9], np.int32), np.array([-100, 8, 9], np.int32), None,
                -np.array([0, 1, 1], np.float32)),
            row(np.array([4, 5, 6, 7], np.int32), np.array([-100, 5, 6, 7], np.int32), None,
                -np.array([0, 3.5, 1, 0], np.float32))]
    first, second = selected(rows, np.array([1, 5, 4, 2, 3], np.float32), 0.6)
    assert first.targets.tolist() == [9] and second.targets.tolist() == [6, 7]
    assert first.ids.tolist() == [7, 8] and second.places.tolist() == [1, 2]
    none = selected(rows, np.array([0, 0, 9, 9, 9], np.float32), 0.6)[0]
    assert not len(none.ids) and not len(none.targets)


def test_selective_lm_is_trained_online(demo_run):
    told("prepare", "demo", "--strategy", "slm", *TRAINING)
    made = told("train", "demo", "--strategy", "slm", "--name", "slm", "--allow", "kept_share", "--allow", "eos",
                *TRAINING)
    table = demo_run.table()
    steps = open_training("slm").metrics()
    assert len(steps) == 3 and steps["trained"].iloc[-1] == pytest.approx(0.6 * table.trainable.sum(), abs=3)
    assert made["counts"]["kept_share"] == pytest.approx(0.6, abs=0.01) and made["asked"]["columns"]
    # The first step chooses as the base model does: its loss is the mean over the batch's highest excess losses.
    rows = of_run(demo_run, at(Slm()), ("kept_share", "eos")).rows()
    assert isinstance(rows, Rows) and rows.online == 0.6 and len(rows[0].reference) == len(rows[0].targets)


def test_random_draws_anew_with_each_seed_of_a_fine_tune(demo_run):
    drawn = [of_run(demo_run, at(Random(keep=0.5)), seed=seed).rows() for seed in (0, 1, 1)]
    labels = [np.concatenate([rows[index].targets for index in range(len(rows))]).tolist() for rows in drawn]
    assert labels[0] != labels[1] == labels[2]


def test_augmentation_is_prepared_as_a_run_of_its_own(demo_run):
    made = told("prepare", "demo", "--strategy", "augment")
    table = runs.open_run(made["run"]).table()
    verdicts = strategies.judge(table, at(STRATEGY_SETTINGS["augment"]()))
    assert len(table) > 6 and (verdicts.keep == table.trainable).all()
    assert "twins add" in verdicts.notes[0]
    assert told("prepare", "demo", "--strategy", "augment") == made


def test_what_was_added_is_listed_and_deleted(demo_run):
    demo_run.added.write(ALONE, np.zeros(len(demo_run.table().ids), np.float32), {"seconds": 2.0})
    assert list(told("prepare", "demo", "--list")["columns"]) == [ALONE]
    told("prepare", "demo", "--delete", ALONE)
    assert told("prepare", "demo", "--list") == {"columns": {}}
    assert "There is no added column" in refused("prepare", "demo", "--delete", ALONE)
    assert "xtf prepare RUN --strategy df-ifd" in refused("filter", "demo", "--strategy", "df-ifd")


def test_normal_needs_nothing(demo_run):
    assert told("prepare", "demo", "--strategy", "normal")["seconds"] == 0
    assert strategies.lacks(demo_run.table(), Normal()) == ""
