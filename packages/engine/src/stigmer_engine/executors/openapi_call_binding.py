"""Parameters of an OpenAPI operation, put in their places (OpenAPI 3.1, 4.8.12 'Style Values'; Swagger 2.0)."""

import json
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.faults import Fault, fault
from stigmer_engine.scalar_text import scalar_text

BODY: Final = "body"
"""The name under which `parameters` holds the body of an OpenAPI 3 operation."""

_DELIMITERS: Final = {"spaceDelimited": " ", "pipeDelimited": "|", "tabDelimited": "\t"}


def bind(operation: JsonObject, given: JsonObject) -> JsonObject:
    """The arguments of the HTTP call: `method uri headers body`.

    Args:
        operation: as the resource call gives it.
        given: values by the name of the parameter; `body` for the body.

    Raises:
        Fault: `configuration`, for a required parameter without a value and for a value without a parameter.
    """
    url = str(operation["url"])
    query: list[str] = []
    cookies: list[str] = []
    headers: JsonObject = {"Accept": operation["accept"]}
    unused = dict(given)
    for parameter in _objects(operation["parameters"]):
        name, place = str(parameter["name"]), parameter["in"]
        value = given.get(name)
        unused.pop(name, None)
        if value is None:
            if parameter.get("required") is True or place == "path":
                raise _missing(name, str(place))
            continue
        if parameter.get("json"):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if place == "path":
            url = url.replace(f"{{{name}}}", _in_path(name, value, parameter))
        elif place == "header":
            headers[name] = _simple(name, value, parameter, str)
        else:
            (cookies if place == "cookie" else query).extend(_in_query(name, value, parameter))
    body, media = _body(operation.get("body"), given, unused)
    if media:
        headers["Content-Type"] = media
    if unused:
        names = sorted(str(parameter["name"]) for parameter in _objects(operation["parameters"]))
        hint = f"the operation has {', '.join(names)}" if names else "the operation has none"
        raise fault("configuration", f"The operation has no parameter {', '.join(sorted(unused))}", hint)
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    if query:
        url += ("&" if "?" in url else "?") + "&".join(query)
    return {"method": operation["method"], "uri": url, "headers": headers, "body": body}


def _missing(name: str, place: str) -> Fault:
    return fault("configuration", f"The required parameter {name} has no value", f"it stands in {place}")


def _body(declared: JsonValue, given: JsonObject, unused: JsonObject) -> tuple[JsonValue, str]:
    """The body and its content type; takes out of `unused` what went into it."""
    if not isinstance(declared, dict):
        return None, ""
    media = str(declared["type"])
    whole = str(declared.get("name") or BODY)
    properties = declared.get("properties")
    body: JsonValue = None
    if whole in unused:
        body = unused.pop(whole)
    elif isinstance(properties, list):
        names = [str(name) for name in properties if name in given]
        body = {name: given[name] for name in names} or None
        for name in names:
            unused.pop(name, None)
        needed = declared.get("needed")
        for name in needed if isinstance(needed, list) and (names or declared["required"]) else []:
            if given.get(str(name)) is None:
                raise _missing(str(name), "the body")
    if body is None:
        if declared["required"]:
            raise _missing(whole, "the body")
        return None, ""
    if media.startswith("multipart/"):
        raise fault("configuration", f"Bodies of the type {media} are not supported by this runner")
    return body, media


def _in_path(name: str, value: JsonValue, parameter: JsonObject) -> str:
    style, explode = parameter.get("style", "simple"), parameter.get("explode") is True
    if style == "label":
        return "." + _joined(name, value, "." if explode else ",", explode=explode)
    if style == "matrix":
        if isinstance(value, list) and explode:
            return "".join(f";{quote(name)}={_quoted(name, item)}" for item in value)
        if isinstance(value, dict) and explode:
            return "".join(f";{_quoted(name, key)}={_quoted(name, item)}" for key, item in value.items())
        return f";{quote(name)}={_joined(name, value, ',', explode=False)}"
    return _simple(name, value, parameter, _percent)


def _simple(name: str, value: JsonValue, parameter: JsonObject, encode: Callable[[str], str]) -> str:
    delimiter = _DELIMITERS.get(str(parameter.get("style")))
    return _joined(name, value, encode(delimiter) if delimiter else ",", parameter.get("explode") is True, encode)


def _in_query(name: str, value: JsonValue, parameter: JsonObject) -> list[str]:
    style = str(parameter.get("style") or "form")
    explode = parameter.get("explode", style in ("form", "deepObject")) is True
    key = quote(name, safe="")
    if isinstance(value, dict) and style == "deepObject":
        return [f"{key}%5B{_quoted(name, member)}%5D={_quoted(name, item)}" for member, item in value.items()]
    if explode and isinstance(value, list):
        return [f"{key}={_quoted(name, item)}" for item in value]
    if explode and isinstance(value, dict):
        return [f"{_quoted(name, member)}={_quoted(name, item)}" for member, item in value.items()]
    delimiter = quote(_DELIMITERS.get(style, ","), safe=",")
    return [f"{key}={_joined(name, value, delimiter, explode=False)}"]


def _percent(text: str) -> str:
    return quote(text, safe="")


def _joined(name: str, value: JsonValue, delimiter: str, explode: bool, encode: Callable[[str], str] = _percent) -> str:
    if isinstance(value, list):
        return delimiter.join(encode(_scalar(name, item)) for item in value)
    if isinstance(value, Mapping):
        pairs = [(encode(key), encode(_scalar(name, item))) for key, item in value.items()]
        if explode:
            return delimiter.join(f"{key}={item}" for key, item in pairs)
        return delimiter.join(part for pair in pairs for part in pair)
    return encode(_scalar(name, value))


def _quoted(name: str, value: JsonValue) -> str:
    return _percent(_scalar(name, value))


def _scalar(name: str, value: JsonValue) -> str:
    text = "" if value is None else scalar_text(value)
    if text is None:
        raise fault("configuration", f"The parameter {name} holds something that cannot be put there")
    return text


def _objects(value: JsonValue) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
