"""The Compare page run as a script: what was found, in words; the form; what goes on, what is deleted."""

import pytest

from tests import comparisons
from tests.comparisons import ARMS, BASE
from tests.pages import opened, rerun, widget
from tests.scored import HOSTILE
from xtf import jobs
from xtf.comparison import folder, variants
from xtf.training.folder import list_trainings
from xtf.ui import arms_choice

PAGE = "pages/compare.py"
_FORM = "xtf.form.arms"


def told(app):
    """All sentences of the page."""
    return " ".join(found.value for kind in (app.markdown, app.info, app.success, app.warning, app.error, app.caption)
                    for found in kind).replace("\\", "")


@pytest.fixture
def helped(workplace):
    return comparisons.finished("problems", "hostile", text=HOSTILE)


def test_without_a_comparison_the_form_is_there(workplace):
    app = opened(PAGE)
    assert not app.exception and not app.error
    assert "xtf compare problems --preset corrected --name problems-compare" in app.code[0].value
    widget(app.segmented_control, "View").set_value("result")
    assert "Nothing has been compared yet" in told(rerun(app))


def test_the_form_becomes_a_job_of_exactly_that_command(workplace, sleeping):
    app = opened(PAGE)
    widget(app.number_input, "Seeds of each strategy (seeds)").set_value(2)
    widget(app.number_input, "Longest answer (tokens)").set_value(8)
    widget(app.number_input, "Epochs (passes)").set_value(1.0)
    widget(app.selectbox, "From").set_value("run")
    rerun(app)
    app.text_input("arms.new_name").set_value("mine")
    widget(rerun(app).button, "Start").click()
    rerun(app)
    assert jobs.running()[0].argv == [
        "compare", "problems", "--preset", "corrected", "--seeds", "2", "--held-out", "hostile", "--epochs", "1.0",
        "--max-new-tokens", "8", "--name", "mine", "--json"]
    assert widget(app.button, "Cancel") and "mine" in widget(app.selectbox, "Comparison").value


def test_every_arm_can_be_chosen_and_what_it_costs_is_told(workplace, sleeping):
    assert set(variants.NAMES) <= {name for names, _ in arms_choice.GROUPS.values() for name in names}
    app = opened(PAGE)
    widget(app.pills, "Reference model").set_value(["slm", "token-cleaning"])
    widget(rerun(app).pills, "XTF").set_value(["xtf", "xtf-ri-kn"])
    widget(rerun(app).pills, "Controls").set_value(["normal", "random-60"])
    widget(rerun(app).segmented_control, "Budget").set_value("clock")
    said = told(rerun(app))
    assert "18 fine-tunes one after the other" in said  # six arms, three seeds
    assert "Selective LM (Rho-1) takes training a reference model" in said
    assert "Token cleaning (fixed) takes" not in said
    widget(app.button, "Start").click()
    rerun(app)
    argv = jobs.running()[0].argv
    assert argv[argv.index("--strategies") + 1] == "normal,xtf,xtf-ri-kn,random-60,slm,token-cleaning"
    assert argv[argv.index("--budget") + 1] == "clock"


def test_a_budget_without_what_it_is_measured_by_is_told(workplace):
    app = opened(PAGE, **{_FORM: {"strategies": ("xtf",), "budget": "kept"}})
    assert any("add the strategy normal" in error.value for error in app.error)


def test_the_chosen_comparison_is_in_the_url(helped, workplace):
    comparisons.begun("problems", "hostile", name="other")
    app = opened(PAGE)
    assert widget(app.selectbox, "Comparison").value == "other" and app.query_params["comparison"] == "other"
    widget(app.selectbox, "Comparison").set_value("helped")
    assert rerun(app).query_params["comparison"] == "helped"
    assert widget(opened(PAGE, {"comparison": "helped"}).selectbox, "Comparison").value == "helped"
    gone = opened(PAGE, {"comparison": "gone"})
    assert any("There is no comparison called gone any more; this is other." in error.value.replace("\\", "")
               for error in gone.error)


@pytest.mark.parametrize("plot, words", [
    ("gains", "the paper's"), ("groups", "keep and drop"), ("ablation", "helped has no arms xtf-ri, xtf-kn, xtf-tr"),
    ("share", "The dotted line is normal fine-tuning"), ("tasks", "Ours are of the newest comparison")])
def test_each_plot_says_whose_figures_it_shows_and_why_some_are_missing(plot, words, helped):
    app = opened(PAGE)
    widget(app.segmented_control, "Plot").set_value(plot)
    rerun(app)
    assert not app.error and words in told(app)
    if plot == "tasks":
        rows = app.dataframe[1].value
        assert rows["From"].tolist()[:4] == [
            "Normal in helped", "No comparison of maths has the arm df-ifd or df-perplexity.",
            "No comparison of maths has the arm token-cleaning or self-evolving.", "XTF in helped"]


def test_many_strategies_are_told_in_groups_and_their_differences_on_demand(workplace):
    names = ("normal", "random", "xtf", "stm", "dft", "entropy")
    values = {(name, 0): ARMS["xtf" if name in ("xtf", "stm") else "normal", 0] for name in names}
    comparisons.finished("problems", "hostile", values, seeds=1, strategies=names)
    app = opened(PAGE)
    assert "By exact match, against normal fine-tuning: none of 4 is shown to differ." in told(app)
    assert any("differences in words" in one.label for one in app.expander)
    assert app.dataframe[0].value["strategy"].tolist()[3:] == ["XTF", "STM", "DFT", "Entropy"]


@pytest.mark.parametrize("values, words", [
    ({"strategies": ()}, "strategies"), ({"name": "../x"}, "cannot be a name"), ({"seeds": 0}, "seeds")])
def test_faults_of_the_form_are_told_in_a_sentence(values, words, workplace):
    app = opened(PAGE, **{_FORM: values})
    assert not app.exception and any(words in error.value for error in app.error)


def test_the_verdict_stands_on_top_and_the_paper_apart(helped):
    app = opened(PAGE)
    assert not app.exception and not app.error
    said = told(app)
    assert "By exact match: no difference is shown" in said and "4 held-out problems and 2 seeds" in said
    assert "the paper's (models of 1B-14B; no seeds or intervals published)" in said
    table = app.dataframe[0].value
    assert table["strategy"].tolist() == ["Base model", "Normal", "XTF", "Random"]
    assert table["the paper's, not ours (%)"].tolist() == ["16.0", "37.1", "45.7", "—"]
    widget(app.segmented_control, "Metric").set_value("loss_kept")
    assert not rerun(app).error


def test_answers_are_side_by_side_with_their_marks_in_words(helped):
    app = opened(PAGE)
    codes = [code.value for code in app.code]
    assert [code for code in codes if code.startswith(("base says 0", "helped-"))] == [
        f"{name} says 0. {HOSTILE}" for name in ("base", "helped-normal-s0", "helped-xtf-s0", "helped-random-s0")]
    assert "right" in told(app) and "wrong" in told(app)
    widget(app.segmented_control, "Seed").set_value(1)
    widget(rerun(app).button, "Next").click()
    assert f"helped-xtf-s1 says 1. {HOSTILE}" in [code.value for code in rerun(app).code]
    widget(app.segmented_control, "Examples").set_value("All wrong")  # of seed 1 the third alone
    assert f"base says 2. {HOSTILE}" in [code.value for code in rerun(app).code]


def test_an_unfinished_comparison_says_so_and_goes_on(workplace, sleeping):
    made = comparisons.finished("problems", "hostile", {key: ARMS[key] for key in [("normal", 0)]})
    comparisons.train(made, made.arms[1], whole=False)
    made.note(failures={made.arms[2].name: f"The disk is full: {HOSTILE}"})
    app = opened(PAGE)
    arms = app.dataframe[0].value
    assert arms["state"].tolist() == ["done", "begun", "failed", "not begun", "not begun", "not begun"]
    assert arms["why"].tolist()[2] == f"The disk is full: {HOSTILE}" and arms["steps"].tolist()[1] == 0.5
    assert "So far: 1 of 6 fine-tunes are evaluated." in told(app)
    widget(app.button, "Resume").click()
    rerun(app)
    argv = jobs.running()[0].argv
    assert argv[:4] == ["compare", "problems", "--preset", "corrected"] and argv[argv.index("--name") + 1] == "helped"


def test_what_a_command_line_works_on_is_not_offered_to_resume(workplace):
    made = comparisons.finished("problems", "hostile", {key: ARMS[key] for key in [("normal", 0)]})
    with made.locked():
        app = opened(PAGE)
    assert "Another process works on it" in told(app) and "Resume" not in [button.label for button in app.button]
    assert app.dataframe[0].value["state"].tolist()[1] == "waiting"
    assert "Resume" in [button.label for button in opened(PAGE).button]


@pytest.mark.parametrize("with_arms", [False, True])
def test_deleting_keeps_the_fine_tunes_unless_asked(with_arms, helped):
    app = opened(PAGE)
    widget(app.toggle, "Delete its 6 fine-tunes, too").set_value(with_arms)
    widget(app.button, "Delete it").click()
    rerun(app)
    assert not folder.list_comparisons() and len(list_trainings()) == (0 if with_arms else 6)


def test_damage_is_told_in_a_sentence(helped):
    (helped.base / "items.parquet").write_bytes(b"nonsense")
    app = opened(PAGE)
    assert not app.exception and any("is damaged" in error.value for error in app.error)


def test_a_comparison_of_a_loss_alone_has_no_marks(workplace):
    values = {key: (*nats, [None] * 4) for key, (*nats, _) in ARMS.items()}
    comparisons.finished("problems", "hostile", values, (*BASE[:2], [None] * 4), "none")
    app = opened(PAGE)
    assert not app.exception and "By held-out loss" in told(app)
    assert widget(app.segmented_control, "Examples").options == ["All"]
