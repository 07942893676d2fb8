"""Pushes that cannot be, and whatever the hub or the network may answer: a sentence, and the repository as it was."""

import json

import pytest
from huggingface_hub import constants

from tests.exports import whole
from tests.hub import READ_ONLY, TOKEN
from tests.pushing import THRESHOLDS, apples, on_disk, stored
from xtf.errors import SettingsError, StoreError
from xtf.export import write
from xtf.export.hub import push, read_token


@pytest.fixture
def folder(home, tmp_path):
    write(apples(), THRESHOLDS, whole("parquet"), tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize("repo", ["apples", "me/apples/pears", "../apples", "me/..", "me/a b", "me/" + "a" * 300,
                                  "me/äpfel", "me/-x", "", "https://huggingface.co/me/apples", "me/x.git"])
def test_names_that_cannot_be_are_told_before_anything_is_sent(folder, hub, repo):
    with pytest.raises(SettingsError, match="OWNER/NAME"):
        push(folder, repo, token=TOKEN)
    assert hub.requests == []


def test_what_is_no_export_or_not_whole_is_not_pushed(folder, tmp_path, hub):
    with pytest.raises(StoreError, match="not a complete export"):
        push(tmp_path, "me/apples", token=TOKEN)
    data = folder / "data.parquet"
    data.write_bytes(data.read_bytes()[:-30])
    with pytest.raises(StoreError, match="cannot be read"):
        push(folder, "me/apples", token=TOKEN)
    assert hub.requests == []


def test_an_export_of_an_earlier_version_is_to_be_written_again(folder, hub):
    record = json.loads((folder / "export.json").read_text())
    del record["files"], record["format_version"]
    (folder / "export.json").write_text(json.dumps(record))
    with pytest.raises(StoreError, match="export again"):
        push(folder, "me/apples", token=TOKEN)
    assert hub.requests == []


def test_without_a_token_it_says_where_one_is_looked_for(folder, hub):
    with pytest.raises(SettingsError, match=r"HF_TOKEN.*--token-file"):
        push(folder, "me/apples")
    assert hub.requests == []


def test_a_token_file_holds_one_token(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    assert read_token(path) == TOKEN
    for content in ("", "two words", f"{TOKEN}\n{TOKEN}", "x" * 501, "hf_ü"):
        path.write_text(content)
        with pytest.raises(SettingsError, match="holds no token") as told:
            read_token(path)
        assert not content or content not in str(told.value)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_token(tmp_path / "none")


@pytest.mark.parametrize(("token", "words"), [("hf_wrong", "does not know this token"), (READ_ONLY, "write access")])
def test_a_token_that_is_refused_is_told(folder, hub, token, words):
    with pytest.raises(StoreError, match=words) as told:
        push(folder, "me/apples", token=token)
    assert token not in str(told.value) and hub.repos == {}


@pytest.mark.parametrize("step", ["preupload", "batch", "large", "verify"])
@pytest.mark.parametrize("fault", [503, "drop"])
def test_a_passing_fault_is_tried_again(folder, hub, step, fault):
    hub.faults[step] = [fault, fault]
    push(folder, "me/apples", token=TOKEN)
    assert hub.seen[step] == 3 and stored(hub)["data.parquet"] == (folder / "data.parquet").read_bytes()


@pytest.mark.parametrize(("step", "faults", "words"), [
    ("large", ["drop"] * 9, "cannot be reached or broke off"), ("large", [500] * 9, "out of order.*HTTP 500"),
    ("large", [403], "may not write"), ("commit", ["drop"], "broke off"), ("commit", [412], "push again"),
    ("commit", [409], "changing it"), ("commit", [413], "too large"), ("commit", [418], "HTTP 418"),
    ("create", [402], "payment"), ("preupload", [429] * 9, "too many requests"), ("commit", [404], "no such")])
def test_a_lasting_fault_leaves_the_repository_as_it_was_and_can_be_repeated(folder, hub, step, faults, words):
    hub.faults[step] = list(faults)
    with pytest.raises(StoreError, match=f"could not be pushed to me/apples: .*{words}"):
        push(folder, "me/apples", token=TOKEN)
    assert "me/apples" not in hub.repos or stored(hub) == {}
    hub.faults.clear()
    sent = hub.seen["large"] if step == "commit" else None
    push(folder, "me/apples", token=TOKEN)
    assert stored(hub).keys() == on_disk(folder).keys()
    assert sent is None or hub.seen["large"] == sent  # what had arrived was not sent again


def test_a_network_that_is_gone_is_told(folder, hub, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match="cannot be reached"):
        push(folder, "me/apples", token=TOKEN)


def test_offline_mode_is_told(folder, hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(StoreError, match="offline mode is on"):
        push(folder, "me/apples", token=TOKEN)
