"""Reads what a request brings, within limits."""

import json
from typing import Final

from starlette.requests import Request
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_server.refusals import Reason, Refused

_MAX_DEPTH: Final = 90
YAML_TYPES: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain"})


class Bodies:
    """Bodies of requests, none larger than `max_bytes`. Every method raises Refused."""

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes

    async def data(self, request: Request) -> bytes:
        """The whole body. MESSAGE_TOO_LARGE as soon as it is known to be, before the rest is read."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._max_bytes:
            raise self._too_large()
        parts = bytearray()
        async for chunk in request.stream():
            parts += chunk
            if len(parts) > self._max_bytes:
                raise self._too_large()
        return bytes(parts)

    async def json_object(self, request: Request, *, known: frozenset[str] | None = None) -> JsonObject:
        """The body as a JSON object, `{}` when it is empty. Members that are not in `known` are refused."""
        if media_type(request) not in ("", "application/json"):
            raise Refused(Reason.INVALID_REQUEST, "the body must be application/json", field="content-type")
        value = parse_json(await self.data(request) or b"{}")
        if not isinstance(value, dict):
            raise Refused(Reason.INVALID_REQUEST, "the body must be a JSON object")
        unknown = [name for name in value if known is not None and name not in known]
        if unknown:
            allowed = ", ".join(sorted(known or ())) or "none"
            raise Refused(Reason.INVALID_REQUEST, f"unknown member {unknown[0]!r}; known: {allowed}", field=unknown[0])
        return value

    def _too_large(self) -> Refused:
        return Refused(
            Reason.MESSAGE_TOO_LARGE,
            f"the body is larger than {self._max_bytes} bytes (STIGMER_SERVER_MAX_MESSAGE_BYTES)",
        )


def media_type(request: Request) -> str:
    """The media type of the body without its parameters, in lower case; empty when there is none."""
    return request.headers.get("content-type", "").split(";", maxsplit=1)[0].strip().lower()


def parse_json(data: bytes) -> JsonValue:
    """JSON as RFC 8259 has it: no NaN, not nested without end. Raises Refused (INVALID_REQUEST)."""
    try:
        value: JsonValue = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.INVALID_REQUEST, f"the body is not JSON: {error}") from None
    if b"\\ud" in data.lower() and not _is_unicode(value):
        raise Refused(Reason.INVALID_REQUEST, "the body holds half of a surrogate pair")
    if _depth(value) > _MAX_DEPTH:
        raise Refused(Reason.INVALID_REQUEST, f"the body is nested deeper than {_MAX_DEPTH} levels")
    return value


def text_member(body: JsonObject, name: str, default: str = "") -> str:
    """A member that is text. Raises Refused."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise Refused(Reason.INVALID_REQUEST, f"{name} must be text", field=name)
    return value


def object_member(body: JsonObject, name: str) -> JsonObject | None:
    """A member that is an object, or None when it is absent or null. Raises Refused."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refused(Reason.INVALID_REQUEST, f"{name} must be an object", field=name)
    return value


def _no_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is no JSON number")


def _is_unicode(value: JsonValue) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _depth(value: JsonValue) -> int:
    deepest, level = 0, [value]
    while level and deepest <= _MAX_DEPTH:
        inner = [
            item
            for one in level
            for item in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
        deepest, level = deepest + 1, inner
    return deepest
