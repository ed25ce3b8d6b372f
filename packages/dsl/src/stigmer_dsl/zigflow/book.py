"""What a translation notes: findings at their places in the source, and where each translated part came from."""

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.tree import join_pointer, parse_pointer
from stigmer_dsl.validation.findings import Findings, did_you_mean, listing


class Book:
    """Grows while a document is translated.

    Attributes:
        functions: the `do` tasks that others call, translated, by their names.
        called: names of `do` tasks that a `switch` or `run` leads to.
    """

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.functions: dict[str, JsonObject] = {}
        self.callable: frozenset[str] = frozenset()
        self.called: set[str] = set()
        self.options: JsonObject = {}
        self._origins: dict[str, str] = {}

    def refuse(self, pointer: str, what: str, hint: str = "") -> None:
        """Note something that cannot run here as it does in Zigflow."""
        hint = hint or "See the table of the Zigflow profile in docs/zigflow.md."
        self.findings.add("unsupported-zigflow", pointer, f"{what} cannot run in the Zigflow profile", hint)

    def only(self, value: JsonValue, pointer: str, known: tuple[str, ...], what: str) -> JsonObject:
        """Return the value as an object, and refuse every property that is not known."""
        if not isinstance(value, dict):
            self.findings.add("wrong-type", pointer, f"{what} is an object", f"Known here: {listing(known)}.")
            return {}
        for name in value:
            if name not in known:
                hint = did_you_mean(name, known) or f"Known here: {listing(known)}."
                self.refuse(join_pointer(pointer, name), f"`{name}` of {what}", hint)
        return value

    def came(self, translated: str, source: str) -> None:
        """Note that what stands at a pointer of the translation came from one of the source."""
        self._origins[translated] = source

    def origin(self, pointer: str) -> str:
        """Return the pointer of the source for one of the translation; what was added belongs to the task around it."""
        tokens = parse_pointer(pointer)
        for length in range(len(tokens), -1, -1):
            prefix = join_pointer("", *tokens[:length])
            if prefix in self._origins:
                return self._origins[prefix] + join_pointer("", *tokens[length:])
        return pointer
