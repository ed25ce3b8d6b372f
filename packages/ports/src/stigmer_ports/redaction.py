"""Removes known secret values from whatever is about to leave the process. A last line of defence, not the first."""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote

from stigmer_dsl.json_types import JsonValue

MASK = "***"

_SECRET_KEYS = re.compile(r"authorization|api[_-]?key|password|passwd|secret|token|credential|cookie", re.IGNORECASE)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}")


class Redactor:
    """Knows the secret values of this process and of every execution in it.

    Values are counted, so two executions may bring the same one and finish in any order.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known: Counter[str] = Counter()
        self._pattern: re.Pattern[str] | None = None
        self._stale = False
        self.learn(values)

    def learn(self, values: Iterable[str]) -> None:
        """Hide these values from now on. Empty ones are ignored."""
        for value in filter(None, values):
            self._stale = self._stale or value not in self._known
            self._known[value] += 1

    def forget(self, values: Iterable[str]) -> None:
        """Undo one `learn` of these values."""
        for value in filter(None, values):
            self._known[value] -= 1
            if self._known[value] <= 0:
                del self._known[value]
                self._stale = True

    def text(self, text: str) -> str:
        """The text without any known value, plain, JSON-escaped, percent-encoded or in base64."""
        pattern = self._compiled()
        return pattern.sub(MASK, text) if pattern else text

    def json(self, value: JsonValue) -> JsonValue:
        """The value without any known secret: in strings, in keys, and as a number that reads the same."""
        return self._json(value) if self._known else value

    def _json(self, value: JsonValue) -> JsonValue:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key): self._json(item) for key, item in value.items()}
            case list():
                return [self._json(item) for item in value]
            case None | bool():
                return value
            case _:
                return MASK if str(value) in self._known else value

    def _compiled(self) -> re.Pattern[str] | None:
        """The pattern of all forms, made when it is first needed after a change: starting a run must stay cheap."""
        if self._stale:
            forms = {form for value in self._known for form in _forms(value)}
            longest_first = sorted(forms, key=lambda form: (-len(form), form))
            self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None
            self._stale = False
        return self._pattern


def names_a_secret(key: str) -> bool:
    """Whether a field of this name holds a secret, whatever its value."""
    return _SECRET_KEYS.search(key) is not None


def log_line(line: str) -> str:
    """A finished log line without the credentials of an `authorization` header."""
    return _BEARER.sub(lambda match: f"{match[1]} {MASK}", line)


def _forms(value: str) -> set[str]:
    """How a value may look after the encodings a log or a message applies to it."""
    return {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        repr(value.encode())[2:-1],
        quote(value, safe=""),
        base64.b64encode(value.encode()).decode(),
    }
