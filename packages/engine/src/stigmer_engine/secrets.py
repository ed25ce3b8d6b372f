"""Secrets: names and placeholders for the workflow, values only at the moment of a call."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.faults import WorkflowError, fault

_PREFIX: Final = "stigmer-secret"

AUTHORIZATION: Final = "$authorization"
"""The name under which a call's own token stands in its arguments; no secret of a document has it."""


def placeholder(nonce: str, name: str) -> str:
    """What `$secrets.<name>` evaluates to.

    The nonce is secret to the execution: data from outside cannot contain a placeholder that would be filled in.
    """
    return f"[{_PREFIX}:{nonce}:{name}]"


class SecretNames:
    """The interpreter's side: which secrets exist, and their placeholders.

    `exposed` tells whether placeholders can be in the data of the execution before it makes its first call.
    """

    def __init__(self, nonce: str, names: Iterable[str], *, inherited: bool = False) -> None:
        self.placeholders: JsonObject = {name: placeholder(nonce, name) for name in sorted(names)}
        self.exposed = inherited or bool(self.placeholders)

    def permit(self, names: Iterable[str]) -> None:
        """Raise Fault `authorization` when one of the names was not given to this execution."""
        missing = [name for name in names if name not in self.placeholders]
        if missing:
            listed = ", ".join(missing)
            raise fault("authorization", "Secret not available", f"this execution was not given: {listed}")


class SecretVault:
    """The runtime's side: fills placeholders in on the way out, and takes values out on the way back."""

    def __init__(self, nonce: str, values: Mapping[str, str], plain: Mapping[str, str] | None = None) -> None:
        self._nonce = nonce
        self._named = dict(values)
        self._plain = dict(plain or {})
        self._values = {placeholder(nonce, name): value for name, value in {**values, **self._plain}.items()}
        # A placeholder that became part of a URI is percent-encoded there, and so must be what takes its place.
        self._values |= {quote(text, safe=""): quote(value, safe="") for text, value in self._values.items()}
        # The longest spelling first: one may be part of another one.
        spelled = ((text, name) for name, value in values.items() for text in _spellings(value))
        by_length = sorted(spelled, key=lambda pair: -len(pair[0]))
        self._placeholders: dict[str, str] = {}
        for text, name in by_length:
            self._placeholders.setdefault(text, placeholder(nonce, name))
        self._fill = _pattern(self._values)
        self._scrub = _pattern(self._placeholders)
        found = {text.encode(errors="replace"): name.encode() for text, name in self._placeholders.items()}
        self._placeholder_bytes = found
        self._scrub_bytes = re.compile(b"|".join(re.escape(text) for text in found)) if found else None

    def also(self, values: Mapping[str, str], plain: Mapping[str, str] | None = None) -> "SecretVault":
        """This vault with further secrets, such as a token that stands for some of them.

        Args:
            plain: values that have a placeholder too, but are no secrets: they are not taken out of anything.
        """
        return SecretVault(self._nonce, {**self._named, **values}, {**self._plain, **(plain or {})})

    def holds(self, text: str) -> bool:
        """Whether the text has a placeholder of this vault in it."""
        return self._fill is not None and self._fill.search(text) is not None

    def fill(self, value: JsonValue) -> JsonValue:
        """The value with every placeholder replaced by its secret."""
        return value if self._fill is None else _replace(value, self._fill, self._values)

    def fill_text(self, text: str) -> str:
        """The text with every placeholder replaced by its secret."""
        return text if self._fill is None else self._fill.sub(lambda match: self._values[match.group()], text)

    def scrub(self, value: JsonValue) -> JsonValue:
        """The value with every secret replaced by its placeholder, in keys too."""
        return value if self._scrub is None else _replace(value, self._scrub, self._placeholders)

    def scrub_bytes(self, data: bytes) -> bytes:
        """The bytes with every secret, in UTF-8, replaced by its placeholder."""
        if self._scrub_bytes is None:
            return data
        return self._scrub_bytes.sub(lambda match: self._placeholder_bytes[match.group()], data)

    def scrub_error(self, error: WorkflowError) -> WorkflowError:
        """The error with every secret replaced by its placeholder."""
        scrubbed = self.scrub(error.to_json())
        return WorkflowError.from_json(scrubbed) if isinstance(scrubbed, dict) else error


def _spellings(value: str) -> Iterator[str]:
    """The secret as it is, and as a peer or a library may repeat it: in URLs, JSON, representations and base64."""
    for text in {value, value.strip()} - {""}:
        yield text
        yield quote(text)
        yield quote(text, safe="")
        yield quote(text, safe="!$&'()*+,;=:/?[]@~")
        yield quote_plus(text)
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield repr(text.encode(errors="replace"))[2:-1]
        yield base64.b64encode(text.encode(errors="replace")).decode()


def _pattern(texts: Mapping[str, str]) -> re.Pattern[str] | None:
    return re.compile("|".join(re.escape(text) for text in texts)) if texts else None


def _replace(value: JsonValue, pattern: re.Pattern[str], texts: Mapping[str, str]) -> JsonValue:
    if isinstance(value, str):
        return pattern.sub(lambda match: texts[match.group()], value)
    if isinstance(value, dict):
        return {_text(key, pattern, texts): _replace(item, pattern, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace(item, pattern, texts) for item in value]
    return value


def _text(text: str, pattern: re.Pattern[str], texts: Mapping[str, str]) -> str:
    return pattern.sub(lambda match: texts[match.group()], text)
