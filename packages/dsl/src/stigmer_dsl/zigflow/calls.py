"""Zigflow's `call: http` and `call: grpc`, which are Temporal activities there: with a timeout, `http` with retries."""

import re

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.zigflow import jq
from stigmer_dsl.zigflow.book import Book
from stigmer_dsl.zigflow.state import framed, known

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
_OPTIONS = ("startToCloseTimeout", "summary", "disableEagerExecution", "retryPolicy")
_RETRY = ("initialInterval", "backoffCoefficient", "maximumAttempts")
_UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")
_LONGEST_DELAY = 60.0
# 3xx and 4xx are final there; everything else is tried again.
_RETRYABLE = '($zigflow_error | (.type | endswith("/communication")) and .status >= 300 and .status < 500) | not'


def call(name: str, task: JsonObject, pointer: str, book: Book) -> JsonObject:
    """Translate a `call`."""
    book.only(task, pointer, known("call", "with"), "a `call`")
    kind = task.get("call")
    options = _options(task, pointer, book)
    data = f"$old.data + {{{jq.literal(name)}: $raw}}"
    if kind == "http":
        inner: JsonObject = {"call": "http", "with": _http(task.get("with"), f"{pointer}/with", book)}
    elif kind == "grpc":
        inner = {"call": "grpc", "with": _grpc(task.get("with"), f"{pointer}/with", book)}
    else:
        book.refuse(f"{pointer}/call", f"`call: {kind}`", "Only `http` and `grpc` are calls of this profile.")
        return {"do": []}
    inner["timeout"] = {"after": options.get("startToCloseTimeout", {"seconds": 15})}
    catch: JsonObject = {"as": "zigflow_error", "when": "false"}
    retry = _retry(options, book, pointer) if kind == "http" else None
    if retry is not None:
        catch = {"as": "zigflow_error", "when": _RETRYABLE, "retry": retry}
    return {"try": [{name: inner}], "catch": catch, **framed(task, pointer, book, data=data)}


def _options(task: JsonObject, pointer: str, book: Book) -> JsonObject:
    metadata = task.get("metadata")
    own = metadata.get("activityOptions", {}) if isinstance(metadata, dict) else {}
    return {**book.options, **book.only(own, f"{pointer}/metadata/activityOptions", _OPTIONS, "`activityOptions`")}


def document_options(metadata: JsonValue, pointer: str, book: Book) -> JsonObject:
    """Return the `activityOptions` of the document, which are the defaults of its calls."""
    value = metadata.get("activityOptions", {}) if isinstance(metadata, dict) else {}
    return book.only(value, f"{pointer}/activityOptions", _OPTIONS, "`activityOptions`")


def _retry(options: JsonObject, book: Book, pointer: str) -> JsonObject | None:
    where = f"{pointer}/metadata/activityOptions/retryPolicy"
    policy = book.only(options.get("retryPolicy", {}), where, _RETRY, "`retryPolicy`")
    attempts, factor = policy.get("maximumAttempts", 5), policy.get("backoffCoefficient", 2)
    initial = policy.get("initialInterval", {"seconds": 1})
    if not isinstance(attempts, int) or attempts < 1:
        book.refuse(where, "Attempts without end", "Give `maximumAttempts` a number from 1.")
        return None
    if factor not in (1, 2):
        book.refuse(where, f"A `backoffCoefficient` of {factor}", "Write 1 or 2.")
    if attempts == 1:
        return None
    if _seconds(initial) * (factor if factor in (1, 2) else 1) ** (attempts - 2) > _LONGEST_DELAY:
        book.refuse(where, "A delay that Zigflow cuts at its `maximumInterval` of a minute", "Use fewer attempts.")
    backoff: JsonObject = {"constant": {}} if factor == 1 else {"exponential": {}}
    return {"delay": initial, "backoff": backoff, "limit": {"attempt": {"count": attempts - 1}}}


def _seconds(duration: JsonValue) -> float:
    factors = dict(zip(_UNITS, (86400.0, 3600.0, 60.0, 1.0, 0.001), strict=True))
    parts = duration if isinstance(duration, dict) else {}
    return sum(factors.get(unit, 0.0) * value for unit, value in parts.items() if isinstance(value, (int, float)))


def _http(value: JsonValue, pointer: str, book: Book) -> JsonObject:
    names = ("method", "endpoint", "headers", "body", "query", "output", "redirect")
    given = dict(book.only(value, pointer, names, "the arguments of `call: http`"))
    method = str(given.get("method", "")).upper()
    if method not in METHODS:
        book.refuse(f"{pointer}/method", f"The method `{method}`", f"Write one of {', '.join(METHODS)}.")
    endpoint = given.get("endpoint")
    if isinstance(endpoint, dict):
        endpoint = book.only(endpoint, f"{pointer}/endpoint", ("uri",), "`endpoint`").get("uri")
    found: JsonObject = {**given, "method": method, "endpoint": _endpoint(endpoint, f"{pointer}/endpoint", book)}
    for name in ("headers", "query", "body"):
        if name in given:
            found[name] = jq.template(given[name], f"{pointer}/{name}", book)
    if "body" in given:
        # There a body is always JSON, text too.
        found["headers"] = _json_headers(given.get("headers", {}), found.get("headers", {}), pointer, book)
    return found


def _endpoint(value: JsonValue, pointer: str, book: Book) -> JsonValue:
    # There are no URI templates there: braces are braces.
    if isinstance(value, str) and jq.source_of(value) is None:
        return f"${{ {jq.literal(value)} }}"
    return jq.template(value, pointer, book)


def _json_headers(given: JsonValue, translated: JsonValue, pointer: str, book: Book) -> JsonValue:
    if isinstance(given, dict):
        declared = next((str(given[name]) for name in given if name.lower() == "content-type"), None)
        if declared is None:
            return {**translated, "Content-Type": "application/json"}
        if not re.match(r"(?i)application/(?:[a-z0-9.+-]+\+)?json\b", declared):
            book.refuse(f"{pointer}/headers", "A `body` that is called anything but JSON", "There it is sent as JSON.")
        return translated
    source = jq.source_of(str(given))
    if source is None:
        return translated
    headers = jq.bind(source, f"{pointer}/headers", book)
    has_type = '(keys | map(ascii_downcase) | index("content-type"))'
    return f'${{ {headers} | if {has_type} then . else . + {{"Content-Type": "application/json"}} end }}'


def _grpc(value: JsonValue, pointer: str, book: Book) -> JsonObject:
    names = ("proto", "service", "method", "arguments")
    given = dict(book.only(value, pointer, names, "the arguments of `call: grpc`"))
    service = book.only(given.get("service", {}), f"{pointer}/service", ("name", "host", "port"), "`service`")
    given["service"] = {"port": 50051, **service}
    if "arguments" in given:
        given["arguments"] = jq.template(given["arguments"], f"{pointer}/arguments", book)
    return given
