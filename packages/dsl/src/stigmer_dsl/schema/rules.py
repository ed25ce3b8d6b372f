"""What the models check in code: the same as schema keywords, by the model's name."""

from collections.abc import Mapping

from stigmer_dsl.json_types import JsonObject


def _one_of(*names: str) -> JsonObject:
    return {"oneOf": [{"required": [name]} for name in names]}


def _secret_or(*names: str) -> JsonObject:
    return {"anyOf": [{"required": ["use"]}, {"required": [*names]}]}


_SCHEMES = ("basic", "bearer", "digest", "oauth2", "oidc")
_NEVER: JsonObject = {"not": {}}

RULES: Mapping[str, JsonObject] = {
    # Keywords cannot compare durations.
    "ActivityRetryPolicy": {},
    "AsyncApiArguments": {"allOf": [_one_of("channel", "operation"), _one_of("message", "subscription")]},
    "AsyncApiConsumption": _one_of("amount", "while", "until"),
    "AuthenticationPolicy": _one_of(*_SCHEMES),
    "AuthenticationReference": _one_of("use", *_SCHEMES),
    "Backoff": _one_of("constant", "linear", "exponential"),
    "BasicAuthentication": _secret_or("username", "password"),
    "BearerAuthentication": _secret_or("token"),
    "ContainerLifetime": {
        "if": {"properties": {"cleanup": {"const": "eventually"}}},
        "then": {"required": ["after"]},
        "else": {"properties": {"after": _NEVER}},
    },
    "DigestAuthentication": _secret_or("username", "password"),
    "Duration": {"minProperties": 1},
    "EmitEvent": {"properties": {"with": {"required": ["type"]}}},
    "ErrorFilter": {"minProperties": 1},
    "EventConsumption": {**_one_of("one", "any", "all"), "dependentRequired": {"until": ["any"]}},
    "EventFilter": {"properties": {"with": {"minProperties": 1}}},
    "McpTransport": _one_of("http", "stdio"),
    "OAuth2Authentication": _secret_or("authority", "grant"),
    "OpenIdConnectAuthentication": _secret_or("authority", "grant"),
    "RunDefinition": _one_of("container", "script", "shell", "workflow"),
    "Schedule": {"dependentRequired": {"read": ["on"]}},
    "SchemaDefinition": _one_of("document", "resource"),
    "ScriptProcess": _one_of("code", "source"),
    "SetTask": {"properties": {"set": {"anyOf": [{"type": "string"}, {"minProperties": 1}]}}},
}
"""Keywords to add to a definition; they stand in an `allOf`, beside what the fields say."""
