"""One line for people about a call or a timer, as Temporal's UI shows it. No data of the run, and no secret.

Temporal refuses summaries of more than 400 bytes, and with them the workflow task; what a payload codec adds counts.
"""

import json
from typing import Final
from urllib.parse import urlsplit

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.interpreter.port import CallRequest
from stigmer_engine.secret_mask import SecretMask

_MOST_BYTES: Final = 200


def call_summary(request: CallRequest, nonce: str) -> str:
    """What is called, and by which task: `GET api.example.com: fetch`.

    Args:
        nonce: of the placeholders of secrets; a part of the address that has one is masked.
    """
    name = request.reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    return one_line(f"{SecretMask(nonce).text(_what(request.kind, request.arguments))}: {name}")


def one_line(text: str) -> str:
    """The text, cut to what Temporal takes."""
    line = " ".join(text.split())
    while len(json.dumps(line)) > _MOST_BYTES:
        line = line[: len(line) * 9 // 10]
    return line


def _what(kind: str, arguments: JsonObject) -> str:
    match kind:
        case "http":
            return f"{str(arguments.get('method', 'GET')).upper()} {_host(arguments.get('uri'))}"
        case "grpc":
            service = arguments.get("service")
            name = service.get("name") if isinstance(service, dict) else service
            return f"grpc {name}/{arguments.get('method')}"
        case "resource":
            return f"read from {_host(arguments.get('uri'))}"
        case "emit":
            return f"emit {arguments.get('type')}"
        case "agent":
            return f"agent {arguments.get('agent')}"
        case "activity":
            return f"activity {arguments.get('name')}"
    return kind


def _host(uri: object) -> str:
    """The host of an address: its path and query may hold data, and what stands before the host a password."""
    try:
        return urlsplit(str(uri)).hostname or "?"
    except ValueError:
        return "?"
