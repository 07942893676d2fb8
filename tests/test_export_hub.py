"""Exports pushed to a stand-in of the hub that speaks its documented interface over HTTP."""

import hashlib
import json
import os
import subprocess
import sys
import urllib.request

import datasets
import pytest
from huggingface_hub import DatasetCard, constants

from tests import tables
from tests.exports import whole
from tests.hub import TOKEN
from tests.pushing import IDS, LABELS, THRESHOLDS, apples, on_disk, stored
from xtf.errors import SettingsError, StoreError
from xtf.export import read_back, verify, write
from xtf.export.hub import push
from xtf.runs import begin
from xtf.store import Manifest


@pytest.fixture
def run(home):
    return apples()


@pytest.fixture
def folder(run, tmp_path):
    write(run, THRESHOLDS, whole("parquet"), tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize("kind", ["hf", "parquet", "jsonl"])
def test_what_arrives_is_what_was_written(run, tmp_path, hub, kind):
    write(run, THRESHOLDS, whole(kind), tmp_path / "out")
    found = push(tmp_path / "out", "me/apples", token=TOKEN)
    assert hub.repos["me/apples"].private and found["private"]
    assert found["url"] == f"{hub.url}/datasets/me/apples" and len(found["commit"]) == 40
    there, here = stored(hub), on_disk(tmp_path / "out")
    assert there.keys() == here.keys() == set(found["files"])
    assert {name: there[name] for name in there if name != "export.json"} == {
        name: here[name] for name in here if name != "export.json"}
    assert len(hub.repos["me/apples"].commits) == 1


def test_downloaded_again_it_is_a_whole_export_that_trains_the_same_labels(folder, tmp_path, hub):
    push(folder, "me/apples", token=TOKEN)
    (tmp_path / "again").mkdir()
    for name in stored(hub):
        (tmp_path / "again" / name).parent.mkdir(exist_ok=True, parents=True)
        request = urllib.request.Request(f"{hub.url}/datasets/me/apples/resolve/main/{name}",
                                         headers={"Authorization": f"Bearer {TOKEN}"})
        (tmp_path / "again" / name).write_bytes(urllib.request.urlopen(request).read())
    assert read_back(tmp_path / "again")["digest"] == read_back(folder)["digest"]
    found = verify(tmp_path / "again")  # with the run at hand
    assert found["identical"] and found["whole"] and found["notes"] == []
    loaded = datasets.load_dataset(str(tmp_path / "again"), cache_dir=str(tmp_path / "cache"), split="train")
    assert loaded["labels"][:] == LABELS
    assert DatasetCard.load(tmp_path / "again" / "README.md").data.pretty_name == "apples"


def test_large_files_go_in_parts_and_only_once(folder, hub):
    hub.part_bytes = 1000
    push(folder, "me/apples", token=TOKEN)
    assert stored(hub)["data.parquet"] == (folder / "data.parquet").read_bytes() and hub.seen["part"] >= 2
    parts = hub.seen["part"]
    push(folder, "me/other", token=TOKEN)
    assert stored(hub, "me/other") == stored(hub) and hub.seen["part"] == parts


def test_the_storage_that_the_hub_uses_today(folder, tmp_path, hub, monkeypatch):
    """hf_xet cuts the data into chunks and stores them (here in its own local storage), then is asked for them."""
    import hf_xet

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "cache"))
    hub.xet, hub.faults["xet"] = tmp_path / "xet", [403]
    with pytest.raises(StoreError, match="may not write there"):
        push(folder, "me/apples", token=TOKEN)
    hub.faults.clear()
    push(folder, "me/apples", token=TOKEN)
    data = folder / "data.parquet"
    assert hub.seen["xet"] and not hub.seen["batch"] and not hub.seen["large"]
    assert stored(hub)["data.parquet"] == b"xet " + hashlib.sha256(data.read_bytes()).hexdigest().encode()
    known = hf_xet.hash_files([str(data)])[0]
    with hf_xet.XetSession().new_file_download_group(
            token_refresh_url=f"{hub.url}/api/datasets/me/apples/xet-write-token/main",
            token_refresh_headers={"authorization": f"Bearer {TOKEN}"}, custom_headers={}) as group:
        group.start_download_file(hf_xet.XetFileInfo(known.hash, known.file_size), str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == data.read_bytes()


@pytest.mark.parametrize("kind", ["hf", "jsonl"])
def test_no_path_of_this_machine_is_told(home, tmp_path, hub, kind):
    data, model = tmp_path / "secret client" / "data.jsonl", tmp_path / "secret client" / "tuned model"
    made = tables.table(IDS, None, {"logprob": [[-1.0] * len(row) for row in IDS]})
    model.mkdir(parents=True)  # recipes then name it in full
    manifest = Manifest("apples", "0123456789abcdef", {"data": str(data), "model": str(model), "template": "auto"},
                        {"name": str(model)}, {"digest": "d"}, complete=True)
    run = begin(manifest)
    run.write_shard(0, made.shards[0])
    run.finish(made._types, manifest)
    write(run, THRESHOLDS, whole(kind), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "export.json").read_text())["settings"]["data"] == str(data)
    push(tmp_path / "out", "me/apples", token=TOKEN)
    for content in stored(hub).values():
        assert b"secret client" not in content and str(tmp_path).encode() not in content
    record = json.loads(stored(hub)["export.json"])
    assert (record["settings"]["data"], record["model"]["name"]) == ("data.jsonl", "tuned model")


def test_the_token_goes_to_the_hub_alone(folder, hub, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    found = push(folder, "me/apples")
    assert TOKEN not in json.dumps(found) and TOKEN not in caplog.text
    assert not any(TOKEN.encode() in content for content in stored(hub).values())
    assert not any(TOKEN in path for _, path in hub.requests)


# Where something is already ------------------------------------------------------------------------------------------

def test_what_is_there_is_not_overwritten_without_being_asked(run, folder, tmp_path, hub):
    push(folder, "me/apples", token=TOKEN)
    before = stored(hub)
    write(run, THRESHOLDS, whole("jsonl"), tmp_path / "second")
    with pytest.raises(StoreError, match="holds files already"):
        push(tmp_path / "second", "me/apples", token=TOKEN)
    assert stored(hub) == before
    hub.repos["me/apples"].branches["main"]["LICENSE"] = b"mine"
    push(tmp_path / "second", "me/apples", token=TOKEN, overwrite=True)
    assert stored(hub).keys() == on_disk(tmp_path / "second").keys() | {"LICENSE"}  # the parquet file is gone


def test_a_public_repository_is_never_taken_for_a_private_one(folder, hub):
    push(folder, "me/apples", token=TOKEN, private=False)
    assert not hub.repos["me/apples"].private
    with pytest.raises(SettingsError, match="is public"):
        push(folder, "me/apples", token=TOKEN, overwrite=True)
    assert not push(folder, "me/apples", token=TOKEN, private=False, overwrite=True)["private"]


def test_a_branch_is_made_and_main_left_alone(folder, run, tmp_path, hub):
    push(folder, "me/apples", token=TOKEN)
    main = stored(hub)
    write(run, THRESHOLDS, whole("jsonl"), tmp_path / "second")
    push(tmp_path / "second", "me/apples", token=TOKEN, revision="looser")
    assert stored(hub) == main and "data.parquet" not in stored(hub, branch="looser")
    assert stored(hub, branch="looser")["data.jsonl"] == (tmp_path / "second" / "data.jsonl").read_bytes()


def test_only_the_export_is_pushed(folder, tmp_path, hub):
    (folder / "private notes.txt").write_text("not for others")
    (folder / "recipes").mkdir(exist_ok=True)
    (folder / "recipes" / "mine.py").write_text("print('trained')\n")
    (tmp_path / "passwords").write_text("secret")
    (folder / "recipes" / "link.py").symlink_to(tmp_path / "passwords")
    found = push(folder, "me/apples", token=TOKEN)
    assert found["left_out"] == ["private notes.txt", "recipes/link.py"]
    assert stored(hub)["recipes/mine.py"] == b"print('trained')\n" and "recipes/link.py" not in stored(hub)


def test_a_record_cannot_name_files_elsewhere(folder, tmp_path, hub):
    (tmp_path / "passwords").write_text("secret")
    record = json.loads((folder / "export.json").read_text())
    record["files"]["../passwords"] = {"bytes": 6, "sha256": "0" * 64}
    (folder / "export.json").write_text(json.dumps(record))
    with pytest.raises(StoreError, match="is not whole"):
        push(folder, "me/apples", token=TOKEN)
    assert hub.repos == {}


# On the command line -------------------------------------------------------------------------------------------------

def xtf(hub, *words: str, **more: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", **more}
    return subprocess.run([sys.executable, "-m", "xtf", "push", *words], capture_output=True, text=True,
                          env=environment, check=False)


def test_the_command_pushes_and_says_so(folder, hub, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    done = xtf(hub, str(folder), "me/apples", "--public", "--token-file", str(tmp_path / "token"), "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["repo"] == "me/apples" and not found["private"]
    assert stored(hub).keys() == on_disk(folder).keys() and TOKEN not in done.stdout + done.stderr


def test_the_command_fails_in_a_sentence(folder, hub):
    done = xtf(hub, str(folder), "me/apples", HF_TOKEN="hf_wrong")
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("xtf: The export could not be pushed")
    assert "Traceback" not in done.stderr and "hf_wrong" not in done.stderr
