"""The Score page run as a script: form, preview, faults, start."""

import pytest

from tests.pages import opened, rerun, widget
from xtf import jobs
from xtf.config import Fence, Quantile, ScoreSettings
from xtf.ui import forms, score_form


def test_the_form_becomes_settings_and_a_command_line(workplace, tiny_model):
    app = opened("pages/score.py")
    widget(app.number_input, "Only the first (examples)").set_value(3)
    app.text_input("score.run").set_value("mine")
    widget(app.selectbox, "Longer examples").set_value("truncate")
    app.segmented_control("score.model_source").set_value("other")
    rerun(app)
    assert "Name a model" in app.info[0].value
    app.text_input("score.model_name").set_value(f" {tiny_model} ")
    rerun(app)
    assert f"xtf score demo --run mine --model {tiny_model} --limit 3 --too-long truncate" in app.code[0].value
    app.switch_page("app.py")
    rerun(app).switch_page("pages/score.py")
    assert widget(rerun(app).number_input, "Only the first (examples)").value == 3


def test_start_is_a_job_of_exactly_that_command(workplace, sleeping, tiny_model):
    app = opened("pages/score.py", **{"xtf.form.score": {"run": "mine", "limit": 2, "model_source": "other",
                                                         "model_name": str(tiny_model)}})
    widget(app.button, "Start scoring").click()
    rerun(app)
    assert jobs.running()[0].argv == ["score", "demo", "--run", "mine", "--model", str(tiny_model), "--limit", "2",
                                      "--json"]
    assert widget(app.button, "Start scoring").disabled and widget(app.button, "Cancel")


@pytest.mark.parametrize("values, words", [
    ({"run": "../x"}, "cannot be a name"),
    ({"batch_tokens": 0}, "batch"),
    ({"source": "path", "path": "/no/such/`file`.jsonl", "preview": True}, "There is no file")])
def test_faults_of_the_form_are_told_in_a_sentence(values, words, workplace, tiny_model):
    app = opened("pages/score.py", **{
        "xtf.form.score": {"model_source": "other", "model_name": str(tiny_model)} | values,
        "xtf.preview_asked": True})
    assert not app.exception
    assert any(words in error.value.replace("\\", "") for error in app.error)


def test_the_preview_shows_format_and_trained_tokens(workplace, tiny_model):
    app = opened("pages/score.py", **{
        "xtf.form.score": {"model_source": "other", "model_name": str(tiny_model)}, "xtf.preview_asked": True})
    assert not app.exception and not app.error
    line = next(text.value for text in app.markdown if text.value.startswith("Format"))
    assert "gsm8k" in line and "are trainable" in line


def test_columns_that_no_format_fits_can_be_chosen(workplace, tiny_model, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("q,note,a\nWhat is 1+1?,x,It is 2.\n")
    app = opened("pages/score.py", **{
        "xtf.form.score": {"source": "path", "path": str(path), "model_source": "other", "model_name": str(tiny_model)},
        "xtf.preview_asked": True})
    assert "q, note, a" in app.error[0].value.replace("\\", "")
    assert widget(app.selectbox, "Prompt column").options == ["q", "note", "a"]
    widget(app.selectbox, "Prompt column").set_value("q")
    widget(app.selectbox, "Response column").set_value("a")
    rerun(app)
    assert not app.error and "--prompt-column q --response-column a" in app.code[0].value
    assert any("prompt\\-response" in text.value for text in app.markdown)


def test_uploads_get_harmless_names_and_are_kept_once(home):
    path = score_form.saved("../../évil name;.JSONL", memoryview(b'{"a": 1}\n'))
    assert path.parent == home / "uploads" and path.suffix == ".jsonl" and path.read_bytes() == b'{"a": 1}\n'
    assert path.stem.replace("-", "").isalnum() and path.stem.isascii()
    assert score_form.saved("../../évil name;.JSONL", memoryview(b'{"a": 1}\n')) == path
    assert score_form.saved("évil name;.jsonl", memoryview(b'{"a": 2}\n')) != path


def test_number_fields_take_their_range_from_the_settings():
    assert forms.bounds(ScoreSettings.model_fields["batch_tokens"]) == (1, 1 << 20)
    assert forms.bounds(ScoreSettings.model_fields["limit"]) == (1, None)
    assert forms.bounds(Quantile.model_fields["share"]) == (0, 1)
    assert forms.bounds(Quantile.model_fields["cap"]) == (0, 1)
    assert forms.bounds(Fence.model_fields["k"]) == (0, None)
