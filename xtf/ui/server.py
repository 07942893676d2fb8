"""What the dashboard's server does beside pages: it sends downloads, and opens the browser."""

import asyncio
import threading
import webbrowser
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, closing
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from xtf.errors import StoreError
from xtf.ui import downloads

_TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json", ".jsonl": "application/x-ndjson",
          ".parquet": "application/vnd.apache.parquet", ".zip": "application/zip"}


def routes() -> list[Route]:
    """The routes beside Streamlit's own. Streamlit minds `server.allowedHosts` for the pages; they do so for files."""
    hosts = [f"[{host}]" if ":" in host else host for host in st.get_option("server.allowedHosts") or ["*"]]
    path = "/".join(["", *downloads.base(), downloads.PREFIX, "{token}", "{name:path}"])
    return [Route(path, _send, middleware=[Middleware(TrustedHostMiddleware, hosts, www_redirect=False)])]


def _send(request: Request) -> Response:
    try:
        found = downloads.offered(request.path_params["token"])
    except StoreError as error:
        return PlainTextResponse(f"{error}\n", status_code=404)
    headers = _headers(found.name)
    if not found.path.is_dir():
        return FileResponse(found.path, media_type=headers["Content-Type"], headers=headers)
    if request.method == "HEAD":
        return StreamingResponse(iter(()), headers=headers)
    return _Zip(downloads.zipped(found.path, PurePath(found.name).stem), headers=headers)


class _Zip(StreamingResponse):
    """Pieces that are made while they are sent. When the reader leaves, they are not made any longer."""

    def __init__(self, pieces: Generator[bytes, None, None], headers: dict[str, str]) -> None:
        super().__init__(pieces, headers=headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with closing(self._pieces):
            await super().__call__(scope, receive, send)


def _headers(name: str) -> dict[str, str]:
    """To be saved under its name (RFC 6266), never shown as a page of this server whatever is in it."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Type": _TYPES.get(PurePath(name).suffix.lower(), "application/octet-stream"),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "private, no-cache",
        "Content-Encoding": "identity",  # else Streamlit's server compresses: slow, no length, nothing to go on from
    }


@asynccontextmanager
async def opening(_: Any) -> AsyncIterator[dict[str, Any]]:
    """Opens the browser once the server answers, which Streamlit does only for a server without routes of its own."""
    if not st.get_option("server.headless"):
        host, port = st.get_option("browser.serverAddress"), st.get_option("server.port")
        scheme = "https" if st.get_option("server.sslCertFile") else "http"
        address = "/".join([f"{scheme}://{host}:{port}", *downloads.base()])
        opener = threading.Thread(target=webbrowser.open, args=[address], daemon=True)
        asyncio.get_running_loop().call_later(0.5, opener.start)
    yield {}
