"""The views Watch, Result and All of the Fine-tune page run as a script: made-up states, and one real fine-tune."""

import shutil

import pytest

from tests.finetunes import PAGE, at, job_that, made_up, words
from tests.pages import metric, rerun, widget
from tests.scored import HOSTILE
from xtf import jobs, workspace
from xtf.config import PRESETS
from xtf.progress import WAITING
from xtf.runs import open_run
from xtf.training.folder import Training, list_trainings
from xtf.training.settings import TrainSettings
from xtf.ui import downloads, finetune_standing


@pytest.fixture(scope="session")
def trained(scored, tmp_path_factory):
    """A workspace with a fine-tune that is really finished."""
    from xtf.training.run import train

    folder = tmp_path_factory.mktemp("trained") / "home"
    shutil.copytree(scored, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(folder))
        train(open_run("problems"), PRESETS["corrected"][1], TrainSettings(
            rank=2, epochs=2, batch_examples=2, device="cpu"), "real", allow=["kept_share"])
    return folder


def state(name="one"):
    return finetune_standing.found()[name].state


@pytest.mark.parametrize("view, told", [("watch", "Its loss"), ("result", "Its adapter"), ("all", "All of them")])
def test_before_the_first_one_each_view_says_what_it_will_show(view, told, workplace):
    app = at(view)
    assert "There is no fine-tune yet" in words(app) and told in words(app) and not app.error


def test_without_a_run_fine_tunes_can_still_be_looked_at(home):
    made_up("one", done=True)
    app = at("watch", "one")
    assert "There is no run" in words(app) and metric(app, "Step, of 10") == "4"


def test_a_running_one_is_told_in_numbers_and_units(workplace, sleeping):
    made_up("one")
    job_that("running", "one", stage="training", done=4, total=10, rate=0.5)
    app = at(training="one")
    assert state() == "running" and "62.5 % of the response tokens kept" in words(app)
    # losses 2, 1, 2/3, 1/2 at weight 0.9: weights 0.729, 0.81, 0.9, 1 over 3.439
    assert metric(app, "Loss (nats)") == f"{(2 * .729 + .81 + .9 * 2 / 3 + .5) / 3.439:.3f}"
    assert metric(app, "Step, of 10") == "4" and metric(app, "Trained tokens") == "400"
    assert metric(app, "Time left") == "12 s" and metric(app, "Tokens/s") == "200" and metric(app, "Memory") == "3.0 MB"
    assert "4 of 10 steps · 0.5 steps/s · 12 s left" in words(app)
    assert len(app.get("plotly_chart")) == 4 and all(found.proto.help for found in app.metric)
    widget(app.button, "Cancel").click()
    assert "goes on from its last checkpoint" in words(rerun(app)) and state() == "cancelled"
    widget(app.button, "Resume").click()
    rerun(app)
    assert state() == "running" and len(jobs.running()) == 1


def test_a_queued_one_says_how_many_are_before_it(workplace, sleeping):
    for name in ("one", "two", "three"):
        job_that("running", name, stage=WAITING if name != "one" else "loading model")
    first, *_ = sorted(jobs.running(), key=lambda job: job.id)
    app = at(training="three")
    assert state("three") == "queued" and metric(app, "Loss (nats)") == "–"
    assert "Waiting for its turn" in words(app)
    assert first.argv[0] == "train"


@pytest.mark.parametrize("ended, told", [("failed", "The disk is full"), ("lost", "ended without a word")])
def test_what_failed_is_told_and_goes_on(ended, told, workplace, sleeping):
    made_up("one")
    job_that("running" if ended == "lost" else ended, "one", message=f"The disk is full: {HOSTILE}")
    if ended == "lost":
        import os
        import signal

        record = workspace.read_json(workspace.jobs_dir() / jobs.list_jobs()[0].id / "job.json")
        os.kill(record["pid"], signal.SIGKILL)
    app = at(training="one")
    assert state() == ended and told in words(app) and "<script>" not in app.error[0].value.replace("\\<", "")
    widget(app.button, "Resume").click()
    rerun(app)
    assert state() == "running"


def test_one_that_failed_before_its_first_step_is_told_and_can_be_forgotten(workplace, sleeping):
    job_that("failed", "one", message="There is no token to train.")
    app = at(training="one")
    assert "There is no token to train." in words(app) and widget(app.button, "Start again")
    finetune_standing.delete(finetune_standing.found()["one"])
    assert finetune_standing.found() == {}


def test_one_of_a_command_line_is_watched_and_resumed_by_the_same_command(workplace, sleeping):
    one = made_up("one", rank=4, strategy="random")
    with one.locked():
        assert "Another process works on it" in words(at(training="one"))
    app = at(training="one")
    assert "It was stopped." in words(app)
    widget(app.button, "Resume").click()
    rerun(app)
    assert jobs.running()[0].argv == ["train", "problems", "--preset", "corrected", "--strategy", "random", "--rank",
                                      "4", "--name", "one", "--json"]


def test_what_is_watched_is_in_the_url_and_survives_other_pages(workplace):
    made_up("one"), made_up("two", done=True)
    app = at(training="one")
    assert app.query_params["view"] == "watch" and app.query_params["training"] == "one"
    widget(app.selectbox, "Fine-tune").set_value("two")
    rerun(app)
    assert app.query_params["training"] == "two"
    app.switch_page("app.py")
    rerun(app)
    assert "training" not in app.query_params
    app.switch_page(PAGE)
    assert rerun(app).query_params["training"] == "two"
    told = at(training="gone")
    assert "no fine-tune called gone" in words(told) and told.query_params["training"] in ("one", "two")


def test_curves_lie_along_what_was_chosen(workplace):
    made_up("one")
    app = at(training="one")
    assert "Trained tokens" in app.get("plotly_chart")[0].proto.spec
    app.segmented_control("finetune.along").set_value("epoch")
    widget(app.slider, "Smoothing").set_value(0.0)
    rerun(app)
    assert "passes over the data" in app.get("plotly_chart")[0].proto.spec and metric(app, "Loss (nats)") == "0.500"


def test_settings_of_one_start_another(workplace):
    made_up("one", rank=4)
    app = at(training="one")
    assert any("rank: 4" in code.value for code in app.code)
    widget(app.button, "Use these settings for a new one").click()
    rerun(app)
    assert widget(app.number_input, "LoRA rank").value == 4 and app.query_params["view"] == "launch"


def test_a_result_is_there_to_take_to_merge_and_to_try(trained, home, sleeping):
    shutil.copytree(trained, home)
    result = Training(home / "trainings" / "real").result
    app = at("result", "real")
    assert not app.error and str(result) in [code.value for code in app.code]
    assert downloads.offer(result, "real.zip")
    assert "A LoRA adapter for" in words(app) and metric_free(app)
    widget(app.button, "Merge").click()
    rerun(app)
    assert jobs.running()[0].argv == ["merge", "real", "--out", str(result.parent / "merged"), "--json"]
    app.text_area("finetune.question").set_value("--help <b>?")
    widget(app.button, "Ask both").click()
    rerun(app)
    assert jobs.running()[0].argv == ["ask", "real", "--json", "--", "--help <b>?"]
    answer(jobs.running()[0], base=HOSTILE, tuned="48")
    app = rerun(app)
    assert {HOSTILE, "48"} <= {code.value for code in app.code}


def metric_free(app):
    return not app.metric


def answer(job, **result):
    jobs.cancel(job.id)
    folder = workspace.jobs_dir() / job.id
    (folder / "cancel").unlink()
    workspace.write_json(folder / "status.json", {"state": "done", "result": result})


def test_without_a_result_it_says_how_far_it_is(workplace):
    made_up("one")
    assert "4 of 10 steps are done" in words(at("result", "one"))


def test_all_are_listed_and_deleted_after_a_question(workplace):
    made_up("one"), made_up("two", done=True, strategy="normal")
    app = at("all")
    assert sorted(app.dataframe[0].value["name"]) == ["one", "two"]
    assert set(app.dataframe[0].value["state"]) == {"stopped", "finished"}
    key = next(key for key in dict(app.session_state) if key.startswith("trainings-"))
    place = app.dataframe[0].value["name"].tolist().index("one")
    app.session_state[key] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    rerun(app)
    assert widget(app.button, "Result").disabled and len(list_trainings()) == 2
    widget(app.button, "Delete it").click()
    rerun(app)
    assert [made.name for made in list_trainings()] == ["two"]


def test_side_by_side_tells_what_differs_and_what_cannot_be_compared(workplace):
    made_up("one", rank=4), made_up("two", rank=8), made_up("three", strategy="random")
    app = at("all", **{"xtf.form.finetune": {"compared": ["one", "two"]}})
    assert not app.warning and app.dataframe[1].value["Setting"].tolist() == ["Rank"]
    assert app.dataframe[1].value["one"].tolist() == ["4"]
    widget(app.toggle, "Also what is the same").set_value(True)
    assert len(rerun(app).dataframe[1].value) > 20
    app.multiselect("finetune.compared").set_value(["one", "three"])
    rerun(app)
    assert "cannot be compared" in app.warning[0].value
    assert "Tokens" in app.dataframe[1].value["Setting"].tolist()
