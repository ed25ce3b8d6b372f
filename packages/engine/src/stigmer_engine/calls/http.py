"""HTTP calls through httpx (dsl.md 1.5, `call: http`; decision A14)."""

import base64
import json
from typing import Final, Literal

import httpx
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.authorization import Authorization, Authorizer
from stigmer_engine.calls.caller import Caller
from stigmer_engine.calls.charset import decode_text
from stigmer_engine.calls.connections import Connections
from stigmer_engine.calls.http_client import HttpClient, Outgoing, Received
from stigmer_engine.faults import Fault, fault
from stigmer_engine.json_text import read_json
from stigmer_engine.scalar_text import scalar_text
from stigmer_engine.secrets import SecretVault

_SHOWN_BODY: Final = 500
_FORM: Final = "application/x-www-form-urlencoded"
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_UNAUTHORIZED: Final = 401


def build_caller(connections: Connections) -> Caller:
    """The caller of `http`."""
    return HttpCaller(connections.client, connections.authorizer)


class HttpCaller:
    """Performs `call: http`."""

    def __init__(self, client: HttpClient, authorizer: Authorizer) -> None:
        self._client = client
        self._authorizer = authorizer

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Perform the request and give what `output` asks for: `content`, `raw` (base64) or `response`.

        Args:
            arguments: `method uri headers query body output redirect authentication`, evaluated; secrets as
                placeholders.
            vault: fills the placeholders in; takes secrets out of what comes back.

        Raises:
            Fault: `communication`, with the HTTP status when there is one; `authorization` for a refused address;
                `authentication` when there is no token; `configuration` for a request that cannot be built.
        """
        known = vault
        try:
            authorization = await self._authorizer.authorize(arguments.get("authentication"), vault)
            known = authorization.vault
            received = await self._send(arguments, authorization)
            if received.response.status_code == _UNAUTHORIZED and authorization.renewable:
                authorization = await self._authorizer.authorize(arguments["authentication"], vault, renew=True)
                known = authorization.vault
                received = await self._send(arguments, authorization)
            received = Received(response=received.response, body=known.scrub_bytes(received.body))
            result = _result(arguments, received)
        except Fault as error:
            raise Fault(known.scrub_error(error.error)) from None
        return known.scrub(result)

    async def _send(self, arguments: JsonObject, authorization: Authorization) -> Received:
        vault = authorization.vault
        filled = vault.fill({**arguments, "authentication": None})
        assert isinstance(filled, dict)
        headers = _texts("headers", filled.get("headers"))
        for name in headers:
            if name.lower() in _FRAMING:
                raise fault("configuration", f"The header `{name}` follows from the body; leave it out")
        content, default_type = _encode_body(filled.get("body"), headers)
        if default_type and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = default_type
        if authorization.header is not None:
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            headers["Authorization"] = authorization.header
        try:
            url = httpx.URL(str(filled["uri"]))
            query = _query(filled.get("query"))
            if query:
                url = url.copy_merge_params(query)
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError) as error:
            raise fault("configuration", "The URI of the call is not a URI", str(error)) from None
        request = self._client.build(str(filled["method"]).upper(), url, headers, content)
        given = arguments.get("headers")
        secret = {name for name, value in (given if isinstance(given, dict) else {}).items() if vault.holds(str(value))}
        return await self._client.send(
            Outgoing(
                request=request,
                shown=f"{request.method} {arguments['uri']}",
                redirect=arguments.get("redirect") is True,
                secret_headers=frozenset(name.lower() for name in secret | {"authorization", "cookie"}),
                secret_body=content is not None and vault.holds(json.dumps(arguments.get("body"))),
                auth=authorization.auth,
            )
        )


def _texts(what: str, values: JsonValue) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in (values if isinstance(values, dict) else {}).items():
        text = scalar_text(value)
        if text is None:
            if value is not None:
                raise fault("configuration", f"`{what}.{name}` is neither text, number nor boolean")
            continue
        if "\r" in text or "\n" in text or "\x00" in text:
            raise fault("configuration", f"`{what}.{name}` contains a line break")
        texts[name] = text
    return texts


def _query(values: JsonValue) -> httpx.QueryParams:
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in (values if isinstance(values, dict) else {}).items():
        for item in value if isinstance(value, list) else [value]:
            text = scalar_text(item)
            if text is not None:
                pairs.append((name, text))
            elif item is not None:
                raise fault("configuration", f"`query.{name}` is not a scalar or an array of scalars")
    return httpx.QueryParams(pairs)


def _encode_body(body: JsonValue, headers: dict[str, str]) -> tuple[bytes | None, str]:
    """The bytes of the body, and the content type to use when the document names none."""
    declared = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if body is None:
        return None, ""
    if isinstance(body, dict) and declared.startswith(_FORM):
        return str(_query(body)).encode(), ""
    if isinstance(body, str) and not _is_json(declared):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"


def _is_json(content_type: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    return media == "application/json" or media.endswith("+json")


def _result(arguments: JsonObject, received: Received) -> JsonValue:
    response, body = received.response, received.body
    shown = f"{str(arguments['method']).upper()} {arguments['uri']}"
    if not 200 <= response.status_code < (400 if arguments.get("redirect") is True else 300):
        text = body[:_SHOWN_BODY].decode(errors="replace")
        reason = f"{response.status_code} {response.reason_phrase}".strip()
        detail = f"{shown} answered {reason}" + (f": {text}" if text else "")
        raise fault("communication", f"HTTP {reason}", detail, status=response.status_code)
    output: JsonValue | Literal["content"] = arguments.get("output") or "content"
    if output == "raw":
        return base64.b64encode(body).decode()
    content = _content(response, body, shown)
    if output == "content":
        return content
    # As the document gave them, placeholders included: what authentication added is nobody's output.
    return {
        "request": {
            "method": str(arguments["method"]).upper(),
            "uri": str(arguments["uri"]),
            "headers": _texts("headers", arguments.get("headers")),
        },
        "statusCode": response.status_code,
        "headers": dict(response.headers.items()),
        "content": content,
    }


def _content(response: httpx.Response, body: bytes, shown: str) -> JsonValue:
    """The body by its content type: JSON decoded, text as text, anything else as base64; nothing is null."""
    content_type = response.headers.get("content-type", "")
    if not body:
        return None
    if _is_json(content_type):
        try:
            return read_json(body)
        except ValueError as error:
            detail = f"{shown}: the peer calls it JSON, but: {error}"
            raise fault("communication", "The response is not what it says", detail) from None
    media = content_type.partition(";")[0].strip().lower()
    if media.startswith("text/") or media.endswith(("/xml", "+xml", "/yaml", "+yaml")) or media == _FORM:
        return decode_text(response, body)
    return base64.b64encode(body).decode()
