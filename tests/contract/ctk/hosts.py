"""The two public hosts that the conformance kit calls, answered in this process."""

import base64
import binascii
import json

import httpx
from stigmer_dsl import JsonObject, JsonValue

PETS: tuple[JsonObject, ...] = tuple(
    {
        "id": number,
        "name": name,
        "category": {"id": 1, "name": "Dogs"},
        "photoUrls": [f"https://example.org/{number}.png"],
        "tags": [{"id": 0, "name": "quiet"}],
        "status": status,
    }
    for number, name, status in ((1, "Rex", "available"), (2, "Bello", "available"), (3, "Luna", "sold"))
)


def transport() -> httpx.MockTransport:
    """Answers for `petstore.swagger.io` and `httpbin.org`; a connection error for every other host."""
    return httpx.MockTransport(_answer)


def _answer(request: httpx.Request) -> httpx.Response:
    match request.url.host:
        case "petstore.swagger.io":
            return _petstore(request)
        case "httpbin.org":
            return _httpbin(request)
        case host:
            raise httpx.ConnectError(f"no such host: {host}", request=request)


def _petstore(request: httpx.Request) -> httpx.Response:
    match request.method, request.url.path.split("/")[1:]:
        case "GET", ["v2", "pet", "findByStatus"]:
            wanted = request.url.params.get_list("status")
            return _json(200, [pet for pet in PETS if pet["status"] in wanted])
        case "GET", ["v2", "pet", number]:
            found = next((pet for pet in PETS if str(pet["id"]) == number), None)
            if found is None:
                return _json(404, {"code": 1, "type": "error", "message": "Pet not found"})
            return _json(200, found)
        case "POST", ["v2", "pet"]:
            return _json(200, json.loads(request.content))
        case _:
            return _json(404, {"code": 404, "type": "unknown", "message": "null for uri"})


def _httpbin(request: httpx.Request) -> httpx.Response:
    match request.url.path.split("/")[1:]:
        case ["basic-auth", user, password]:
            if _credentials(request) != (user, password):
                return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="Fake Realm"'})
            return _json(200, {"authenticated": True, "user": user})
        case ["bearer"]:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or not token:
                return httpx.Response(401, headers={"WWW-Authenticate": "Bearer"})
            return _json(200, {"authenticated": True, "token": token})
        case ["anything", *_]:
            return _json(200, _echo(request))
        case ["status", code]:
            return httpx.Response(int(code))
        case ["redirect-to"]:
            return httpx.Response(302, headers={"Location": request.url.params["url"]})
        case ["robots.txt"]:
            return httpx.Response(200, text="User-agent: *\nDisallow: /deny\n")
        case _:
            return httpx.Response(404)


def _echo(request: httpx.Request) -> JsonObject:
    arguments: JsonObject = {}
    for name in request.url.params:
        values: list[JsonValue] = list(request.url.params.get_list(name))
        arguments[name] = values[0] if len(values) == 1 else values
    return {
        "method": request.method,
        "url": str(request.url),
        "args": arguments,
        "headers": dict(request.headers.items()),
        "data": request.content.decode(),
    }


def _credentials(request: httpx.Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password


def _json(status: int, content: JsonValue) -> httpx.Response:
    return httpx.Response(status, json=content)
