"""Reading the JSON form of a message: both key cases, every problem with its path."""

import re
from collections.abc import Sequence

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_converter.numbers import as_written
from stigmer_converter.paths import element, member
from stigmer_converter.problem import Findings

_UPPER = re.compile(r"[A-Z]")
_INT32 = (-(2**31), 2**31 - 1)


def snake_case(name: str) -> str:
    """Return the proto field name for a JSON key: `taskConfig` and `task_config` are one field."""
    return _UPPER.sub(lambda match: f"_{match.group().lower()}", name) if name[:1].islower() else name


def kind_of(value: JsonValue) -> str:
    """Name the JSON type of a value for a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case dict():
            return "an object"
        case _:
            return "a list"


class Fields:
    """The fields of one message in JSON form.

    Each accessor reads a field once, records what is wrong with it and returns the proto3 default instead, so that
    reading goes on; null means unset, as in the JSON mapping of protobuf. `close` reports the keys nobody asked for.
    """

    def __init__(self, value: JsonValue, path: str, findings: Findings) -> None:
        self.path = path
        self.findings = findings
        self._values: dict[str, JsonValue] = {}
        self._keys: dict[str, str] = {}
        self._read: list[str] = []
        if not isinstance(value, dict):
            self._wrong_type(path, "an object", value)
            value = {}
        for key, field_value in value.items():
            name = snake_case(str(key))
            if name in self._keys:
                findings.error(
                    "duplicate-key", member(path, key), f"`{key}` and `{self._keys[name]}` are the same field",
                    "Keep one of them.",
                )  # fmt: skip
            self._keys[name] = str(key)
            self._values[name] = field_value

    def at(self, name: str) -> str:
        """Return the path of a field, in its proto spelling."""
        return member(self.path, name)

    def has(self, name: str) -> bool:
        """Tell whether the field is present and not null."""
        return self._values.get(name) is not None

    def close(self) -> None:
        """Report every key that no accessor asked for."""
        for name, key in self._keys.items():
            if name not in self._read:
                known = ", ".join(f"`{known}`" for known in self._read)
                self.findings.error(
                    "unknown-key", member(self.path, key), f"`{key}` is not a field here",
                    f"The fields are {known}." if known else "No field is allowed here.",
                )  # fmt: skip

    def value(self, name: str, *, required: bool = False) -> JsonValue:
        """Return the raw value of a field, None when unset."""
        self._read.append(name)
        found = self._values.get(name)
        if required and found is None:
            self.missing(name)
        return found

    def text(self, name: str, *, required: bool = False, longest: int = 0) -> str:
        """Return a string field; a required one must not be empty. `longest` bounds its characters (0: no bound)."""
        found = self.value(name)
        if found is not None and not isinstance(found, str):
            self._wrong_type(self.at(name), "a string", found)
            return ""
        if required and not found:
            self.missing(name)
        if longest and found and len(found) > longest:
            self.findings.error("out-of-range", self.at(name), f"`{name}` has more than {longest} characters")
        return found or ""

    def integer(self, name: str, low: int = _INT32[0], high: int = _INT32[1]) -> int:
        """Return a whole number, 0 when unset; a number that is set must lie in [low, high]."""
        found = self.value(name)
        number = _whole(found)
        if found is None:
            return 0
        if number is None:
            self._wrong_type(self.at(name), "a whole number", found)
            return 0
        if not low <= number <= high and number != 0:
            self.out_of_range(name, low, high)
        return number

    def number(self, name: str, low: float, high: float) -> int | float | None:
        """Return a number in [low, high], None when unset."""
        found = self.value(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            self._wrong_type(self.at(name), "a number", found)
            return None
        if not low <= found <= high:
            self.out_of_range(name, low, high)
        return as_written(found)

    def boolean(self, name: str) -> bool:
        """Return a boolean field, False when unset."""
        found = self.value(name)
        if found is not None and not isinstance(found, bool):
            self._wrong_type(self.at(name), "true or false", found)
        return found is True

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """Return a required string that is one of `allowed`."""
        found = self.text(name, required=True)
        if found and found not in allowed:
            listed = ", ".join(f"`{choice}`" for choice in allowed)
            self.findings.error("invalid-value", self.at(name), f"`{found}` is not allowed here", f"Use {listed}.")
        return found

    def struct(self, name: str) -> JsonObject | None:
        """Return a free JSON object, None when unset."""
        found = self.value(name)
        if found is not None and not isinstance(found, dict):
            self._wrong_type(self.at(name), "an object", found)
            return None
        return found

    def string_map(self, name: str, *, required: bool = False) -> dict[str, str]:
        """Return a map of strings; entries of another type are reported and left out."""
        found = self.struct(name)
        if required and not found:
            self.missing(name)
        entries: dict[str, str] = {}
        for key, entry in (found or {}).items():
            if isinstance(entry, str):
                entries[key] = entry
            else:
                self._wrong_type(
                    member(self.at(name), key), "a string", entry,
                    "Quote the text, or write an expression such as ${ 5 } to keep the JSON type.",
                )  # fmt: skip
        return entries

    def message(self, name: str, *, required: bool = False) -> "Fields | None":
        """Return the fields of a nested message, None when unset."""
        found = self.value(name, required=required)
        return None if found is None else Fields(found, self.at(name), self.findings)

    def elements(self, name: str, *, least: int = 0) -> list[tuple[JsonValue, str]]:
        """Return the values of a repeated field, each with its path; `least` is the smallest allowed number."""
        found = self.value(name)
        if found is not None and not isinstance(found, list):
            self._wrong_type(self.at(name), "a list", found)
            return []
        values = found or []
        if len(values) < least:
            many = "one entry" if least == 1 else f"{least} entries"
            self.findings.error("too-few", self.at(name), f"`{name}` needs at least {many}")
        return [(value, element(self.at(name), index)) for index, value in enumerate(values)]

    def messages(self, name: str, *, least: int = 0) -> list["Fields"]:
        """Return the messages of a repeated field."""
        return [Fields(value, path, self.findings) for value, path in self.elements(name, least=least)]

    def missing(self, name: str) -> None:
        """Report a required field that is unset or empty."""
        self.findings.error("missing-field", self.at(name), f"`{name}` is required")

    def out_of_range(self, name: str, low: float, high: float) -> None:
        """Report a number outside its bounds."""
        self.findings.error("out-of-range", self.at(name), f"`{name}` must lie between {low} and {high}")

    def _wrong_type(self, path: str, wanted: str, value: JsonValue, hint: str = "") -> None:
        self.findings.error("wrong-type", path, f"{wanted} is needed, not {kind_of(value)}", hint)


def _whole(value: JsonValue) -> int | None:
    """Read a whole number as protobuf's JSON mapping allows it: number or decimal string."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = as_written(value)
    return number if isinstance(number, int) else None
