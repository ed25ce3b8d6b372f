"""The description of the HTTP API (OpenAPI 3.1), written in `openapi.yaml` and `openapi_schemas.yaml`."""

from functools import cache
from importlib.resources import files

import yaml
from stigmer_dsl.json_types import JsonObject


@cache
def openapi_document() -> JsonObject:
    """The description as JSON."""
    folder = files("stigmer_server.http_port")
    document: JsonObject = yaml.safe_load((folder / "openapi.yaml").read_text("utf-8"))
    document["components"] = yaml.safe_load((folder / "openapi_schemas.yaml").read_text("utf-8"))
    return document
