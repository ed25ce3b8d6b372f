"""OpenAPI documents (Swagger 2.0, OpenAPI 3.0 and 3.1): one operation, with its references resolved."""

import asyncio
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin, urlsplit

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.resource import Fetch, Fetched, parse_document
from stigmer_engine.faults import fault

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MAX_REFERENCES: Final = 64
_PARAMETER_MEMBERS: Final = ("name", "in", "required", "style", "explode")
# How Swagger 2.0 writes arrays, in the words of OpenAPI 3 (and one style that OpenAPI 3 no longer has).
_OLD_STYLES: Final[dict[str, JsonObject]] = {
    "csv": {"explode": False},
    "multi": {"explode": True},
    "ssv": {"style": "spaceDelimited", "explode": False},
    "tsv": {"style": "tabDelimited", "explode": False},
    "pipes": {"style": "pipeDelimited", "explode": False},
}
_FORM: Final = "application/x-www-form-urlencoded"


class OpenApiReader:
    """Finds an operation. Gives what a call needs of it and no more.

    `{"uri", "operation": {"method", "url", "parameters": [{"name", "in", "required", "style", "explode", "json"}],
    "body": {"required", "type", "properties"} or null, "accept"}}`; `url` has `{name}` for path parameters, and a
    parameter with `json` is sent as JSON text.
    """

    async def __call__(self, fetched: Fetched, arguments: JsonObject, fetch: Fetch) -> JsonObject:
        """Read the operation `operationId`. Raises Fault `configuration` when it is not there."""
        document = await asyncio.to_thread(parse_document, fetched)
        if not isinstance(document, dict) or not ({"swagger", "openapi"} & document.keys()):
            raise fault("configuration", "The resource is not an OpenAPI document", fetched.uri)
        version = str(document.get("swagger") or document.get("openapi"))
        if not version.startswith(("2.0", "3.0", "3.1")):
            hint = "2.0, 3.0 and 3.1 are"
            raise fault("configuration", f"OpenAPI {version} is not supported by this runner", hint)
        description = _Description(fetched, document, fetch)
        operation = await description.operation(str(arguments["operationId"]))
        return {"uri": fetched.uri, "operation": operation}


class _Description:
    def __init__(self, fetched: Fetched, document: JsonObject, fetch: Fetch) -> None:
        self._uri = fetched.uri
        self._root = document
        self._old = "swagger" in document
        self._fetch = fetch
        self._documents: dict[str, JsonValue] = {fetched.uri: document}
        self._resolved = 0

    async def operation(self, wanted: str) -> JsonObject:
        known: list[str] = []
        for path, reference in _object(self._root.get("paths")).items():
            item, base = await self._resolve(reference, self._uri)
            for method in _METHODS:
                found = _object(item).get(method)
                if not isinstance(found, dict):
                    continue
                if found.get("operationId") == wanted:
                    return await self._describe(path, method, found, _object(item), base)
                known.append(str(found.get("operationId")))
        shown = ", ".join(sorted(known)[:20])
        raise fault("configuration", f"There is no operation {wanted!r}", f"{self._uri} has: {shown}")

    async def _describe(self, path: str, method: str, operation: JsonObject, item: JsonObject, base: str) -> JsonObject:
        parameters: dict[tuple[str, str], JsonObject] = {}
        for declared in (*_list(item.get("parameters")), *_list(operation.get("parameters"))):
            resolved, _ = await self._resolve(declared, base)
            parameter = _object(resolved)
            # The operation's own parameter hides the one of its path with the same name and place.
            parameters[(str(parameter.get("name")), str(parameter.get("in")))] = parameter
        plain = [
            self._parameter(parameter) for parameter in parameters.values() if parameter.get("in") not in _BODY_PLACES
        ]
        names = {(parameter["name"], parameter["in"]) for parameter in plain}
        keys = [key for key in self._api_keys() if (key["name"], key["in"]) not in names]
        if self._old:
            body = self._old_body(operation, list(parameters.values()))
        else:
            content, where = await self._resolve(operation.get("requestBody"), base)
            body = await self._body(_object(content), where) if content is not None else None
        return {
            "method": method.upper(),
            "url": self._server(operation, item) + path,
            "parameters": [*plain, *keys],
            "body": body,
            "accept": self._accept(operation),
        }

    def _parameter(self, declared: JsonObject) -> JsonObject:
        parameter: JsonObject = {name: declared[name] for name in _PARAMETER_MEMBERS if name in declared}
        if self._old:
            parameter |= _OLD_STYLES.get(str(declared.get("collectionFormat")), _OLD_STYLES["csv"])
        elif "content" in declared:
            parameter["json"] = True
        return parameter

    def _server(self, operation: JsonObject, item: JsonObject) -> str:
        own = urlsplit(self._uri)
        if self._old:
            schemes = [str(name) for name in _list(operation.get("schemes")) or _list(self._root.get("schemes"))]
            scheme = "https" if "https" in schemes else (schemes[0] if schemes else own.scheme)
            url = f"{scheme}://{self._root.get('host') or own.netloc}{self._root.get('basePath') or ''}"
        else:
            servers = next(filter(None, (_list(owner.get("servers")) for owner in (operation, item, self._root))), [])
            server = _object(servers[0]) if servers else {}
            url = str(server.get("url") or "/")
            for name, variable in _object(server.get("variables")).items():
                url = url.replace(f"{{{name}}}", str(_object(variable).get("default", "")))
            url = urljoin(self._uri, url)
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise fault("configuration", "The OpenAPI document names no http(s) server", f"{self._uri}: {url}")
        return url.rstrip("/")

    def _api_keys(self) -> Iterator[JsonObject]:
        schemes = self._root.get("securityDefinitions") if self._old else None
        schemes = schemes or _object(self._root.get("components")).get("securitySchemes")
        for scheme in _object(schemes).values():
            if isinstance(scheme, dict) and scheme.get("type") == "apiKey":
                yield {"name": scheme.get("name"), "in": scheme.get("in"), "required": False}

    def _accept(self, operation: JsonObject) -> str:
        if self._old:
            types = [str(name) for name in _list(operation.get("produces")) or _list(self._root.get("produces"))]
        else:
            responses = _object(operation.get("responses")).values()
            types = [name for response in responses for name in _object(_object(response).get("content"))]
        return ", ".join(sorted(dict.fromkeys(types), key=lambda name: not _is_json(name))) or "*/*"

    def _old_body(self, operation: JsonObject, parameters: list[JsonObject]) -> JsonObject | None:
        """The body of Swagger 2.0: one parameter in `body`, or those in `formData`."""
        consumes = [str(name) for name in _list(operation.get("consumes")) or _list(self._root.get("consumes"))]
        whole = next((parameter for parameter in parameters if parameter.get("in") == "body"), None)
        if whole is not None:
            required = whole.get("required") is True
            return {"required": required, "type": _preferred(consumes), "name": whole.get("name"), "properties": None}
        fields = [parameter for parameter in parameters if parameter.get("in") == "formData"]
        if not fields:
            return None
        media = _FORM if not consumes or _FORM in consumes else _preferred(consumes)
        needed = [parameter.get("name") for parameter in fields if parameter.get("required") is True]
        names = [parameter.get("name") for parameter in fields]
        return {"required": bool(needed), "type": media, "properties": names, "needed": needed}

    async def _body(self, body: JsonObject, base: str) -> JsonObject:
        content = _object(body.get("content"))
        media = _preferred(list(content))
        schema, _ = await self._resolve(_object(content.get(media)).get("schema") or {}, base)
        properties = list(_object(_object(schema).get("properties")))
        needed = [name for name in _list(_object(schema).get("required")) if name in properties]
        required = body.get("required") is True
        return {"required": required, "type": media, "properties": properties or None, "needed": needed}

    async def _resolve(self, value: JsonValue, base: str) -> tuple[JsonValue, str]:
        """The value behind `$ref`s, and the document that it stands in."""
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            self._resolved += 1
            if self._resolved > _MAX_REFERENCES:
                raise fault("configuration", "The OpenAPI document has too many references", self._uri)
            reference = urljoin(base, str(value["$ref"]))
            base, _, pointer = reference.partition("#")
            if base not in self._documents:
                self._documents[base] = await asyncio.to_thread(parse_document, await self._fetch(base))
            value = _at(self._documents[base], pointer, reference)
        return value, base


_BODY_PLACES: Final = ("body", "formData")


def _at(document: JsonValue, pointer: str, reference: str) -> JsonValue:
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and name.isdigit() and int(name) < len(document):
            document = document[int(name)]
        else:
            raise fault("configuration", "A reference of the OpenAPI document leads nowhere", reference)
    return document


def _preferred(types: list[str]) -> str:
    """The content type to send: JSON if that is one, else a form, else the first."""
    for name in types:
        if _is_json(name):
            return name
    if not types or "*/*" in types:
        return "application/json"
    return _FORM if _FORM in types else types[0]


def _is_json(media: str) -> bool:
    name = media.partition(";")[0].strip().lower()
    return name == "application/json" or name.endswith("+json")


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
