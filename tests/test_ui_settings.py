"""The Settings page run as a script: saving, opening, using and comparing thresholds."""

import numpy as np
import pytest

from tests.pages import metric, opened, rerun, widget
from xtf import filters, runs, saved
from xtf.config import PRESETS, ByClass, ByType, Cutoff, Fence, Off, Otsu, Thresholds
from xtf.figures import compared
from xtf.figures.drawing import alt
from xtf.words import percent

PAGE = "pages/settings.py"
LOW = Cutoff(value=0.002)


def present(app):
    return app.session_state["xtf.thresholds"]


def told(app):
    return [error.value for error in app.error]


def test_present_settings_are_said_saved_and_listed(workplace):
    app = opened(PAGE, {"run": "problems", "preset": "paper", "novelty.value": "0.002"})
    said = app.markdown[0].value
    assert "p above 0\\.2 \\%" in said and "any attribute" in said and "Never dropped" not in said
    assert "None yet" in " ".join(caption.value for caption in app.caption)
    widget(app.text_input, "Name").set_value(" low ")
    widget(app.text_input, "Note").set_value("for <b>sums</b>")
    widget(app.button, "Save").click()
    assert not told(rerun(app))
    found = saved.load("low")
    assert found.thresholds == PRESETS["paper"][1].model_copy(update={"novelty": LOW}) and found.preset == "paper"
    assert found.note == "for <b>sums</b>" and found.run.id == runs.open_run("problems").manifest.run_id
    row = next(frame.value for frame in app.dataframe if "differs" in frame.value).iloc[0]
    assert (row["name"], row["preset"], row["note"]) == ("low", "paper", "for <b>sums</b>")
    assert row["differs"] == "novelty cutoff 0.95 → 0.002"
    keep = filters.judge(runs.open_run("problems").table(), found.thresholds).keep
    total = int(runs.open_run("problems").table().trainable.sum())
    assert row["kept"] == pytest.approx(100 * keep.sum() / total)


@pytest.mark.parametrize("name, words", [("", "cannot be a name"), ("../x", "cannot be a name"),
                                         ("paper", "preset"), ("low", "already")])
def test_what_cannot_be_saved_is_told(name, words, workplace):
    saved.save("low", Thresholds(novelty=LOW))
    app = opened(PAGE, {"run": "problems"})
    widget(app.text_input, "Name").set_value(name)
    widget(app.button, "Save").click()
    assert [words in error for error in told(rerun(app))] == [True]
    assert [one.name for one in saved.listed()[0]] == ["low"] and saved.load("low").thresholds.novelty == LOW
    if name == "low":
        widget(app.checkbox, "Replace settings of that name").check()
        widget(app.button, "Save").click()
        assert not told(rerun(app)) and saved.load("low").thresholds == Thresholds()


def test_yaml_that_is_pasted_is_taken_over_and_can_be_undone(workplace):
    app = opened(PAGE, {"run": "problems"})
    chosen = Thresholds(novelty=LOW, overrides=(ByClass(action="keep", role="numbers"),))
    app.text_area(key="settings.yaml.pasted").set_value(saved.to_yaml(chosen))
    rerun(app)
    app.button(key="settings.yaml.use").click()
    assert not told(rerun(app)) and present(app) == chosen
    assert "never drop numbers" in app.markdown[0].value and app.query_params["novelty.value"] == "0.002"
    app.button(key="settings.undo").click()
    assert present(rerun(app)) == Thresholds()


def test_yaml_at_fault_is_told_and_changes_nothing(workplace):
    app = opened(PAGE, {"run": "problems", "novelty.value": "0.002"})
    app.text_area(key="settings.yaml.pasted").set_value("colour: red\nthresholds: {combine: none}")
    rerun(app)
    app.button(key="settings.yaml.use").click()
    sentence, = told(rerun(app))
    assert "colour" in sentence and "thresholds" in sentence and present(app).novelty == LOW


def test_a_file_is_opened(workplace):
    app = opened(PAGE, {"run": "problems"})
    app.file_uploader[0].upload("mine.yaml", saved.to_yaml(PRESETS["paper"][1], "paper").encode(), "application/yaml")
    rerun(app)
    app.button(key="settings.yaml.use").click()
    assert present(rerun(app)) == PRESETS["paper"][1] and app.session_state["xtf.preset"] == "paper"
    app.file_uploader[0].upload("mine.yaml", b"note: \xff", "application/yaml")
    rerun(app)
    app.button(key="settings.yaml.use").click()
    assert "UTF" in told(rerun(app))[0]


def test_saved_settings_are_used_compared_and_deleted(workplace):
    saved.save("low", Thresholds(novelty=LOW))
    saved.save("off", Thresholds(novelty=Off()), "paper")
    app = opened(PAGE, {"run": "problems"})
    app.selectbox(key="settings.chosen").set_value("low")
    rerun(app)
    app.button(key="settings.use").click()
    assert present(rerun(app)) == Thresholds(novelty=LOW)
    assert app.button(key="settings.use").disabled
    app.selectbox(key="settings.chosen").set_value("off")
    rerun(app)
    app.button(key="settings.compare").click()
    rerun(app)
    assert app.selectbox(key="compare.a").value == "now" and app.selectbox(key="compare.b").value == "saved:off"
    app.button(key="settings.delete").click()
    rerun(app)
    assert [one.name for one in saved.listed()[0]] == ["low"]
    assert app.selectbox(key="settings.chosen").value == "low" and app.selectbox(key="compare.b").value == "now"
    app.button(key="settings.delete").click()
    assert not told(rerun(app)) and saved.listed() == ([], [])


def test_two_settings_are_compared_in_numbers_and_on_tokens(workplace):
    chosen = Thresholds(novelty=LOW)
    app = opened(PAGE, {"run": "problems", "novelty.value": "0.002"})
    assert (app.selectbox(key="compare.a").value, app.selectbox(key="compare.b").value) == ("corrected", "now")
    table = runs.open_run("problems").table()
    a, b = (filters.judge(table, thresholds).keep for thresholds in (PRESETS["corrected"][1], chosen))
    total = int(table.trainable.sum())
    assert metric(app, "A keeps") == percent(a.sum() / total, 2)
    assert metric(app, "B keeps") == percent(b.sum() / total, 2)
    assert metric(app, "Newly dropped") == f"{int((a & ~b).sum()):,}" != "0"
    fields = next(frame.value for frame in app.dataframe if "setting" in frame.value)
    assert fields.to_numpy().tolist() == [["Knowledge novelty drops", "p above 95 %", "p above 0.2 %"]]
    lost = np.add.reduceat(a & ~b, table.offsets[:-1])
    most = next(frame.value for frame in app.dataframe if "newly_dropped" in frame.value)
    assert most["newly_dropped"].tolist() == sorted(lost[lost > 0].tolist(), reverse=True)

    widget(app.button, "Next").click()
    rerun(app)
    assert app.session_state["xtf.example"] == most["id"][0] == app.query_params["example"]
    widget(app.button, "Next").click()
    assert rerun(app).session_state["xtf.example"] == most["id"][1]
    app.button(key="compare.use.a").click()
    assert present(rerun(app)) == Thresholds()


def test_equal_settings_have_nothing_to_show(workplace):
    app = opened(PAGE, {"run": "problems"})
    assert app.selectbox(key="compare.a").value == "paper"  # the preset itself would be no news
    app.selectbox(key="compare.a").set_value("corrected")
    rerun(app)
    assert [info.value for info in app.info if "same" in info.value] and not app.metric


def test_settings_that_the_run_cannot_be_judged_by_are_told(workplace):
    saved.save("impossible", Thresholds(reasoning_score="received_list", overrides=(ByType(action="drop", token=1),)))
    app = opened(PAGE, {"run": "problems"})
    row = next(frame.value for frame in app.dataframe if "differs" in frame.value).iloc[0]
    assert np.isnan(row["kept"])
    app.button(key="settings.compare").click()
    assert len(told(rerun(app))) == 1
    assert app.selectbox(key="compare.b").value == "saved:impossible"


def test_a_broken_file_among_the_saved_is_told(workplace):
    saved.save("good", Thresholds(relevance=Otsu(drop=0)))
    (workplace / "settings" / "bad.yaml").write_text("colour: red")
    app = opened(PAGE, {"run": "problems"})
    assert ["bad" in error for error in told(app)] == [True]


def test_hostile_settings_are_shown_as_themselves(workplace):
    table = runs.open_run("hostile").table()
    text = table.type_texts[int(table.type_of[np.flatnonzero(table.trainable)[0]])]
    by_hand = (ByType(action="drop", token=3, text=text), ByType(action="drop", token=4, text="<script>**x**"))
    saved.save("hostile", Thresholds(reasoning=Fence(k=0.5), overrides=by_hand), note="<img src=x> :red[x] $x$")
    app = opened(PAGE, {"run": "hostile"})
    app.button(key="settings.use").click()
    rerun(app)
    assert not told(app) and "\\<script\\>\\*\\*x\\*\\*" in app.markdown[0].value


FOUND = {"reasons": {"newly_dropped": {"reasoning": 3, "novelty": 0, "relevance": 1, "by_hand": 0},
                     "rescued": {"reasoning": 0, "novelty": 1200, "relevance": 0, "by_hand": 0}},
         "roles": {"words": {"tokens": 9, "newly_dropped": 4, "rescued": 1200},
                   "code": {"tokens": 9, "newly_dropped": 0, "rescued": 0}}}


def test_bars_go_left_for_dropped_and_right_for_rescued():
    figure = compared.by_reason(FOUND)
    gone, back = figure.data
    assert list(gone.y) == ["Reasoning", "Novelty", "Relevance"] and list(gone.x) == [-3, 0, -1]
    assert list(back.x) == [0, 1200, 0] and list(back.text) == ["", "1,200", ""]
    assert "Novelty: 0 newly dropped, 1,200 rescued" in alt(figure)
    assert gone.marker.pattern.shape and not back.marker.pattern.shape  # never by colour alone
    assert list(compared.by_role(FOUND).data[0].y) == ["words"] and compared.by_role({"roles": {}}).data
    by_hand = {**FOUND, "reasons": {kind: {**part, "by_hand": 1} for kind, part in FOUND["reasons"].items()}}
    assert list(compared.by_reason(by_hand).data[0].y)[-1] == "By hand"
