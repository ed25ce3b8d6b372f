"""Checked text types of the document."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from stigmer_dsl.expressions import is_strict

# Semantic versioning 2.0.0, the form the official schema demands.
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)
_DNS_LABEL = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_WHITESPACE = re.compile(r"\s")


def _semver(text: str) -> str:
    if _SEMVER.fullmatch(text):
        return text
    raise PydanticCustomError(
        "invalid-version",
        "This is not a semantic version",
        {"hint": "Write three numbers, as in '1.0.0'."},
    )


def _dsl_version(text: str) -> str:
    match = _SEMVER.fullmatch(text)
    if match is None:
        return _semver(text)
    if match.group(1) == "1":
        return text
    raise PydanticCustomError(
        "unsupported-dsl",
        "This version of the DSL is not supported",
        {"hint": "Versions from 1.0.0 up to, but not including, 2.0.0 are; write for example `dsl: '1.0.3'`."},
    )


def _dns_label(text: str) -> str:
    if _DNS_LABEL.fullmatch(text):
        return text
    raise PydanticCustomError(
        "invalid-name",
        "This is not a DNS label",
        {"hint": "Use 1 to 63 letters, digits and `-`, with a letter or digit at both ends."},
    )


def _variable_name(text: str) -> str:
    if _VARIABLE.fullmatch(text):
        return text
    raise PydanticCustomError(
        "invalid-name",
        "This cannot be the name of a variable",
        {"hint": "Use letters, digits and `_`, without `$` and not starting with a digit."},
    )


def _uri(text: str) -> str:
    if is_strict(text):
        return text
    if text and ("${" in text or not _WHITESPACE.search(text)):
        return text
    raise PydanticCustomError(
        "invalid-uri",
        "This is neither a URI, a URI template, nor an expression",
        {"hint": "Write for example `https://example.com/pets/{petId}` or one `${ }` expression."},
    )


def pattern_schema(pattern: str) -> WithJsonSchema:
    """Say a text's form in the JSON Schema for editors, where the check itself cannot be said."""
    return WithJsonSchema({"type": "string", "pattern": pattern})


SemanticVersion = Annotated[str, AfterValidator(_semver), pattern_schema(f"^{_SEMVER.pattern}$")]
DslVersion = Annotated[str, AfterValidator(_dsl_version), pattern_schema(f"^(?=1\\.){_SEMVER.pattern}$")]
DnsLabel = Annotated[str, AfterValidator(_dns_label), pattern_schema(f"^{_DNS_LABEL.pattern}$")]
VariableName = Annotated[str, AfterValidator(_variable_name), pattern_schema(f"^{_VARIABLE.pattern}$")]
UriText = Annotated[str, AfterValidator(_uri), pattern_schema(r"^[^\s]+$|\$\{")]
"""A URI, a relative reference, a URI template (RFC 6570 level 1), or text with `${ }` expressions."""
