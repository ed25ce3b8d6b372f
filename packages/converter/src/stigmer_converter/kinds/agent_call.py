"""AGENT_CALL: the custom call `agent`."""

from stigmer_dsl.json_types import JsonObject
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceOwnerScope

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.kinds.timeout import revert_timeout, timeout_of
from stigmer_converter.paths import member
from stigmer_converter.reverse_context import ReverseContext

DEFAULT_TIMEOUT = 300
LONGEST_TIMEOUT = 3600
LONGEST_NAME = 63
SCOPES = {value.value: str(value.proto_name or value.name).lower() for value in ApiResourceOwnerScope if value.value}
"""Owner scopes by number, as they travel in JSON."""


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `call: agent, with: {agent, message, scope, env, config}` and the task's `timeout` (300 s when unset)."""
    arguments: JsonObject = {
        "agent": context.text(config.text("agent", required=True, longest=LONGEST_NAME), config.at("agent"))
    }
    scope = _scope(config)
    if scope:
        arguments["scope"] = scope
    arguments["message"] = context.text(config.text("message", required=True), config.at("message"))
    env = config.string_map("env")
    if env:
        path = config.at("env")
        arguments["env"] = {name: context.text(value, member(path, name)) for name, value in sorted(env.items())}
    settings = config.message("config")
    timeout = 0
    if settings is not None:
        timeout = settings.integer("timeout", 1, LONGEST_TIMEOUT)
        arguments["config"] = _settings(settings, timeout)
        settings.close()
    return {"call": "agent", "with": arguments, "timeout": timeout_of(timeout or DEFAULT_TIMEOUT)}


def _scope(config: Fields) -> str:
    value = config.value("scope")
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if value is None or number == 0:
        return ""
    name = SCOPES.get(number, "") if number is not None else str(value).lower()
    name = name.removeprefix("api_resource_owner_scope_")
    if name == "unspecified":
        return ""
    if name not in SCOPES.values():
        config.findings.error(
            "invalid-value", config.at("scope"), f"`{value}` is no owner scope", f"Use {', '.join(SCOPES.values())}."
        )
    return name


def _settings(settings: Fields, timeout: int) -> JsonObject:
    values: JsonObject = {}
    model = settings.text("model")
    if model:
        values["model"] = model
    if timeout:
        values["timeout"] = timeout
    temperature = settings.number("temperature", 0, 1)
    if temperature is not None:
        values["temperature"] = temperature
    return values


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return the config of an agent call; the task's timeout and `config.timeout` must agree."""
    config: JsonObject = {}
    arguments = task.child("with")
    if arguments is None:
        return config
    config["agent"] = context.text(arguments.text("agent"), arguments.at("agent"))
    scope = arguments.text("scope")
    if scope:
        config["scope"] = scope
        if scope not in SCOPES.values():
            arguments.refuse("scope", f"the scope {scope!r}", f"Use {', '.join(SCOPES.values())}.")
    config["message"] = context.text(arguments.text("message"), arguments.at("message"))
    env = arguments.value("env")
    if env:
        config["env"] = {name: context.text(value, arguments.at("env", name)) for name, value in env.items()}
    settings: JsonObject = {}
    if arguments.has("config"):
        given = arguments.child("config")
        if given is not None:
            settings = {name: given.value(name) for name in ("model", "timeout", "temperature") if given.has(name)}
            given.close()
        config["config"] = settings
    arguments.close()
    timeout = revert_timeout(task, context, LONGEST_TIMEOUT, DEFAULT_TIMEOUT)
    if timeout and settings.get("timeout", timeout) != timeout:
        task.refuse("timeout", "a timeout other than `config.timeout`", "Make both the same.")
    if timeout and timeout != settings.get("timeout", DEFAULT_TIMEOUT):
        config["config"] = {**settings, "timeout": timeout}
    return config
