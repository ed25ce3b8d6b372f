"""The live page: files of this package, served as they are."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from stigmer_dsl.graph.style import style_sheet

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class _File:
    """One file with what browsers need to know of it."""

    def __init__(self, name: str, content: bytes) -> None:
        self._content = content
        self._type = _TYPES[name[name.rfind(".") :]]
        self._tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'

    def response(self, request: Request) -> Response:
        """The file, or 304 to who has it. Browsers ask each time: an update of the server is one of the page."""
        headers = {"etag": self._tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == self._tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(self._content, media_type=self._type, headers=headers)


def page_routes() -> list[BaseRoute]:
    """`/` and everything under `/page/`. The files are read once: they are part of the program."""
    known = _read()

    async def start(request: Request) -> Response:
        return known["index.html"].response(request)

    async def part(request: Request) -> Response:
        found = known.get(request.path_params["path"])
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return found.response(request)

    return [Route("/", start), Route("/page/{path:path}", part)]


def _read() -> Mapping[str, _File]:
    found = {name: _File(name, content) for name, content in _walk(files("stigmer_server") / "page", "")}
    # The looks of workflow pictures, as a file of their own: the page allows no style within a picture.
    found["flow.css"] = _File("flow.css", style_sheet().encode())
    return found


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(tuple(_TYPES)):
            found.append((f"{prefix}{entry.name}", entry.read_bytes()))
    return found
