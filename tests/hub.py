"""A stand-in for the Hugging Face hub: the documented interface over HTTP, with repositories and large files in memory.

It takes what huggingface_hub 2.4 sends for `create_repo`, `create_branch`, `create_commit` (preupload, the LFS batch
with single and multi-part uploads, the commit as ndjson) and answers as the hub does, refusals included.
"""

import base64
import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

TOKEN = "hf_" + "w" * 34
READ_ONLY = "hf_" + "r" * 34
LARGE = (".arrow", ".parquet")


@dataclass
class Repo:
    """A dataset repository: its branches, and the contents of each."""

    private: bool
    branches: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"main": {".gitattributes": b""}})
    commits: list[dict] = field(default_factory=list)


@dataclass
class Hub:
    """What the server holds, and how it is told to misbehave."""

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    parts: dict[tuple[str, int], bytes] = field(default_factory=dict)
    seen: Counter = field(default_factory=Counter)  # requests by what they ask for
    requests: list[tuple[str, str]] = field(default_factory=list)
    part_bytes: int | None = None  # upload large files in parts of so many bytes
    xet: Path | None = None  # folder that hf_xet's own local storage is in, where it is used instead
    #: what is asked for → how often it fails, and how: a status, or "drop" to break the connection off
    faults: dict[str, list[int | str]] = field(default_factory=dict)


@contextmanager
def running() -> Iterator[Hub]:
    """A hub on a port of its own."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def _route(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append((self.command, path))
        for method, pattern, name, answer in _ROUTES:
            found = re.fullmatch(pattern, path)
            if method == self.command and found:
                self.hub.seen[name] += 1
                return self._checked(name, answer, found.groups())
        self._say(501, {"error": f"no such thing: {self.command} {path}"})

    do_GET = do_POST = do_PUT = do_HEAD = _route

    def _checked(self, name: str, answer: Callable, groups: tuple[str, ...]) -> None:
        fault = self.hub.faults[name].pop(0) if self.hub.faults.get(name) else None
        if fault == "drop":
            self.rfile.read(min(100, int(self.headers.get("Content-Length") or 0)))
            self.close_connection = True
            return self.connection.close()
        body = self._body()
        if fault is not None:
            return self._say(int(fault), {"error": "out of order on purpose"})
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if name not in _OPEN and token not in (TOKEN, READ_ONLY):
            return self._say(401, {"error": "Invalid credentials in Authorization header"},
                             {"X-Error-Message": "Invalid credentials in Authorization header"})
        if name not in _OPEN and self.command != "GET" and name != "yaml" and token == READ_ONLY:
            return self._say(403, {"error": "You need write access."}, {"X-Error-Message": "You need write access."})
        answer(self, body, *groups)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            content = b""
            while size := int(self.rfile.readline(), 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return content
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _say(self, status: int, value: object = None, headers: dict[str, str] | None = None) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, words in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, words)
        self.end_headers()
        self.wfile.write(content)

    def _none(self, what: str) -> None:
        self._say(404, {"error": f"{what} not found"}, {"X-Error-Code": f"{what}NotFound"})

    # Repositories

    def create(self, body: bytes) -> None:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        assert asked["type"] == "dataset"
        if name in self.hub.repos:
            return self._say(409, {"error": "You already created this dataset repo", "url": self._url(name)})
        self.hub.repos[name] = Repo(asked.get("visibility") == "private")
        self._say(200, {"url": self._url(name)})

    def _url(self, name: str) -> str:
        return f"{self.hub.url}/datasets/{name}"

    def yaml(self, body: bytes) -> None:
        head = json.loads(body)["content"].split("---\n")[1]
        try:
            wrong = [] if isinstance(yaml.safe_load(head), dict) else [{"message": "no mapping"}]
        except yaml.YAMLError as error:
            wrong = [{"message": str(error)}]
        self._say(400 if wrong else 200, {"errors": wrong, "warnings": []})

    def info(self, body: bytes, name: str, revision: str | None = None) -> None:
        repo = self.hub.repos.get(name)
        if repo is None:
            return self._none("Repo")
        if (revision or "main") not in repo.branches:
            return self._none("Revision")
        files = repo.branches[revision or "main"]
        self._say(200, {"id": name, "private": repo.private, "sha": "0" * 40,
                        "siblings": [{"rfilename": path} for path in sorted(files)]})

    def branch(self, body: bytes, name: str, branch: str) -> None:
        branches = self.hub.repos[name].branches
        if branch in branches:
            return self._say(409, {"error": "exists"})
        branches[branch] = dict(branches["main"])
        self._say(200, {})

    # Files

    def preupload(self, body: bytes, name: str, revision: str) -> None:
        files = self._branch(name, revision)
        if files is None:
            return None
        told = []
        for file in json.loads(body)["files"]:
            large = file["path"].endswith(LARGE)
            there = files.get(file["path"])
            oid = None if there is None else hashlib.sha256(there).hexdigest() if large else hashlib.sha1(
                b"blob %d\0" % len(there) + there).hexdigest()
            told.append({"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False,
                         "oid": oid})
        self._say(200, {"files": told})

    def _branch(self, name: str, revision: str) -> dict[str, bytes] | None:
        repo = self.hub.repos.get(name)
        if repo is None:
            return self._none("Repo")
        if revision not in repo.branches:
            return self._none("Revision")
        return repo.branches[revision]

    def batch(self, body: bytes, name: str) -> None:
        told = []
        for wanted in json.loads(body)["objects"]:
            entry = {"oid": wanted["oid"], "size": wanted["size"]}
            if wanted["oid"] not in self.hub.large:
                entry["actions"] = {"upload": self._upload(wanted), "verify": {"href": f"{self.hub.url}/verify"}}
            told.append(entry)
        self._say(200, {"transfer": "basic", "objects": told})

    def _upload(self, wanted: dict) -> dict:
        step = self.hub.part_bytes
        if step is None:
            return {"href": f"{self.hub.url}/large/{wanted['oid']}"}
        parts = range(1, -(-wanted["size"] // step) + 1)
        return {"href": f"{self.hub.url}/complete", "header": {
            "chunk_size": str(step), **{str(part): f"{self.hub.url}/part/{wanted['oid']}/{part}" for part in parts}}}

    def large(self, body: bytes, oid: str) -> None:
        if hashlib.sha256(body).hexdigest() != oid:
            return self._say(400, {"error": "not these bytes"})
        self.hub.large[oid] = body
        self._say(200)

    def part(self, body: bytes, oid: str, number: str) -> None:
        self.hub.parts[oid, int(number)] = body
        self._say(200, None, {"ETag": f'"{number}"'})

    def complete(self, body: bytes) -> None:
        told = json.loads(body)
        whole = b"".join(self.hub.parts[told["oid"], part["partNumber"]] for part in told["parts"])
        self.large(whole, told["oid"])

    def verify(self, body: bytes) -> None:
        told = json.loads(body)
        good = len(self.hub.large.get(told["oid"], b"")) == told["size"]
        self._say(200 if good else 404, {})

    def xet(self, body: bytes, name: str, revision: str) -> None:
        self._say(200, {"casUrl": f"local://{self.hub.xet}", "accessToken": "xet", "exp": int(time.time()) + 3600})

    def commit(self, body: bytes, name: str, revision: str) -> None:
        files = self._branch(name, revision)
        if files is None:
            return None
        head, *changes = map(json.loads, body.splitlines())
        made = dict(files)
        for change in changes:
            value = change["value"]
            if change["key"] == "file":
                made[value["path"]] = base64.b64decode(value["content"])
            elif change["key"] == "lfsFile":
                if value["oid"] not in self.hub.large and self.hub.xet is None:
                    return self._say(400, {"error": "no such large file"})
                made[value["path"]] = self.hub.large.get(value["oid"], f"xet {value['oid']}".encode())
            else:
                assert change["key"] == "deletedFile"
                del made[value["path"]]
        self.hub.repos[name].branches[revision] = made
        self.hub.repos[name].commits.append(head["value"])
        oid = hashlib.sha1(body).hexdigest()
        self._say(200, {"success": True, "commitOid": oid, "commitUrl": f"{self._url(name)}/commit/{oid}"})

    def resolve(self, body: bytes, name: str, revision: str, path: str) -> None:
        files = self._branch(name, revision)
        if files is not None:
            self._say(200, files[path]) if path in files else self._none("Entry")

    def log_message(self, format: str, *args: object) -> None:
        pass


_NAME, _REF = r"([^/]+/[^/]+?)", r"([^/]+)"
_ROUTES = [
    ("POST", "/api/repos/create", "create", _Handler.create),
    ("POST", "/api/validate-yaml", "yaml", _Handler.yaml),
    ("GET", f"/api/datasets/{_NAME}", "info", _Handler.info),
    ("GET", f"/api/datasets/{_NAME}/revision/{_REF}", "info", _Handler.info),
    ("POST", f"/api/datasets/{_NAME}/branch/{_REF}", "branch", _Handler.branch),
    ("POST", f"/api/datasets/{_NAME}/preupload/{_REF}", "preupload", _Handler.preupload),
    ("POST", f"/datasets/{_NAME}.git/info/lfs/objects/batch", "batch", _Handler.batch),
    ("PUT", "/large/([0-9a-f]{64})", "large", _Handler.large),
    ("PUT", "/part/([0-9a-f]{64})/([0-9]+)", "part", _Handler.part),
    ("POST", "/complete", "complete", _Handler.complete),
    ("POST", "/verify", "verify", _Handler.verify),
    ("POST", f"/api/datasets/{_NAME}/commit/{_REF}", "commit", _Handler.commit),
    ("GET", f"/api/datasets/{_NAME}/xet-write-token/{_REF}", "xet", _Handler.xet),
    ("GET", f"/datasets/{_NAME}/resolve/{_REF}/(.+)", "resolve", _Handler.resolve),
]
#: Addresses that the hub signs beforehand: they need no token, and must not be sent one.
_OPEN = {"large", "part", "complete"}
