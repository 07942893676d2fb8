"""The Value page and the presentation run as scripts: inputs and their sources, claims, roadmap; read-only steps."""

import json
import shlex

import pytest

from tests import comparisons
from tests.commands import told as command
from tests.pages import metric, opened, rerun, widget
from tests.scored import score
from xtf import jobs, runs, sentences
from xtf.engine.sentence import score as score_sentence
from xtf.ui import present, present_run, sentence
from xtf.value import words

PAGE, PRESENT = "pages/value.py", "pages/present.py"


def told(app):
    """All sentences of the page."""
    return " ".join(found.value for kind in (app.markdown, app.info, app.success, app.warning, app.error, app.caption)
                    for found in kind).replace("\\", "")


def typed(app, key, value):
    app.number_input(key=key).set_value(value)
    return rerun(app)


@pytest.fixture
def helped(workplace):
    return comparisons.finished("problems", "hostile")


def test_what_the_run_measured_is_filled_in_and_the_rest_is_called_a_default(workplace):
    app = opened(PAGE)
    manifest = runs.open_run("problems").manifest
    assert not app.exception and not app.error
    assert app.number_input(key="value.tokens.likely").value == manifest.counts["tokens"]
    speed = manifest.counts["tokens"] / manifest.seconds
    assert app.number_input(key="value.score_speed.low").value == pytest.approx(speed)
    said = told(app)
    assert said.count(":material/straighten: measured]") == 3  # tokens, scoring speed, kept share
    assert "default, not measured" in said and "your assumption]" not in said
    assert "costs more than it brings" in said and "nothing may be claimed of it" in said


def test_inputs_are_kept_over_pages_and_can_be_forgotten(workplace):
    app = typed(opened(PAGE), "value.gpu_price.low", 9.0)
    assert [app.number_input(key=f"value.gpu_price.{end}").value for end in ("low", "likely", "high")] == [9, 9, 9]
    assert told(app).count("your assumption]") == 1
    app.switch_page("pages/method.py").run()
    app.switch_page(PAGE).run()
    assert app.number_input(key="value.gpu_price.high").value == 9
    widget(app.button, "Forget my inputs").click()
    assert rerun(app).number_input(key="value.gpu_price.high").value == 4


def test_the_page_says_what_the_command_says(helped):
    app = typed(typed(opened(PAGE), "value.fine_tunes.likely", 20.0), "value.point_value.high", 500.0)
    words_ = shlex.split(app.code[0].value)
    found = command(*words_[words_.index("value"):])
    assert metric(app, "Return (USD a month)") == words.money(found["net"]["low"], found["net"]["high"], "")
    assert found["inputs"]["fine_tunes"]["value"] == {"low": 2, "likely": 20, "high": 20}
    for claim in found["claims"]:
        assert claim["text"] in told(app)


def test_a_finished_comparison_is_measured_by_unless_it_is_put_aside(helped):
    app = opened(PAGE)
    assert app.number_input(key="value.time_ratio.likely").value == 1.0
    assert "Filtering is not shown to save training time" in told(app) and "That is a tie" in told(app)
    widget(app.selectbox, "Measured by the comparison").set_value("none: assumptions only")
    said = told(rerun(app))
    assert "Whether filtering saves training time was not measured" in said
    assert "time_ratio" not in " ".join(found.key for found in app.number_input)


def test_hours_that_are_assumed_saved_are_called_an_assumption(workplace):
    app = opened(PAGE)
    app.number_input(key="value.cleaning_saved.low").set_value(100.0)
    app.number_input(key="value.cleaning_hours.low").set_value(200.0)
    said = told(rerun(app))
    assert "brings more than it costs" in said and "rests on assumptions: data cleaning" in said
    assert "What the measurements carry" in said and not app.success


def test_a_faulty_currency_is_told_and_the_page_goes_on(workplace):
    app = opened(PAGE)
    app.text_input(key="value.currency").set_value("=1+1")
    app = rerun(app)
    assert "give up to eight letters" in app.error[0].value.replace("\\", "") and len(app.number_input) > 40
    app.text_input(key="value.currency").set_value("€")
    assert "€ a month" in told(rerun(app)) and not app.error


def test_the_calculation_can_be_taken_away(workplace):
    app = opened(PAGE)
    assert widget(app.get("download_button"), "Calculation as CSV").proto.deferred_file_id


def test_the_roadmap_links_to_the_pages_that_do_it(workplace):
    app = opened(PAGE)
    links = {link.label: link for link in app.main.get("page_link")}
    assert {"Score data of your own", "Finish a fine-tune", "Compare other thresholds"} <= links.keys()
    assert "Done: hostile" in told(app) and "To do: Train on exactly the tokens" in told(app)


def test_the_roadmap_is_there_before_the_first_run(home):
    assert "Discovery and assessment" in told(opened(PAGE))


# The presentation.


def at(step, **query):
    return opened(PRESENT, {"step": str(step), **query})


def test_the_presentation_goes_forth_and_back_and_starts_nothing(workplace):
    app, titles = opened(PRESENT), []
    for _ in range(len(present.STEPS) - 1):
        titles.append(app.header[0].value)
        widget(app.button, "Next").click()
        app = rerun(app)
    assert [*titles, app.header[0].value] == [step.title for step in present.STEPS]
    assert widget(app.button, "Next").disabled and app.query_params["step"] == "6"
    widget(app.button, "Back").click()
    assert rerun(app).header[0].value == present.STEPS[4].title
    assert not jobs.list_jobs()
    assert not (app.text_input or app.number_input or app.text_area or app.main.selectbox)


@pytest.mark.parametrize("step", ["0", "7", "x", "²", "-1"])
def test_a_step_that_is_none_is_the_first(step, workplace):
    assert at(step).header[0].value == present.STEPS[0].title


def test_the_picture_has_a_title_and_a_description(workplace):
    from xtf.assets import asset

    picture = asset("present/process.svg").read_text(encoding="utf-8")
    assert 'role="img"' in picture and "<title" in picture and "<desc" in picture
    assert at(1).get("bidi_component")


def test_the_case_is_shown_where_it_was_scored_and_never_started_here(workplace):
    app = at(3)
    assert "Not measured with this run's model yet" in told(app) and not jobs.list_jobs()
    assert "Go to Method" in [link.label for link in app.main.get("page_link")]
    run = runs.open_run("problems")
    score_sentence(run, *sentence.CASE)
    assert sentences.cached(run.manifest.run_id, *sentence.CASE)
    said = told(at(3))
    assert "Before any training" in said and "it stays in" in said  # the tiny model is sure of nothing


def test_one_dropped_token_is_shown_with_its_reason(workplace):
    app = at(4)
    assert "Dropped: " in told(app) and len([found for found in app.main.get("html") if "<s>" in found.value]) == 1
    kept = at(4, **dict.fromkeys(("reasoning", "novelty", "relevance"), "off"))
    assert "leave no token out" in told(kept)


def test_the_longest_dropped_word_is_what_tells_most():
    from tests.tables import EOS, RESPONSE, table
    from xtf import filters
    from xtf.config import Cutoff, Off, Thresholds

    marks = [[RESPONSE, RESPONSE, RESPONSE, EOS]]
    made = table([[1, 2, 3, 4]], marks, {"logprob": [[-0.001, -0.002, -3.0, -0.003]]},
                 {"embedding_dataset": dict.fromkeys((1, 2, 3, 4), 0.5)},
                 texts={1: " a", 2: " library", 3: " incomprehensible", 4: ""})
    found = filters.judge(made, Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=0.95)))
    assert present_run.telling(made, found) == 1
    nothing = filters.judge(made, Thresholds(reasoning=Off(), relevance=Off(), novelty=Off()))
    assert present_run.telling(made, nothing) is None


def test_two_numbers_are_those_of_home(workplace):
    app, home = at(5), opened()
    assert metric(app, "Response tokens that are trained") == metric(home, "Kept")
    assert metric(app, "Known before any training") == metric(home, "Already known")


def test_whether_it_helped_is_told_in_the_words_of_compare(workplace):
    assert "Not measured yet" in told(at(6))
    comparisons.finished("problems", "hostile")
    app = at(6)
    assert "no difference is shown" in told(app).lower() and "held-out problems" in told(app)
    assert len(app.main.markdown) < 6  # a room reads a sentence or two, and a figure
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]["meta"]["alt"]
    assert drawn.startswith("Exact match (%), mean")


@pytest.mark.parametrize("step", range(1, len(present.STEPS) + 1))
def test_hostile_text_is_shown_as_itself(step, workplace):
    app = at(step, run="hostile")
    assert not app.exception and not app.error
    for found in [*app.markdown, *app.caption]:
        assert "<script>" not in found.value.replace("\\<script\\>", "")
    for found in app.get("html"):
        assert "<script>" not in found.value and "<img" not in found.value


def test_without_a_run_the_presentation_sends_home(home):
    app = opened(PRESENT)
    assert "no scored dataset yet" in app.info[0].value and not app.main.button


def test_names_are_shown_as_themselves(home, tiny_model):
    score(home, tiny_model, "a_b_c", "demo", limit=2)
    assert any("run a\\_b\\_c" in found.value for found in opened(PAGE).caption)
