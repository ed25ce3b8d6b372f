"""Placeholders of secrets as everybody may see them: without the nonce that makes a call fill them in."""

import base64
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.faults import WorkflowError
from stigmer_engine.secrets import placeholder

_MASK: Final = "[secret]"


class SecretMask:
    """Takes the nonce of one execution out of what leaves it.

    Whoever knew the nonce could put a placeholder into the execution's data and have the secret filled in. Where an
    expression took a placeholder apart, or put it into base64, what is left of it is masked too.
    """

    def __init__(self, nonce: str) -> None:
        self._marks = (nonce, *_in_base64(nonce))
        before, after = placeholder(nonce, "\0").split("\0")
        self._pattern = re.compile(
            f"{re.escape(before)}(?P<name>[^\\]]*){re.escape(after)}"
            f"|{re.escape(quote(before, safe=''))}(?P<quoted>.*?){re.escape(quote(after, safe=''))}"
            f"|(?P<encoded>{'|'.join(map(re.escape, self._marks[1:]))})"
            f"|{re.escape(nonce)}"
        )

    def text(self, text: str) -> str:
        """The text with `[secret:NAME]` in place of every placeholder."""
        return self._pattern.sub(_shown, text) if self._is_in(text) else text

    def value(self, value: JsonValue) -> JsonValue:
        """The value with `[secret:NAME]` in place of every placeholder, in keys too; itself, if it has none."""
        return self._masked(value) if self.finds(value) else value

    def error(self, error: WorkflowError) -> WorkflowError:
        """The error with `[secret:NAME]` in place of every placeholder."""
        masked = self.value(error.to_json())
        return WorkflowError.from_json(masked) if isinstance(masked, dict) else error

    def finds(self, value: JsonValue) -> bool:
        """Whether there is a placeholder in the value, whole or in part, in keys too."""
        return any(map(self._is_in, _texts(value)))

    def _is_in(self, text: str) -> bool:
        return any(mark in text for mark in self._marks)

    def _masked(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self._masked(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        return value


def _in_base64(nonce: str) -> Iterator[str]:
    """What base64 makes of the nonce, whatever stands before and after it: it may begin at any of three places."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + nonce.encode() + b"\0" * 2).decode()
        yield encoded[-(-before * 4 // 3) : (before + len(nonce)) * 4 // 3]


def _shown(match: re.Match[str]) -> str:
    if match["name"] is not None:
        return f"[secret:{match['name']}]"
    if match["quoted"] is not None:
        return quote("[secret:", safe="") + match["quoted"] + quote("]", safe="")
    # As long as it was, so that it is still base64.
    return "A" * len(match["encoded"]) if match["encoded"] is not None else _MASK


def _texts(value: JsonValue) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
