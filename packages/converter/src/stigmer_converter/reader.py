"""Specifications from files: JSON, YAML or binary protobuf; a whole `Workflow` resource gives its `spec`."""

import json
from collections import Counter
from typing import Literal

from stigmer_dsl import Limits
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.yaml_reader import read_yaml
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow, WorkflowSpec

from stigmer_converter.conversion import Conversion, convert, convert_json
from stigmer_converter.fields import Fields
from stigmer_converter.message import spec_message
from stigmer_converter.options import DEFAULT_OPTIONS, ConvertOptions
from stigmer_converter.problem import ConversionError, ConversionProblem, Findings
from stigmer_converter.values import check_values

SpecFormat = Literal["json", "yaml", "binary"]

API_VERSION = "agentic.stigmer.ai/v1"
KIND = "Workflow"
_RESOURCE_FIELDS = ("metadata", "status")


def format_of(file_name: str) -> SpecFormat:
    """Return the format that a file name says: `.json`, `.yaml`, `.yml`, `.binpb`, `.pb` or `.bin`.

    Raises ConversionError for another ending.
    """
    formats: dict[str, SpecFormat] = {
        "json": "json", "yaml": "yaml", "yml": "yaml", "binpb": "binary", "pb": "binary", "bin": "binary",
    }  # fmt: skip
    found = formats.get(file_name.rpartition(".")[2].lower())
    if found is None:
        raise _failure("unknown-format", f"`{file_name}` says no format", "Use .json, .yaml or .binpb.")
    return found


def read_spec(data: bytes | str, spec_format: SpecFormat, options: ConvertOptions = DEFAULT_OPTIONS) -> WorkflowSpec:
    """Read a specification or a `Workflow` resource.

    Keys may be camelCase or snake_case, kinds may have any of their names. Raises ConversionError for data that is
    not of the format and for keys that the messages do not have; what is inside `task_config` is left to `convert`.
    """
    if spec_format == "binary":
        return spec_from_binary(data.encode() if isinstance(data, str) else data, options)
    findings = Findings()
    value = _unwrapped(_parsed(data, spec_format, options), findings)
    value = check_values(value, options.max_depth, findings)
    findings.raise_errors()
    spec = spec_message(value, findings)
    findings.raise_errors()
    return spec


def spec_from_json(text: bytes | str) -> WorkflowSpec:
    """Read JSON; otherwise as `read_spec`."""
    return read_spec(text, "json")


def spec_from_yaml(text: bytes | str) -> WorkflowSpec:
    """Read YAML 1.2; otherwise as `read_spec`."""
    return read_spec(text, "yaml")


def spec_from_binary(data: bytes, options: ConvertOptions = DEFAULT_OPTIONS) -> WorkflowSpec:
    """Read the binary form of `WorkflowSpec` or `Workflow`. Raises ConversionError."""
    _check_size(data, options)
    try:
        resource = Workflow.parse(data)
        if resource.api_version == API_VERSION and resource.kind == KIND:
            return resource.spec or WorkflowSpec()
    except Exception:  # noqa: S110 - no Workflow; whether it is a WorkflowSpec is decided next
        pass
    try:
        return WorkflowSpec.parse(data)
    except RecursionError:
        raise _failure("too-deep", "the message is nested too deeply", "Flatten it.") from None
    except Exception as error:
        raise _failure("invalid-syntax", f"this is no WorkflowSpec message: {error}") from error


def convert_source(data: bytes | str, spec_format: SpecFormat, options: ConvertOptions = DEFAULT_OPTIONS) -> Conversion:
    """Read and convert in one step, so that problems of the outer fields and of the tasks come in one report."""
    if spec_format == "binary":
        return convert(read_spec(data, spec_format, options), options)
    findings = Findings()
    value = _unwrapped(_parsed(data, spec_format, options), findings)
    try:
        conversion = convert_json(value, options)
    except ConversionError as error:
        raise ConversionError((*findings.found, *error.problems)) from None
    findings.raise_errors()
    return conversion


def _parsed(data: bytes | str, spec_format: SpecFormat, options: ConvertOptions) -> JsonValue:
    _check_size(data, options)
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _failure("invalid-encoding", f"byte {error.start} is not UTF-8", "Save the file as UTF-8.") from error
    return _json(text) if spec_format == "json" else _yaml(text, options)


def _check_size(data: bytes | str, options: ConvertOptions) -> None:
    if len(data) > options.max_bytes:
        raise _failure(
            "too-large",
            f"the specification is larger than {options.max_bytes} bytes",
            "Split it into several workflows.",
        )


def _json(text: str) -> JsonValue:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        message = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise _failure("invalid-syntax", message, "Check commas, quotes and brackets there.") from error
    except RecursionError:
        raise _failure("too-deep", "the JSON text is nested too deeply", "Flatten it.") from None
    except ValueError as error:
        raise _failure("invalid-syntax", str(error)) from error


def _yaml(text: str, options: ConvertOptions) -> JsonValue:
    try:
        return read_yaml(text, Limits(max_bytes=options.max_bytes, max_depth=options.max_depth + 2)).value
    except SyntaxFault as fault:
        line, column = fault.position or (1, 1)
        raise _failure(fault.code, f"line {line}, column {column}: {fault.message}", fault.hint) from None


def _unique(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    values = dict(pairs)
    if len(values) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise _failure("duplicate-key", f"the key `{twice}` appears twice in one object", "Keep one of them.")
    return values


def _no_constant(name: str) -> JsonValue:
    raise _failure("invalid-value", f"{name} is no JSON number")


def _unwrapped(value: JsonValue, findings: Findings) -> JsonValue:
    """Return the specification of a resource, or the value itself when it is none."""
    if not isinstance(value, dict) or not ({"spec", "apiVersion", "api_version", "kind"} & set(value)):
        return value
    resource = Fields(value, "", findings)
    for name, expected in (("api_version", API_VERSION), ("kind", KIND)):
        found = resource.text(name, required=True)
        if found and found != expected:
            findings.error("invalid-value", name, f"`{found}` is not a resource this converts", f"Use `{expected}`.")
    for name in _RESOURCE_FIELDS:
        resource.struct(name)
    spec = resource.value("spec", required=True)
    resource.close()
    return {} if spec is None else spec


def _failure(code: str, message: str, hint: str = "") -> ConversionError:
    return ConversionError([ConversionProblem(code=code, message=message, hint=hint)])
