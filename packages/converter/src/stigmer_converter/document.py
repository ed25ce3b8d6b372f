"""The header of a document: `document`, the descriptions and the environment, both directions."""

import re
from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.fields import Fields
from stigmer_converter.paths import member
from stigmer_converter.problem import Findings

LABEL = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", re.ASCII)
_IDENTIFIER = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    rf"(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)
DSL_VERSION = "1.0.0"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What `env_spec` declares: default values of variables by name, names of secrets, and its own JSON form.

    `declared` never holds the value of a secret.
    """

    defaults: dict[str, str]
    secrets: frozenset[str]
    declared: JsonObject


def read_header(document: Fields | None, description: str, environment: Environment) -> JsonObject:
    """Return the DSL's `document`.

    `summary` is `document.description`, or else the description of the specification; when both are given and differ
    the latter goes to `metadata.description`. The environment goes to `metadata.environment`.
    """
    if document is None:
        return {}
    header: JsonObject = {"dsl": document.text("dsl", required=True)}
    for name, pattern, hint in (
        ("namespace", LABEL, "Use at most 63 letters, digits and `-`, with no `-` at either end."),
        ("name", LABEL, "Use at most 63 letters, digits and `-`, with no `-` at either end."),
        ("version", VERSION, "Use a semantic version such as 1.0.0."),
    ):
        header[name] = document.text(name, required=True)
        if header[name] and not pattern.fullmatch(header[name]):
            document.findings.error(
                "invalid-value", document.at(name), f"`{header[name]}` is not allowed as `{name}`", hint
            )
    if header["dsl"] and header["dsl"] != DSL_VERSION:
        document.findings.error(
            "invalid-value", document.at("dsl"), f"the DSL version {header['dsl']} is not supported",
            f"Use {DSL_VERSION}.",
        )  # fmt: skip
    own = document.text("description")
    document.close()
    if own or description:
        header["summary"] = own or description
    metadata: JsonObject = {}
    if own and description and own != description:
        metadata["description"] = description
    if environment.declared:
        metadata["environment"] = environment.declared
    if metadata:
        header["metadata"] = metadata
    return header


def read_environment(env_spec: Fields | None) -> Environment:
    """Read `env_spec`; the value of a secret is left out with a warning, because documents are not secret."""
    if env_spec is None:
        return Environment(defaults={}, secrets=frozenset(), declared={})
    description = env_spec.text("description")
    declared: JsonObject = {"description": description} if description else {}
    defaults: dict[str, str] = {}
    secrets: set[str] = set()
    data: JsonObject = {}
    for name, value in sorted((env_spec.struct("data") or {}).items()):
        entry = Fields(value, member(env_spec.at("data"), name), env_spec.findings)
        if not _VARIABLE.fullmatch(name):
            env_spec.findings.error(
                "invalid-name", entry.path, f"`{name}` cannot name a variable", "Use letters, digits and `_`."
            )
        data[name] = _entry(name, entry, defaults, secrets)
    env_spec.close()
    if data:
        declared["data"] = data
    return Environment(defaults=defaults, secrets=frozenset(secrets), declared=declared)


def _entry(name: str, entry: Fields, defaults: dict[str, str], secrets: set[str]) -> JsonObject:
    value, about, is_secret = entry.text("value"), entry.text("description"), entry.boolean("is_secret")
    entry.close()
    declared: JsonObject = {}
    if is_secret:
        secrets.add(name)
        if value:
            entry.findings.warn(
                "secret-value-dropped", entry.at("value"), f"the value of the secret `{name}` is left out",
                "Give it when the workflow is run.",
            )  # fmt: skip
        declared["isSecret"] = True
    elif value:
        defaults[name] = value
        declared["value"] = value
    if about:
        declared["description"] = about
    return declared


def revert_header(document: Construct, findings: Findings) -> JsonObject:
    """Return `document`, `description` and `env_spec` of a specification; titles, tags and other metadata fail."""
    header: JsonObject = {name: document.text(name) for name in ("dsl", "namespace", "name", "version")}
    if header["dsl"] != DSL_VERSION:
        # What later versions add is refused where it stands, so what is left means the same in the first one.
        findings.warn("dsl-version", document.at("dsl"), f"the specification says {DSL_VERSION}, not {header['dsl']}")
        header["dsl"] = DSL_VERSION
    summary = document.text("summary")
    if summary:
        header["description"] = summary
    spec: JsonObject = {"document": header}
    if document.has("metadata"):
        metadata = document.child("metadata")
        if metadata is not None:
            about = metadata.text("description")
            if about:
                spec["description"] = about
            if metadata.has("environment"):
                environment = metadata.child("environment")
                if environment is not None:
                    spec["env_spec"] = _revert_environment(environment, findings)
            metadata.close()
    document.close()
    return spec


def _revert_environment(environment: Construct, findings: Findings) -> JsonObject:
    env_spec: JsonObject = {}
    about = environment.text("description")
    if about:
        env_spec["description"] = about
    data = environment.value("data")
    entries: JsonObject = {}
    for name, value in (data if isinstance(data, dict) else {}).items():
        if not isinstance(value, dict):
            environment.refuse("data", f"the declaration of `{name}`")
            continue
        entry = Construct(value, environment.at("data", name), findings, "environment")
        read: JsonObject = {"is_secret": True} if entry.value("isSecret") is True else {}
        for field in ("value", "description"):
            text = entry.text(field)
            if text:
                read[field] = text
        entry.close()
        entries[name] = read
    if entries:
        env_spec["data"] = entries
    environment.close()
    return env_spec
