"""How a sub-workflow ended, as it tells its parent."""

from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.faults import WorkflowError


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEnd:
    """Its output, or its error, or that it was cancelled. Secrets stand in it as placeholders."""

    output: JsonValue = None
    error: WorkflowError | None = None
    cancelled: bool = False

    def to_json(self) -> JsonObject:
        """One field that says which of the three it was."""
        if self.cancelled:
            return {"cancelled": True}
        if self.error is not None:
            return {"error": self.error.to_json()}
        return {"output": self.output}

    @classmethod
    def from_json(cls, shown: JsonObject) -> "ChildEnd":
        """The inverse of `to_json`."""
        error = shown.get("error")
        return cls(
            output=shown.get("output"),
            error=WorkflowError.from_json(error) if isinstance(error, dict) else None,
            cancelled=shown.get("cancelled") is True,
        )
