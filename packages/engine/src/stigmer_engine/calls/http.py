"""HTTP calls through httpx (dsl.md 1.5, `call: http`; decision A14)."""

import base64
import json
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, Literal

import httpx
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.unlogged import unlogged
from stigmer_engine.faults import Fault, fault
from stigmer_engine.json_text import read_json
from stigmer_engine.secrets import SecretVault

MAX_REDIRECTS: Final = 10
_SHOWN_BODY: Final = 500
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Bounds of HTTP calls.

    Attributes:
        connect_seconds: to open a connection.
        idle_seconds: without a byte from the peer; the task's `timeout` bounds the whole.
        max_response_bytes: of a body, after decompression.
        max_connections: open at a time, over all executions.
        transport: replaces the network, for tests and for proxies of one's own.
    """

    connect_seconds: float = 30.0
    idle_seconds: float = 300.0
    max_response_bytes: int = 32 * 1024 * 1024
    max_connections: int = 100
    transport: httpx.AsyncBaseTransport | None = None


class HttpCaller:
    """Performs `call: http`. One connection pool for all executions; close it when done."""

    def __init__(self, config: HttpConfig | None = None) -> None:
        self._config = config or HttpConfig()
        # trust_env would read ~/.netrc, and send what it finds there in the name of any workflow.
        self._client = httpx.AsyncClient(
            transport=self._config.transport,
            timeout=httpx.Timeout(self._config.idle_seconds, connect=self._config.connect_seconds),
            limits=httpx.Limits(max_connections=self._config.max_connections),
            max_redirects=MAX_REDIRECTS,
            trust_env=False,
            # One client serves all executions: what a peer asks one of them to remember is no business of the others.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers={"user-agent": "stigmer"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Perform the request and give what `output` asks for: `content`, `raw` (base64) or `response`.

        Args:
            arguments: `method uri headers query body output redirect authentication`, evaluated; secrets as
                placeholders.
            vault: fills the placeholders in; takes secrets out of what comes back.

        Raises:
            Fault: `communication`, with the HTTP status when there is one; `configuration` for a request that
                cannot be built.
        """
        credentials = _basic_credentials(vault.fill(arguments.get("authentication")))
        if credentials is not None:
            vault = vault.hiding(credentials)
        with unlogged():
            try:
                result = await self._perform(arguments, vault)
            except Fault as error:
                raise Fault(vault.scrub_error(error.error)) from None
        return vault.scrub(result)

    async def _perform(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        redirect = arguments.get("redirect") is True
        request, auth = self._build(arguments, vault)
        # As the document gave it: in the URL of the request secrets stand in many spellings.
        shown = f"{request.method} {arguments['uri']}"
        try:
            response = await self._client.send(request, auth=auth, stream=True, follow_redirects=redirect)
            try:
                body = await self._read(response, shown)
            finally:
                await response.aclose()
        except httpx.TooManyRedirects:
            raise fault("communication", "Too many redirects", f"{shown}: more than {MAX_REDIRECTS}") from None
        except httpx.TimeoutException as error:
            raise fault("communication", "The peer does not answer", f"{shown}: {type(error).__name__}") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise fault("communication", "The call failed", f"{shown}: {error or type(error).__name__}") from None
        except Fault:
            raise
        except Exception as error:
            # Libraries below httpx, and transports of one's own, raise what they like.
            raise fault("communication", "The call failed", f"{shown}: {type(error).__name__}") from None
        if not 200 <= response.status_code < (400 if redirect else 300):
            text = vault.scrub_bytes(body)[:_SHOWN_BODY].decode(errors="replace")
            reason = f"{response.status_code} {response.reason_phrase}".strip()
            detail = f"{shown} answered {reason}" + (f": {text}" if text else "")
            raise fault("communication", f"HTTP {reason}", detail, status=response.status_code)
        return _result(arguments, request, response, body, vault)

    def _build(self, arguments: JsonObject, vault: SecretVault) -> tuple[httpx.Request, httpx.Auth | None]:
        filled = vault.fill({**arguments, "authentication": None})
        assert isinstance(filled, dict)
        headers = _texts("headers", filled.get("headers"))
        for name in headers:
            if name.lower() in _FRAMING:
                raise fault("configuration", f"The header `{name}` follows from the body; leave it out")
        content, default_type = _encode_body(filled.get("body"), headers)
        if default_type and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = default_type
        try:
            url = httpx.URL(str(filled["uri"]))
            query = _query(filled.get("query"))
            if query:
                url = url.copy_merge_params(query)
            if url.scheme not in ("http", "https") or not url.host:
                raise fault("configuration", "The URI of the call is not an http(s) URI", str(url))
            request = self._client.build_request(
                str(filled["method"]).upper(), url, headers=list(headers.items()), content=content
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeEncodeError, ValueError) as error:
            raise fault("configuration", "The request cannot be built", str(error)) from None
        return request, _auth(vault.fill(arguments.get("authentication")), request)

    async def _read(self, response: httpx.Response, shown: str) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._config.max_response_bytes:
                limit = self._config.max_response_bytes
                raise fault("communication", "The response is too large", f"{shown}: more than {limit} bytes")
        return bytes(body)


def _basic_credentials(settings: JsonValue) -> str | None:
    """What basic authentication sends, which shows the password in base64; None for any other scheme."""
    if not isinstance(settings, dict) or settings["scheme"] != "basic":
        return None
    return base64.b64encode(f"{settings['username']}:{settings['password']}".encode()).decode()


def _auth(settings: JsonValue, request: httpx.Request) -> httpx.Auth | None:
    if not isinstance(settings, dict):
        return None
    if settings["scheme"] == "basic":
        return httpx.BasicAuth(str(settings["username"]), str(settings["password"]))
    token = str(settings["token"])
    if not token.isascii() or not token.isprintable():
        raise fault("configuration", "The token of the call contains a line break or another unprintable character")
    request.headers["Authorization"] = f"Bearer {token}"
    return None


def _texts(what: str, values: JsonValue) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in (values if isinstance(values, dict) else {}).items():
        text = _scalar(value)
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
            text = _scalar(item)
            if text is not None:
                pairs.append((name, text))
            elif item is not None:
                raise fault("configuration", f"`query.{name}` is not a scalar or an array of scalars")
    return httpx.QueryParams(pairs)


def _scalar(value: JsonValue) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return None


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


def _result(
    arguments: JsonObject, request: httpx.Request, response: httpx.Response, body: bytes, vault: SecretVault
) -> JsonValue:
    output: JsonValue | Literal["content"] = arguments.get("output") or "content"
    if output == "raw":
        return base64.b64encode(vault.scrub_bytes(body)).decode()
    content = _content(response, body, vault, str(arguments["uri"]))
    if output == "content":
        return content
    # As the document gave them, placeholders included: what authentication added is nobody's output.
    return {
        "request": {
            "method": request.method,
            "uri": str(arguments["uri"]),
            "headers": _texts("headers", arguments.get("headers")),
        },
        "statusCode": response.status_code,
        "headers": dict(response.headers.items()),
        "content": content,
    }


def _content(response: httpx.Response, body: bytes, vault: SecretVault, shown: str) -> JsonValue:
    """The body by its content type: JSON decoded, text as text, anything else as base64; nothing is null."""
    content_type = response.headers.get("content-type", "")
    if not body:
        return None
    if _is_json(content_type):
        try:
            return read_json(body)
        except ValueError as error:
            detail = f"{shown} calls it JSON, but: {error}"
            raise fault("communication", "The response is not what it says", detail) from None
    media = content_type.partition(";")[0].strip().lower()
    if media.startswith("text/") or media.endswith(("/xml", "+xml", "/yaml", "+yaml")) or media == _FORM:
        return body.decode(response.encoding or "utf-8", errors="replace")
    return base64.b64encode(vault.scrub_bytes(body)).decode()
