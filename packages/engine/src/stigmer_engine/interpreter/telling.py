"""What events tell of a run: no more than its log may hold, and no placeholder that a call would fill in.

A log lives as long as its execution, and every task tells its input and its output: without a bound, a workflow that
collects something keeps a copy of it for each step. How much was told is part of the tree, so that a run that is
drained and entered again tells the same.
"""

from collections import OrderedDict
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.faults import WorkflowError
from stigmer_engine.frames import Tree
from stigmer_engine.secret_mask import SecretMask

_TEXT_CHARACTERS: Final = 8 * 1024
_TEXT_AT_LEAST: Final = 256
_KEPT: Final = 16


class Telling:
    """Decides what goes into the events of one run.

    Args:
        value_bytes: JSON of one value, in an event that does not end the run.
        all_bytes: JSON of all values in such events.
        mask: None for a run in which there are no placeholders.
    """

    def __init__(self, tree: Tree, *, value_bytes: int, all_bytes: int, mask: SecretMask | None) -> None:
        self._tree = tree
        self._value_bytes = value_bytes
        self._all_bytes = all_bytes
        self._mask = mask
        # By identity, which is sure for as long as the value is kept here too. The output of a task is the input of
        # the next one, and all branches have the same: measured and masked once, and kept once.
        self._known: OrderedDict[int, tuple[JsonValue, int, JsonValue]] = OrderedDict()

    def payload(self, payload: JsonObject) -> JsonObject:
        """The payload; a value that is larger than what may be told is `{"truncated": true, "limit": bytes}`."""
        return {name: self._bounded(value) for name, value in payload.items()}

    def whole(self, payload: JsonObject) -> JsonObject:
        """The payload of the last event, which tells everything."""
        return {name: self.value(value) for name, value in payload.items()}

    def value(self, value: JsonValue) -> JsonValue:
        """A value of any size, without placeholders that could be filled in."""
        return value if self._mask is None else self._mask.value(value)

    def error(self, error: WorkflowError) -> WorkflowError:
        """An error without placeholders that could be filled in."""
        return error if self._mask is None else self._mask.error(error)

    def text(self, text: str) -> str:
        """A sentence without placeholders that could be filled in."""
        return text if self._mask is None else self._mask.text(text)

    def short(self, text: str) -> str:
        """The beginning of a sentence that is very long."""
        limit = max(min(_TEXT_CHARACTERS, self._all_bytes - self._tree.told), _TEXT_AT_LEAST)
        shown = text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"
        self._tree.told += len(shown)
        return shown

    def _bounded(self, value: JsonValue) -> JsonValue:
        limit = min(self._value_bytes, max(self._all_bytes - self._tree.told, 0))
        known = self._known.get(id(value))
        if known is not None:
            self._known.move_to_end(id(value))
        else:
            size = json_bytes(value, limit)
            if size > limit:
                return {"truncated": True, "limit": limit}
            known = self._known[id(value)] = (value, size, self.value(value))
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        _, size, shown = known
        if size > limit:
            return {"truncated": True, "limit": limit}
        self._tree.told += size
        return shown


def json_bytes(value: JsonValue, enough: int) -> int:
    """About how many bytes the JSON of a value has; for a value with more than `enough`, some number above that.

    Looks at no more of the value than it takes to know.
    """
    size = 0
    pending = [value]
    while pending and size <= enough:
        # By patterns: Temporal's sandbox makes `isinstance` slow.
        match pending.pop():
            case str() as text:
                size += (len(text) if text.isascii() or len(text) > enough else len(text.encode(errors="replace"))) + 2
            case None | bool():
                size += 4
            case int() as whole:
                size += whole.bit_length() * 3 // 10 + 1
            case float() as number:
                size += len(repr(number))
            case dict() as members:
                # Brackets, commas, and the quotes and the colon of each member; then at least one byte for each value.
                size += 2 + max(len(members) - 1, 0) + 3 * len(members)
                if size + len(members) > enough:
                    return size + len(members)
                size += sum(map(len, members))
                pending.extend(members.values())
            case items:
                size += 2 + max(len(items) - 1, 0)
                if size + len(items) > enough:
                    return size + len(items)
                pending.extend(items)
    return size
