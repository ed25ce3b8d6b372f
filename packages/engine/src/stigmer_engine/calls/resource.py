"""Resources from elsewhere (dsl.md 1.11): fetched as text under the address policy, or read from allowed folders.

What a task needs of a document is worked out here, beside the fetching: parsing and compiling are no work for a
workflow, and a run then carries one operation, not the whole description of an API.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx
from stigmer_dsl import Limits
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.reader import read

from stigmer_engine.calls.authorization import Authorizer
from stigmer_engine.calls.charset import decode_text
from stigmer_engine.calls.config import ResourceConfig
from stigmer_engine.calls.http_client import HttpClient, Outgoing
from stigmer_engine.faults import Fault, fault
from stigmer_engine.secrets import SecretVault

CATALOG_SCHEME: Final = "catalog"
"""`catalog:default/...` stands for the runner's own catalog of functions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A resource as text. `uri` is where it was found in the end."""

    uri: str
    text: str
    content_type: str = ""


Fetch = Callable[[str], Awaitable[Fetched]]
Reader = Callable[[Fetched, JsonObject, Fetch], Awaitable[JsonObject]]
"""Makes of a fetched resource what a task needs; gets the call's arguments, and may fetch what it refers to."""


class ResourceCaller:
    """Performs the call `resource`."""

    def __init__(
        self, config: ResourceConfig, client: HttpClient, authorizer: Authorizer, readers: Mapping[str, Reader]
    ) -> None:
        self._config = config
        self._client = client
        self._authorizer = authorizer
        self._readers: dict[str, Reader] = {"text": _text, "json": _json, **readers}

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Fetch a resource.

        Args:
            arguments: `uri`, `as` (which reader: `text`, `json`, ...), `authentication`, and what the reader needs.
            vault: fills secrets in, takes them out.

        Raises:
            Fault: `communication` when it cannot be had; `authorization` for refused addresses and files outside the
                folders; `configuration` when it is not what it should be.
        """
        known = vault
        try:
            authorization = await self._authorizer.authorize(arguments.get("authentication"), vault)
            known = authorization.vault
            origin = known.fill_text(str(arguments["uri"]))

            async def fetch(uri: str) -> Fetched:
                # Credentials are for the place that the document names, not for what that place refers to.
                own = httpx.URL(uri).host == httpx.URL(origin).host
                return await self._fetch(
                    uri, authorization.header if own else None, authorization.auth if own else None
                )

            reader = self._readers[str(arguments["as"])]
            return known.scrub(await reader(await fetch(origin), arguments, fetch))
        except Fault as error:
            raise Fault(known.scrub_error(error.error)) from None

    async def _fetch(self, uri: str, header: str | None, auth: httpx.Auth | None) -> Fetched:
        scheme = urlsplit(uri).scheme.lower()
        if scheme == CATALOG_SCHEME:
            return await self._fetch(self._in_default_catalog(uri), header, auth)
        if scheme in ("", "file"):
            return await asyncio.to_thread(self._read_file, uri)
        if scheme not in ("http", "https"):
            raise fault("configuration", f"A resource cannot be had by {scheme}:", "use https:, http: or file:")
        headers = {"Accept": "*/*"} | ({"Authorization": header} if header else {})
        request = self._client.build("GET", _url(raw_address(uri)), headers)
        shown = f"the resource {uri}"
        received = await self._client.send(
            Outgoing(
                request=request, shown=shown, redirect=True, secret_headers=frozenset({"authorization"}), auth=auth
            )
        )
        response = received.response
        if not response.is_success:
            reason = f"{response.status_code} {response.reason_phrase}".strip()
            title = "The resource cannot be had"
            raise fault("communication", title, f"{shown}: {reason}", status=response.status_code)
        self._check_size(len(received.body), uri)
        text = decode_text(response, received.body)
        return Fetched(uri=uri, text=text, content_type=response.headers.get("content-type", ""))

    def _in_default_catalog(self, uri: str) -> str:
        if self._config.default_catalog is None:
            raise fault("configuration", "This runner has no catalog of its own", "the catalog `default` is not set up")
        return f"{self._config.default_catalog.rstrip('/')}/{uri.partition(':')[2].lstrip('/')}"

    def _read_file(self, uri: str) -> Fetched:
        parts = urlsplit(uri)
        # `file://app/greet.proto` is how documents write a relative path, though RFC 8089 makes `app` a host.
        path = unquote(parts.path) if parts.netloc in ("", "localhost") else f"{parts.netloc}{unquote(parts.path)}"
        for folder in self._config.folders:
            root = folder.resolve()
            candidate = (root / PurePosixPath(path)).resolve()
            if candidate.is_relative_to(root) and candidate.is_file():
                self._check_size(candidate.stat().st_size, uri)
                # Relative, so that what it refers to is found beside it, and no path of this machine is told.
                found = candidate.relative_to(root).as_posix()
                return Fetched(uri=found, text=candidate.read_bytes().decode("utf-8", errors="replace"))
        allowed = "files are read below the folders that the runner allows" if self._config.folders else "files are off"
        hint = f"{allowed} (RESOURCE_DIRS)"
        raise fault("authorization", "The file is not available to workflows", f"{uri}: {hint}")

    def _check_size(self, size: int, uri: str) -> None:
        if size > self._config.max_bytes:
            detail = f"{uri}: more than {self._config.max_bytes} bytes"
            raise fault("communication", "The resource is too large", detail)


def parse_document(fetched: Fetched, max_bytes: int = 8 * 1024 * 1024) -> JsonValue:
    """The JSON or YAML of a resource. Raises Fault `configuration`."""
    try:
        if fetched.text.lstrip().startswith(("{", "[")):
            try:
                value: JsonValue = json.loads(fetched.text)
            except ValueError:
                pass
            else:
                return value
        return read(fetched.text, Limits(max_bytes=max_bytes, max_nodes=1_000_000)).value
    except SyntaxFault as error:
        raise fault("configuration", "The resource is neither JSON nor YAML", f"{fetched.uri}: {error}") from None
    except RecursionError:
        raise fault("configuration", "The resource is nested too deeply", fetched.uri) from None


def raw_address(uri: str) -> str:
    """Where the file behind a page of GitHub or GitLab is; any other URI unchanged (dsl.md 1.2, catalogs)."""
    parts = urlsplit(uri)
    steps = parts.path.strip("/").split("/")
    if parts.hostname == "github.com" and len(steps) > 2:
        owner, repository, *rest = steps
        is_page = rest[0] in ("blob", "tree", "raw") and len(rest) > 1
        rest = rest[1:] if is_page else ["HEAD", *rest]
        return f"https://raw.githubusercontent.com/{'/'.join([owner, repository, *rest])}"
    for page in ("/-/blob/", "/-/tree/"):
        if page in parts.path:
            return parts._replace(path=parts.path.replace(page, "/-/raw/", 1)).geturl()
    if parts.hostname == "gitlab.com" and "/-/" not in parts.path and len(steps) > 2:
        owner, repository, *rest = steps
        return f"https://gitlab.com/{owner}/{repository}/-/raw/HEAD/{'/'.join(rest)}"
    return uri


async def _text(fetched: Fetched, _arguments: JsonObject, _fetch: Fetch) -> JsonObject:
    return {"uri": fetched.uri, "contentType": fetched.content_type, "text": fetched.text}


async def _json(fetched: Fetched, _arguments: JsonObject, _fetch: Fetch) -> JsonObject:
    return {"uri": fetched.uri, "value": await asyncio.to_thread(parse_document, fetched)}


def _url(text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise fault("configuration", "The address of the resource is not a URI", str(error)) from None
