"""HTTP_CALL: `call: http`; the timeout belongs to the task, not to the arguments."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.kinds.timeout import revert_timeout, timeout_of
from stigmer_converter.paths import member
from stigmer_converter.reverse_context import ReverseContext

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
DEFAULT_TIMEOUT = 30
LONGEST_TIMEOUT = 300


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `call: http` with `method endpoint headers body` and the task's `timeout` (30 s when unset)."""
    arguments: JsonObject = {"method": config.choice("method", METHODS)}
    endpoint = config.message("endpoint", required=True)
    if endpoint is not None:
        uri = endpoint.text("uri", required=True)
        arguments["endpoint"] = {"uri": context.uri(uri, endpoint.at("uri"))}
        endpoint.close()
    headers = config.string_map("headers")
    if headers:
        path = config.at("headers")
        arguments["headers"] = {
            name: context.text(value, member(path, name)) for name, value in sorted(headers.items())
        }
    body = config.struct("body")
    if body is not None:
        arguments["body"] = context.json(body, config.at("body"))
    seconds = config.integer("timeout_seconds", 1, LONGEST_TIMEOUT)
    return {"call": "http", "with": arguments, "timeout": timeout_of(seconds or DEFAULT_TIMEOUT)}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return the config of an HTTP call; query, authentication, redirects and other output forms have no field."""
    config: JsonObject = {}
    arguments = task.child("with")
    if arguments is None:
        return config
    method = arguments.text("method").upper()
    if method not in METHODS:
        arguments.refuse("method", f"the method {method}", f"The methods are {', '.join(METHODS)}.")
    config["method"] = method
    config["endpoint"] = {"uri": context.text(_uri(arguments), arguments.at("endpoint"))}
    headers = arguments.value("headers")
    if isinstance(headers, str):
        arguments.refuse("headers", "headers computed as a whole", "Write one expression a header.")
    elif headers:
        config["headers"] = {
            name: context.text(value, arguments.at("headers", name)) for name, value in headers.items()
        }
    body = arguments.value("body")
    if body is not None and not isinstance(body, dict):
        arguments.refuse("body", "a body that is no object", "Write an object whose values may be expressions.")
    elif body is not None:
        config["body"] = context.json(body, arguments.at("body"))
    arguments.expect("output", "content")
    arguments.expect("redirect", False)
    arguments.close()
    seconds = revert_timeout(task, context, LONGEST_TIMEOUT, DEFAULT_TIMEOUT)
    if seconds:
        config["timeout_seconds"] = seconds
    return config


def _uri(arguments: Construct) -> str:
    endpoint = arguments.value("endpoint")
    if isinstance(endpoint, str):
        return endpoint
    parts = arguments.child("endpoint")
    if parts is None:
        return ""
    uri = parts.text("uri")
    parts.close()
    return uri
