"""Reading a construct of a document on the way back: what no one asks for has no place in a specification."""

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_converter.paths import pointer
from stigmer_converter.problem import Findings


class Construct:
    """An object of a valid document with its JSON pointer.

    Accessors take a property; `close` reports the rest as constructs that a specification cannot express, each with
    its pointer. `name` is the path of property names for messages, such as `call http with`.
    """

    def __init__(self, value: JsonObject, where: str, findings: Findings, name: str = "") -> None:
        self.pointer = where
        self.findings = findings
        self.name = name
        self._values = value
        self._taken: set[str] = set()

    def at(self, *parts: str | int) -> str:
        """Return the JSON pointer of a part."""
        return pointer(self.pointer, *parts)

    def has(self, name: str) -> bool:
        """Tell whether the property is there."""
        return name in self._values

    def value(self, name: str) -> JsonValue:
        """Take a property, None when absent."""
        self._taken.add(name)
        return self._values.get(name)

    def text(self, name: str) -> str:
        """Take a property that is text; anything else is refused."""
        value = self.value(name)
        if value is not None and not isinstance(value, str):
            self.refuse(name, "anything but text")
            return ""
        return value or ""

    def child(self, name: str) -> "Construct | None":
        """Take a property that is an object; None, with a problem, when it is something else."""
        value = self.value(name)
        if not isinstance(value, dict):
            self.refuse(name, "anything but an object" if value is not None else f"a task without `{name}`")
            return None
        return Construct(value, self.at(name), self.findings, f"{self.name}.{name}" if self.name else name)

    def entries(self) -> list[tuple[str, JsonValue]]:
        """Take all properties at once."""
        self._taken |= set(self._values)
        return list(self._values.items())

    def expect(self, name: str, default: JsonValue) -> None:
        """Take a property that may only have its default value."""
        value = self.value(name)
        if value is not None and value != default:
            self.refuse(name, f"another value than {default!r}")

    def refuse(self, name: str, what: str, hint: str = "") -> None:
        """Report that a specification cannot express something about a property."""
        construct = f"{self.name}.{name}" if self.name else name
        self.findings.error(
            "not-expressible", self.at(name), f"`{construct}`: a specification cannot express {what}", hint
        )

    def refuse_task(self, what: str) -> None:
        """Report that no task kind of a specification can express this task, such as `emit` or `call openapi`."""
        self.findings.error(
            "not-expressible", self.pointer, f"a specification has no task kind for `{what}`",
            "Keep the document as YAML, or use a kind that a specification has.",
        )  # fmt: skip

    def close(self) -> None:
        """Report every property that was not taken."""
        for name in self._values:
            if name not in self._taken:
                self.refuse(name, "this property", "Remove it, or keep the document as YAML.")
