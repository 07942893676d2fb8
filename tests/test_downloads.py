"""Downloads over real HTTP from a real server: whole, in parts, zipped; what must not be sent is not."""

import http.client
import io
import os
import random
import re
import socket
import time
import zipfile
from urllib.parse import unquote, urlsplit

import psutil
import pytest

from tests.files import offered
from xtf.errors import StoreError
from xtf.ui import downloads

HOSTILE = '../../etc/evil "name"\r\nX-Bad: 1\u202egpj;*%41ünï🙂.parquet'
SAVED = '_.._etc_evil _name___X-Bad_ 1_gpj;_%41ünï🙂.parquet'  # by hand: what no file system or header should meet is _
TEXT = b'{"input_ids": [1, 2, 3]}\n' * 40_000  # a megabyte, which compresses well
OTHERS = random.Random(0).randbytes(300_000)
LARGE = 300_000_000
FILES = [("exports/run-jsonl/data.jsonl", "run-corrected.jsonl"), ("exports/run-jsonl/other.parquet", HOSTILE),
         ("exports/run-hf", "run.zip"), ("reports/run.html", "run.html"), ("exports/run-jsonl/large.bin", "large.bin"),
         ("exports/changed.jsonl", "changed.jsonl"), ("exports/gone.jsonl", "gone.jsonl"),
         ("exports/large-hf", "large.zip")]


def filled(home):
    """A workspace with exports and reports."""
    for folder in ("exports/run-jsonl", "exports/run-hf/recipes", "exports/large-hf", "reports"):
        (home / folder).mkdir(parents=True)
    for file, content in {
        "exports/run-jsonl/data.jsonl": TEXT, "exports/run-jsonl/other.parquet": OTHERS, "reports/run.html": b"<p>hi",
        "exports/run-hf/data.arrow": OTHERS, "exports/run-hf/recipes/ünï.py": b"print()", "exports/run-hf/empty": b"",
        "exports/changed.jsonl": b"before", "exports/gone.jsonl": b"here", "secret.txt": b"secret words",
    }.items():
        (home / file).write_bytes(content)
    for file in ("exports/run-jsonl/large.bin", "exports/large-hf/data.arrow"):
        with (home / file).open("wb") as large:
            large.truncate(LARGE)
    (home / "exports/run-hf/link.txt").symlink_to(home / "secret.txt")
    return home


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    home = filled(tmp_path_factory.mktemp("site"))
    with offered(home, FILES) as (address, links):
        (home / "exports/changed.jsonl").write_bytes(b"after all")
        (home / "exports/gone.jsonl").unlink()
        yield home, address, dict(zip((name for _, name in FILES), links))


def asked(address, path, method="GET", **headers):
    """Status, headers and body of one request, sent as it is."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("name", "content", "kind"), [
    ("run-corrected.jsonl", TEXT, "application/x-ndjson"), (HOSTILE, OTHERS, "application/vnd.apache.parquet"),
    ("run.html", b"<p>hi", "text/html; charset=utf-8")])
def test_a_file_comes_whole_and_as_it_is(site, name, content, kind):
    _, address, links = site
    status, headers, body = asked(address, links[name], Accept_Encoding="gzip, br")
    assert (status, body) == (200, content)
    assert headers["Content-Type"] == kind and headers["Content-Length"] == str(len(content))
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Content-Security-Policy"] == "sandbox"
    assert headers["Content-Encoding"] == "identity" and headers["Access-Control-Allow-Origin"] is None
    assert headers["Content-Disposition"].startswith("attachment;")


def test_the_head_says_the_same_without_the_body(site):
    _, address, links = site
    for name in ("run-corrected.jsonl", "run.zip"):
        whole, only = asked(address, links[name]), asked(address, links[name], "HEAD")
        assert only[0] == 200 and only[2] == b"" and len(whole[2]) > 0
        assert {**whole[1]} | {"date": ""} == {**only[1]} | {"date": ""}


def test_a_hostile_name_is_saved_harmless_and_adds_no_header(site):
    _, address, links = site
    headers = asked(address, links[HOSTILE])[1]
    assert headers["X-Bad"] is None
    encoded = re.fullmatch(r"attachment; filename=\"([ !#-~]+)\"; filename\*=UTF-8''([\w.%~-]+)",
                           headers["Content-Disposition"])
    assert encoded and unquote(encoded[2]) == unquote(links[HOSTILE].rpartition("/")[2]) == SAVED


@pytest.mark.parametrize(("asked_for", "start", "end"), [
    ("bytes=0-0", 0, 1), ("bytes=500000-", 500_000, None), ("bytes=-100", -100, None), ("bytes=10-19", 10, 20)])
def test_a_part_can_be_asked_for(site, asked_for, start, end):
    _, address, links = site
    status, headers, body = asked(address, links["run-corrected.jsonl"], Range=asked_for, Accept_Encoding="gzip")
    assert (status, body) == (206, TEXT[start:end])
    first = len(TEXT) + start if start < 0 else start
    assert headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(TEXT)}"


def test_a_download_goes_on_where_it_stopped_unless_the_file_is_another(site):
    _, address, links = site
    tag = asked(address, links["run-corrected.jsonl"], "HEAD")[1]["ETag"]
    rest = {"Range": "bytes=999000-"}
    assert asked(address, links["run-corrected.jsonl"], **rest, If_Range=tag)[::2] == (206, TEXT[999_000:])
    assert asked(address, links["run-corrected.jsonl"], **rest, If_Range='"other"')[::2] == (200, TEXT)
    assert asked(address, links["run-corrected.jsonl"], Range=f"bytes={len(TEXT)}-")[0] == 416


def test_a_folder_comes_as_a_zip_without_its_links(site, tmp_path):
    _, address, links = site
    status, headers, body = asked(address, links["run.zip"], Accept_Encoding="gzip")
    assert status == 200 and headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "run/data.arrow": OTHERS, "run/empty": b"", "run/recipes/ünï.py": b"print()"}


def test_what_is_not_offered_is_told_in_a_sentence(site):
    _, address, links = site
    token = links["run.zip"].split("/")[2]
    other = token[:-1] + ("1" if token.endswith("0") else "0")
    for path in (f"/download/{other}/run.zip", "/download/x/y/z", f"/download/{token.upper()}/run.zip"):
        status, headers, body = asked(address, path)
        assert status == 404 and headers["Content-Type"].startswith("text/plain")
        assert body == b"This link is not known any more: open the page of the dashboard that had it once more.\n"
    assert asked(address, links["changed.jsonl"])[::2] == (
        404, b"changed.jsonl has changed since this link was made: reload the page that has it.\n")
    assert asked(address, links["gone.jsonl"])[::2] == (
        404, b"gone.jsonl is not there any more: prepare it once more.\n")
    assert asked(address, links["run.zip"], "POST")[0] == 405


def test_the_path_leads_nowhere_else(site):
    home, address, links = site
    start = "/".join(links["run.zip"].split("/")[:3])
    dots = "../" * 12
    for ending in (f"/{dots}etc/passwd", "/..%2f..%2fsecret.txt", "/%2e%2e/%2e%2e/secret.txt",
                   f"/../../{home}/secret.txt", "//etc/passwd", "/..\\..\\secret.txt", "/run.zip%00.txt"):
        status, headers, body = asked(address, start + ending)
        assert b"secret" not in body and b"root:" not in body
        assert status == 400 or headers["Content-Type"] == "application/zip" or b"<!DOCTYPE html>" in body[:200]


def test_another_host_name_gets_nothing(site):
    """A page elsewhere that points its own name at this machine must not read files through the reader's browser."""
    _, address, links = site
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "evil@localhost"):
        status, _, body = asked(address, links["run-corrected.jsonl"], Host=host)
        assert status == 400 and len(body) < 100
    port = urlsplit(address).port
    for host in ("localhost", f"localhost:{port}", f"[::1]:{port}", f"127.0.0.1:{port}"):
        assert asked(address, links["run-corrected.jsonl"], "HEAD", Host=host)[0] == 200


def server_of(address):
    port = f"--server.port={urlsplit(address).port}"
    return next(child for child in psutil.Process().children() if port in child.cmdline())


@pytest.mark.parametrize("name", ["large.bin", "large.zip"])
def test_the_servers_memory_does_not_grow(site, name):
    _, address, links = site
    process = server_of(address)
    asked(address, links["run.zip"])
    before = most = process.memory_info().rss
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", links[name])
    answer, read = connection.getresponse(), 0
    while piece := answer.read(10_000_000):
        read += len(piece)
        most = max(most, process.memory_info().rss)
    connection.close()
    assert read == LARGE if name == "large.bin" else LARGE < read < LARGE + 1000
    assert most - before < 30e6


def test_a_reader_who_leaves_harms_nothing(site):
    home, address, links = site
    files = len(server_of(address).open_files())
    for name in ("large.bin", "large.zip"):
        with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), timeout=30) as left:
            left.sendall(f"GET {links[name]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert left.recv(100).startswith(b"HTTP/1.1 200")
    deadline = time.monotonic() + 10
    while len(server_of(address).open_files()) > files and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(server_of(address).open_files()) == files
    assert asked(address, links["run-corrected.jsonl"])[2] == TEXT
    log = (home / "server.log").read_text()
    assert "Traceback" not in log and "Exception" not in log


def test_under_another_path_links_lead_there(tmp_path):
    home = filled(tmp_path)
    with offered(home, FILES[:1], base="/some/where") as (address, links):
        assert links[0].startswith("/some/where/download/")
        assert asked(address, links[0])[::2] == (200, TEXT)
        assert asked(address, links[0].removeprefix("/some/where"))[2] != TEXT


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("XTF_HOME", str(tmp_path))
    return filled(tmp_path)


def test_a_link_stays_until_the_file_changes(workspace):
    path = workspace / "exports/changed.jsonl"
    first = downloads.offer(path, "a.jsonl")
    assert downloads.offer(path, "a.jsonl") == first != downloads.offer(path, "b.jsonl")
    assert len({link.split("/")[2] for link in (first, downloads.offer(path, "b.jsonl"))}) == 2
    os.utime(path, ns=(1, 1))
    assert downloads.offer(path, "a.jsonl") != first
    with pytest.raises(StoreError, match="has changed"):
        downloads.offered(first.split("/")[2])


def test_only_so_many_links_are_remembered_those_drawn_last(workspace, monkeypatch):
    monkeypatch.setattr(downloads, "_LINKS", 3)
    path = workspace / "exports/changed.jsonl"
    tokens = [downloads.offer(path, name).split("/")[2] for name in "abcad"]
    assert [downloads.offered(token).name for token in (tokens[2], tokens[3], tokens[4])] == ["c", "a", "d"]
    with pytest.raises(StoreError, match="not known"):
        downloads.offered(tokens[1])


def test_only_exports_and_reports_are_offered(workspace):
    (workspace / "exports/out").symlink_to(workspace / "secret.txt")
    (workspace / "exports/up").symlink_to(workspace)
    (workspace / "exports/round").symlink_to(workspace / "exports/round")
    (workspace / "exports/inside").symlink_to(workspace / "exports/changed.jsonl")
    for path in ("secret.txt", "exports/out", "exports/up", "exports/up/secret.txt", "exports", "reports/../secret.txt",
                 ".", "exports/.."):
        with pytest.raises(StoreError, match="outside"):
            downloads.offer(workspace / path, "x")
    for path in ("exports/none", "exports/round", "exports/changed.jsonl/x"):
        with pytest.raises(StoreError, match="not there any more"):
            downloads.offer(workspace / path, "x")
    assert downloads.offer(workspace / "exports/inside", "x")


def test_a_file_that_becomes_a_link_to_outside_is_not_sent(workspace):
    path = workspace / "exports/changed.jsonl"
    token = downloads.offer(path, "x").split("/")[2]
    path.unlink()
    path.symlink_to(workspace / "secret.txt")
    with pytest.raises(StoreError, match="outside"):
        downloads.offered(token)


@pytest.mark.parametrize(("name", "harmless"), [
    ("run.jsonl", "run.jsonl"), ("a/b\\c.zip", "a_b_c.zip"), ("..", "download"), ("", "download"), ("///", "___"),
    ("\x00\x1f\x7f.txt", "___.txt"), ("e\u0301.txt", "é.txt"), (" .hidden ", "hidden"), ("\ud800.txt", "_.txt"),
    ("x" * 300 + ".parquet", "x" * 142 + ".parquet"), ("ü" * 300 + ".zip", "ü" * 73 + ".zip"), ("a" * 300, "a" * 150),
    ("run. ", "run"), ("a\u2028b", "a_b"), ("שלום.jsonl", "שלום.jsonl")])
def test_names(name, harmless):
    assert downloads.harmless(name) == harmless
