"""What an execution is started with, and what it carries when it continues as new.

Both are JSON in Temporal's history, so every field has its reason to be there; values of secrets never are.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.search_attributes import SearchAttributeType

from stigmer_engine.events import ProgressEvent
from stigmer_engine.execution import Departure
from stigmer_engine.lifecycle_events import LifecycleConfig
from stigmer_engine.runtimes.temporal.distant_children import DistantChildren
from stigmer_engine.runtimes.temporal.lifecycle_moment import LifecycleMoment
from stigmer_engine.runtimes.temporal.rules import Rules
from stigmer_engine.snapshot import Snapshot
from stigmer_engine.snapshot_json import snapshot_from_json, snapshot_to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRules:
    """How its lifecycle events look; both as in `LifecycleConfig`."""

    status_changes: bool = False
    output_base: str = ""

    @classmethod
    def of(cls, config: LifecycleConfig | None) -> "LifecycleRules | None":
        """Those of an engine, or None when nobody wants its lifecycle events."""
        if config is None:
            return None
        return cls(status_changes=config.status_changes, output_base=config.output_base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What stays the same as long as the execution lives.

    Attributes:
        nonce: makes its placeholders of secrets unguessable.
        secrets: names of the secrets that `$secrets` has.
        secrets_of: the execution for which the values are kept: itself, or what it is a sub-workflow of.
        env: plain values, readable as `$runtime.metadata.env`.
        inherited: whether the input may hold placeholders.
        levels: of sub-workflows that may be below it.
        family: how many sub-workflows it may start itself.
        whole_family: how many there may be below the execution at the root, however deep. None for executions that were
            started before there was such a field: those share out `family`, so it holds for all that is below them.
        parent: whether another execution waits for it.
        reports: whether its events are delivered to the receiver of its worker.
        lifecycle: how its lifecycle events look, which are delivered too; None when nobody wants them.
        attributes: the search attributes that there are for it, and their types; None when nobody knows.
    """

    execution_id: str
    nonce: str
    secrets: tuple[str, ...] = ()
    secrets_of: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    inherited: bool = False
    levels: int = 16
    family: int = 10_000
    whole_family: int | None = None
    parent: bool = False
    reports: bool = False
    lifecycle: LifecycleRules | None = None
    attributes: Mapping[str, SearchAttributeType] | None = None
    rules: Rules = field(default_factory=Rules)

    def to_json(self) -> JsonObject:
        """Every field under its name."""
        shown: JsonObject = asdict(self)
        shown["secrets"] = list(self.secrets)
        return shown

    @classmethod
    def from_json(cls, shown: JsonObject) -> "Start":
        """The inverse of `to_json`; fields that an older version did not know have their defaults."""
        given = dict(shown)
        secrets, rules, lifecycle = given.pop("secrets", []), given.pop("rules", {}), given.pop("lifecycle", None)
        assert isinstance(secrets, list)
        assert isinstance(rules, dict)
        assert isinstance(lifecycle, dict | None)
        return cls(
            **given,
            lifecycle=None if lifecycle is None else LifecycleRules(**lifecycle),
            secrets=tuple(map(str, secrets)),
            rules=Rules.from_json(rules),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Where a new execution stands: its raw input, and how long it may take at most in seconds, 0 for ever."""

    input: JsonValue
    max_timeout_seconds: float = 0

    def to_json(self) -> JsonObject:
        """Every field under its name."""
        return {"input": self.input, "max_timeout_seconds": self.max_timeout_seconds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """What receivers have not acknowledged yet.

    `open_tasks` are those that have started and not ended, by reference: what lifecycle events still tell of.
    """

    events: tuple[ProgressEvent, ...] = ()
    lifecycle: tuple[LifecycleMoment, ...] = ()
    open_tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """Where an execution stands that continues as new.

    Attributes:
        departure: its frames, and whether it is held paused.
        snapshot: what the events so far add up to.
        undelivered: events that receivers have not acknowledged.
        children: sub-workflows that a task waits for; `family` how many more there may be.
        attending: task tokens of activities that wait for the end, in base64.
        asked: whether the parent wants to be told of the end.
    """

    departure: Departure
    snapshot: Snapshot
    undelivered: Undelivered = field(default_factory=Undelivered)
    children: DistantChildren = field(default_factory=DistantChildren)
    family: int = 0
    attending: tuple[str, ...] = ()
    asked: bool = False

    def to_json(self) -> JsonObject:
        """Every field under its name."""
        return {
            "tree": self.departure.tree,
            "pausing": self.departure.pausing,
            "reason": self.departure.reason,
            "snapshot": snapshot_to_json(self.snapshot),
            "undelivered": [event.to_json() for event in self.undelivered.events],
            "lifecycle": [moment.to_json() for moment in self.undelivered.lifecycle],
            "open_tasks": list(self.undelivered.open_tasks),
            "children": self.children.to_json(),
            "family": self.family,
            "attending": list(self.attending),
            "asked": self.asked,
        }

    @classmethod
    def from_json(cls, shown: JsonObject) -> "Continuation":
        """The inverse of `to_json`."""
        tree, snapshot, family = shown["tree"], shown["snapshot"], shown["family"]
        assert isinstance(tree, dict)
        assert isinstance(snapshot, dict)
        assert isinstance(family, int)
        return cls(
            departure=Departure(tree=tree, pausing=shown["pausing"] is True, reason=str(shown["reason"])),
            snapshot=snapshot_from_json(snapshot),
            undelivered=_undelivered(shown),
            children=DistantChildren.from_json(shown["children"]),
            family=family,
            attending=_texts(shown["attending"]),
            asked=shown["asked"] is True,
        )


def position_from_json(shown: JsonObject) -> Beginning | Continuation:
    """Where an execution stands, new or continued."""
    if "tree" in shown:
        return Continuation.from_json(shown)
    seconds = shown.get("max_timeout_seconds", 0)
    assert isinstance(seconds, int | float)
    return Beginning(input=shown.get("input"), max_timeout_seconds=seconds)


def _undelivered(shown: JsonObject) -> Undelivered:
    return Undelivered(
        events=tuple(ProgressEvent.from_json(event) for event in _objects(shown["undelivered"])),
        lifecycle=tuple(LifecycleMoment.from_json(moment) for moment in _objects(shown.get("lifecycle", []))),
        open_tasks=_texts(shown.get("open_tasks", [])),
    )


def _objects(value: JsonValue) -> list[JsonObject]:
    assert isinstance(value, list)
    return [item for item in value if isinstance(item, dict)]


def _texts(value: JsonValue) -> tuple[str, ...]:
    assert isinstance(value, list)
    return tuple(map(str, value))
