"""The Export page once an export is there: push, verify, and the list of all that were prepared."""

import os
import shutil
import time

import psutil
import pytest

from tests.export_pages import at, done, folder, labels, prepared, trainer, words
from tests.pages import rerun, widget
from xtf import jobs, workspace
from xtf.errors import StoreError
from xtf.ui import export_choice, export_shelf


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """No token is known on this machine."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_a_push_gets_its_token_by_the_environment_alone(workplace, nobody, sleeping):
    app = prepared(at())
    assert widget(app.button, "Push").disabled and "Name the repository" in words(app)
    widget(app.text_input, "Repository").set_value("me/apples")
    assert widget(rerun(app).button, "Push").disabled and "Give a write token." in words(app)
    widget(app.text_input, "Write token").set_value("hf_secret")
    widget(rerun(app).button, "Push").click()
    rerun(app)
    job, = jobs.running()
    assert job.argv == ["push", str(folder()), "me/apples", "--json"]
    process = psutil.Process(workspace.read_json(workspace.jobs_dir() / job.id / "job.json")["pid"])
    while process.name() != "sleep":  # until then it is about to become another program
        time.sleep(0.01)
    assert process.environ()["HF_TOKEN"] == "hf_secret" and "hf_secret" not in " ".join(process.cmdline())
    assert "HF_TOKEN" not in os.environ
    assert not [path for path in workplace.rglob("*") if path.is_file() and b"hf_secret" in path.read_bytes()]
    assert app.session_state["export.token"] == "" and "hf_secret" not in str(app.session_state["xtf.form.export"])


def test_what_goes_public_is_said_and_confirmed(workplace, nobody, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_known")
    app = prepared(at())
    widget(app.text_input, "Repository").set_value("me/apples")
    assert not widget(rerun(app).button, "Push").disabled
    widget(app.toggle, "Private").set_value(False)
    assert widget(rerun(app).button, "Push").disabled and "**Everybody**" in app.warning[0].value
    widget(app.checkbox, "Yes, all of this may be public").set_value(True)
    assert not widget(rerun(app).button, "Push").disabled
    assert any("xtf push problems-corrected me/apples --public" in code.value for code in app.code)


@pytest.mark.parametrize("name", ["apples", "me/", "-x/y", "a/b/c", "me/<b>", "me/--public"])
def test_a_name_that_is_no_repository_is_not_pushed_to(workplace, nobody, monkeypatch, name):
    monkeypatch.setenv("HF_TOKEN", "hf_known")
    app = prepared(at())
    widget(app.text_input, "Repository").set_value(name)
    assert widget(rerun(app).button, "Push").disabled


def test_a_push_arrives(workplace, nobody, monkeypatch):
    from tests.hub import TOKEN, running

    with running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        app = prepared(at())
        widget(app.text_input, "Repository").set_value("me/apples")
        widget(app.text_input, "Write token").set_value(TOKEN)
        widget(rerun(app).button, "Push").click()
        rerun(app)
        done(app)
    assert hub.repos["me/apples"].private and "export.json" in hub.repos["me/apples"].branches["main"]
    assert any("Pushed: " in found.value and "private" in found.value for found in app.success)


def test_the_folder_is_compared_with_the_run(workplace):
    app = at()
    widget(app.get("button_group"), "Format").set_value("jsonl")
    app = prepared(rerun(app))
    widget(app.button, "Compare with the run").click()
    done(rerun(app))
    assert any(found.value.startswith("Identical") for found in app.success)

    data = folder() / "data.jsonl"
    text = data.read_text()
    assert "-100," in text
    data.write_text(text.replace("-100,", "-101,", 1))
    widget(app.button, "Compare with the run").click()
    done(rerun(app))
    assert "Not identical" in app.error[0].value
    table, = [found.value for found in app.dataframe if "in the folder" in found.value.columns]
    assert table["in the folder"].tolist() == ["-101"] and table["from the run"].tolist() == ["-100"]


def test_the_shelf_lists_what_takes_room_newest_first(workplace):
    app = prepared(at())
    app = prepared(trainer(app, "other"))
    found = export_shelf.found()
    assert [one.folder.name.split("-")[1] for one in found] == ["text", "hf"]
    for one in found:
        assert one.bytes == sum(path.stat().st_size for path in one.folder.rglob("*") if path.is_file()) > 1000
    assert any(label.startswith("Prepared exports: 2, ") for label in labels(app.expander))
    assert "**this one**" in words(app) and labels(app.button).count("Delete …") == 2


def test_only_finished_exports_of_the_workspace_are_deleted(workplace, tmp_path):
    other = tmp_path / "mine"
    other.mkdir()
    (other / "export.json").write_text("{}")
    inside = export_choice.place() / "notes"
    inside.mkdir(parents=True)
    for path in (other, inside, export_choice.place()):
        with pytest.raises(StoreError, match="not deleted"):
            export_shelf.delete([path])
        assert path.is_dir()
    shutil.rmtree(inside)


def test_a_record_that_is_broken_is_told_and_its_export_can_be_deleted(workplace):
    app = prepared(at())
    (folder() / "export.json").write_text("{not json")
    rerun(app)
    assert "cannot be read" in app.error[0].value and "Delete …" in labels(app.button)


def test_what_cannot_be_read_is_listed_and_can_be_deleted(workplace):
    broken = export_choice.place() / "old-hf-00000000"
    broken.mkdir(parents=True)
    (broken / "export.json").write_text("{not json")
    app = at()
    assert "cannot be read" in words(app)
    export_shelf.delete([broken])
    assert not broken.exists()


@pytest.mark.parametrize(("seconds", "said"), [(5, "just now"), (125, "2 min ago"), (7200, "2 h ago"),
                                               (3 * 86400, "3 days ago")])
def test_ages_in_words(seconds, said):
    assert export_shelf.age(time.time() - seconds) == said
