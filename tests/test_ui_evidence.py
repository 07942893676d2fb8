"""The Evidence page run as a script: the empty state, the verdict, figures, tables, and planted noise on its text."""

import base64
import json
import shutil

import numpy as np
import pytest

from tests.pages import component, opened, rerun, widget
from tests.scored import score
from xtf import jobs, runs, workspace
from xtf.bench.planted import result, tables, verdict
from xtf.bench.planted.kinds import COLUMNS, KINDS, TARGETS
from xtf.figures import evidence as figures
from xtf.figures.drawing import alt
from xtf.words import escaped

PAGE = "pages/evidence.py"


@pytest.fixture
def found(home, planted_bench):
    shutil.copytree(planted_bench[0], home)
    return result.load(planted_bench[1]["key"])


def told(app):
    """All sentences of the page."""
    return " ".join(one.value for kind in (app.markdown, app.info, app.warning, app.error, app.caption) for one in kind)


def test_without_a_result_the_page_says_what_it_would_measure_and_how(home, sleeping):
    app = opened(PAGE)
    assert not app.exception and not app.error and "Nothing has been measured yet" in app.info[0].value
    assert app.code[0].value.endswith("xtf bench planted")
    widget(app.number_input, "Examples of each data set (examples)").set_value(9)
    widget(app.number_input, "Seed").set_value(3)
    widget(app.toggle, "Strategies with reference models, too").set_value(True)
    widget(rerun(app).button, "Start").click()
    rerun(app)
    assert [job.argv for job in jobs.running()] == [
        ["bench", "planted", "--examples", "9", "--prepare", "--seed", "3", "--json"]]
    assert widget(app.button, "Cancel") and widget(app.button, "Start").disabled


def test_other_pages_open_on_planted_runs_only_where_there_is_no_other(found, tiny_model):
    assert opened().session_state["xtf.run"].startswith("planted-")
    score(workspace.home(), tiny_model, "another", "demo", limit=2)
    runs_there = [run.name for run in runs.list_runs()]
    workspace.write_json(workspace.runs_dir() / "another" / "manifest.json", workspace.read_json(
        workspace.runs_dir() / "another" / "manifest.json") | {"created": "2001-01-01T00:00:00+00:00"})
    assert len(runs_there) > 2 and opened().session_state["xtf.run"] == "another"


def test_the_verdict_stands_on_top_and_figures_follow_the_data(found):
    app = opened(PAGE)
    assert not app.exception and not app.error
    assert app.info[0].value == f"**{escaped(verdict.headline(found))}**"
    assert all(escaped(sentence) in told(app) for sentence in verdict.sentences(found))
    assert app.dataframe[0].value["filter"].tolist() == list(tables.filters(found, "all")["filter"])
    widget(app.segmented_control, "Data").set_value("medicine")
    app = rerun(app)
    assert app.dataframe[0].value.equals(tables.filters(found, "medicine"))
    widget(app.segmented_control, "Figure").set_value("recall_20")
    assert rerun(app).dataframe[1].value.equals(tables.signals(found, "medicine", "recall_20"))


def test_planted_noise_is_marked_on_its_text_as_what_a_perfect_filter_drops(found):
    app = opened(PAGE)
    widget(app.segmented_control, "Examples of").set_value("medicine")
    widget(app.segmented_control, "With").set_value("random")
    app = rerun(app)
    data = component(app, "other")
    planted = result.spans(found.key, "medicine")
    answer, spans = planted[data["example"]]
    bits = np.frombuffer(base64.b64decode(data["other"]["bits"]), np.uint8)
    table = runs.open_run(next(one.run for one in found.sets if one.name == "medicine")).table()
    example = table.example(table.find(data["example"]))
    at = example.text.index(answer)
    for number, (start, end) in enumerate(example.spans):
        inside = any(start < at + span.end and end > at + span.start for span in spans)
        assert bool(bits[number]) == (inside and bool(example.trainable[number]))
    said = {KINDS[span.kind].words for span in spans}
    assert said == {words for one in KINDS.values() for words in [one.words]
                    if any(words in sentence for sentence in data["other"]["sentences"].values())}
    assert f"{bits.sum()} tokens are planted" in data["other"]["summary"]


def test_a_run_that_is_gone_and_a_damaged_result_are_told(found):
    runs.delete_run(found.sets[0].run)
    app = opened(PAGE)
    assert not app.exception and "is not there any more" in app.error[0].value
    (result.folder(found.key) / "result.json").write_text("{")
    app = opened(PAGE)
    assert not app.exception and "cannot be read" in app.error[0].value
    assert widget(app.button, "Start")


def test_figures_show_every_value_and_tell_it_in_words(found):
    heat = figures.heat(found, "medicine")
    values, names = np.array(heat.data[0].z, float), list(found.signals)
    assert values.shape == (len(names), len(COLUMNS))
    for row, name in enumerate(names):
        for column, kind in enumerate(COLUMNS):
            cell = found.cell("medicine", name, kind)
            assert values[row, column] == pytest.approx(cell.metrics["auroc"].value)
    assert all(verdict.interval(cell.metrics["auroc"]) in alt(heat) for cell in found.cells if cell.data == "medicine")
    bars = figures.recall(found, "medicine", "recall_10")
    assert [trace.name for trace in bars.data] == ["Reasoning", "Novelty", "Relevance"]
    cell = found.cell("medicine", "relevance", "boilerplate")
    assert bars.data[2].y[0] == pytest.approx(100 * cell.metrics["recall_10"].value)
    assert "random finds 10 %" in alt(bars)


def test_the_file_holds_every_figure(found):
    made = tables.numbers(found)
    assert len(made) == 5 * len(found.cells) + (1 + len(TARGETS)) * len(found.drops)
    row = made[(made.data == "Medicine") & (made.of == found.signals["novelty"]) & (made.noise == "Random words")
               & (made.figure == "AUROC")].iloc[0]
    cell = found.cell("medicine", "novelty", "random")
    assert (row.value, row.chance) == (cell.metrics["auroc"].value, 0.5)
    assert json.loads(json.dumps(result.written(found)))["key"] == found.key
