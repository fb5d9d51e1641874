"""Style sheets, scripts, fonts and pictures: what was collected at the start, by name, and nothing else.

A name that is not in the list has no file, so that no path leads anywhere. The bytes are sent by the
server itself (ASGI's pathsend).
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from rempart.site.bodies import Application, Receive, Scope, Send, header_of
from rempart.site.headers import protective

_KEPT_SECONDS = 86_400
_TYPES = {".woff2": "font/woff2", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: str
    size: int
    kind: str
    tag: str
    modified: str


def with_static_files(application: Application, *, root: Path, prefix: str, secure: bool) -> Application:
    """The application, before which the files under `root` are answered at `prefix`."""
    files = {
        f"{prefix}{path.relative_to(root).as_posix()}": _described(path)
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    common = {**protective(secure=secure), "Cache-Control": f"public, max-age={_KEPT_SECONDS}"}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(prefix):
            await application(scope, receive, send)
            return
        file = files.get(scope["path"])
        if file is None:
            await _say(send, 404, {**common, "Cache-Control": "no-store"}, b"Not found\n")
        elif scope["method"] not in ("GET", "HEAD"):
            await _say(send, 405, {**common, "Allow": "GET, HEAD", "Cache-Control": "no-store"}, b"")
        else:
            await _give(file, scope, send, common)

    return answer


def _described(path: Path) -> _File:
    found = path.stat()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _File(
        path=str(path.absolute()),
        size=found.st_size,
        kind=kind,
        tag=f'"{found.st_mtime_ns:x}-{found.st_size:x}"',
        modified=formatdate(found.st_mtime, usegmt=True),
    )


async def _give(file: _File, scope: Scope, send: Send, common: Mapping[str, str]) -> None:
    headers = {**common, "ETag": file.tag, "Last-Modified": file.modified}
    if header_of(scope["headers"], b"if-none-match") == file.tag:
        await _say(send, 304, headers, b"")
        return
    headers |= {"Content-Type": file.kind, "Content-Length": str(file.size)}
    await send({"type": "http.response.start", "status": 200, "headers": _encoded(headers)})
    if scope["method"] == "HEAD":
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.pathsend", "path": file.path})


async def _say(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    kind = {"Content-Type": "text/plain; charset=utf-8"} if body else {}
    await send({"type": "http.response.start", "status": status, "headers": _encoded({**headers, **kind})})
    await send({"type": "http.response.body", "body": body})


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
