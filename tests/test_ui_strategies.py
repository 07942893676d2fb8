"""Choosing a strategy on the pages: what follows, what it lacks, and how that is made."""

import numpy as np

from tests.commands import told
from tests.pages import component, metric, opened, rerun, widget
from xtf import jobs, runs, strategies
from xtf.added import reference
from xtf.config import STRATEGY_SETTINGS, Random, Stm, Thresholds
from xtf.words import percent


def at(page, strategy=None):
    chosen = {"xtf.thresholds": Thresholds(strategy=strategy)} if strategy else {}
    app = opened(page, {"run": "problems"}, **chosen)
    if chosen:  # what a link brings goes before what was there
        app.session_state["xtf.thresholds"] = chosen["xtf.thresholds"]
        rerun(app)
    assert not app.exception
    return app


def words(app):
    return " ".join(found.value.replace("\\", "") for found in [*app.markdown, *app.caption, *app.info, *app.error])


def kept(strategy):
    table = runs.open_run("problems").table()
    return strategies.judge(table, Thresholds(strategy=strategy)).keep.sum() / table.trainable.sum()


def test_a_strategy_chosen_on_thresholds_decides_everywhere_and_is_undone(workplace):
    app = at("pages/thresholds.py")
    assert component(app, "now") is not None  # the dials
    app.selectbox("thresholds.strategy").set_value("stm")
    rerun(app)
    assert metric(app, "Kept") == percent(kept(Stm())) and component(app, "now") is None
    assert app.query_params["strategy"] == "stm" and "The three rules of XTF do not count now" in words(app)
    widget(app.number_input, "Dropped below p (%)").set_value(0.1)
    rerun(app)
    assert metric(app, "Kept") == percent(kept(Stm(cutoff=0.001))) and app.query_params["strategy.cutoff"] == "0.001"
    for page in ("app.py", "pages/export.py"):
        app.switch_page(page)
        assert metric(rerun(app), "Kept") == percent(kept(Stm(cutoff=0.001)))
    app.switch_page("pages/explore.py")
    assert "STM: drops p below 0.001" in words(rerun(app))
    sentences = component(app, "sentences")["sentences"].values()
    assert any(sentence.startswith("Dropped by STM: the base model gives it") for sentence in sentences)
    app.switch_page("pages/thresholds.py")
    widget(rerun(app).button, "Undo").click()
    widget(rerun(app).button, "Undo").click()
    assert component(rerun(app), "now") is not None and "strategy" not in app.query_params


def test_what_a_strategy_lacks_is_told_with_a_button_that_makes_it(workplace, sleeping):
    for page in ("pages/thresholds.py", "pages/export.py", "pages/finetune.py"):
        app = at(page, STRATEGY_SETTINGS["token-cleaning"]())
        assert "Token cleaning (fixed) needs a reference model, which" in words(app)
        assert any("xtf prepare problems --strategy token-cleaning" in code.value for code in app.code)
    widget(app.button, "Prepare it").click()
    rerun(app)
    assert jobs.running()[0].argv == ["prepare", "problems", "--strategy", "token-cleaning", "--json"]
    assert widget(app.button, "Prepare it").disabled
    # As soon as it is there the page goes on.
    run = runs.open_run("problems")
    run.added.write(reference("reference"), np.zeros(len(run.table().ids), np.float32), {"seconds": 1.0})
    rerun(app)
    assert not [button for button in app.button if button.label == "Prepare it"]
    assert metric(app, "Kept") == percent(round(0.6 * run.table().trainable.sum()) / run.table().trainable.sum())


def test_the_reference_model_can_be_a_fine_tune_that_is_there(workplace, sleeping):
    told("train", "problems", "--strategy", "normal", "--name", "clean", "--epochs", "1", "--rank", "2", "--device",
         "cpu")
    app = at("pages/thresholds.py", STRATEGY_SETTINGS["slm"]())
    app.selectbox("thresholds.reference").set_value("clean")
    widget(rerun(app).button, "Prepare it").click()
    rerun(app)
    assert jobs.running()[0].argv[2:] == ["--strategy", "slm", "--reference-model", "clean", "--json"]


def test_other_pages_say_what_is_missing(workplace):
    app = at("pages/explore.py", STRATEGY_SETTINGS["df-ifd"]())
    assert "xtf prepare RUN --strategy df-ifd" in words(app)


def test_the_control_can_be_given_a_share(workplace):
    app = at("pages/finetune.py", Random())
    assert metric(app, "Kept") == percent(kept(Random()))
    widget(app.number_input, "Kept (%)").set_value(50.0)
    rerun(app)
    assert metric(app, "Kept") == percent(kept(Random(keep=0.5)))
    assert any("--strategy random --strategy-keep 0.5" in code.value for code in app.code)
