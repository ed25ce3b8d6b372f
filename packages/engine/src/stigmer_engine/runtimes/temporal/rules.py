"""What must not change while an execution lives, lest its history would not replay.

Every value that decides which commands an execution gives is in here and travels with its start. Each default is also
the value of executions that were started before there was such a field: so it stays as it is, and what shall be other
for new executions is said where they are started.
"""

from dataclasses import dataclass, field

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.interpreter.run import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What pure work counts for, in steps of about 10 us; the steps of tasks count as they are.

    Attributes:
        evaluation: of an expression, besides its data.
        evaluated_bytes: of data, in and out, that count for one step.
        message: a signal or an update that was taken in.
    """

    evaluation: int = 10
    evaluated_bytes: int = 400
    message: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRules:
    """How events go to receivers.

    Attributes:
        batch_events: that one local activity takes at most.
        soon_events: that wait until the execution has nothing more to do in a workflow task.
        first_rest_seconds, last_rest_seconds: for which a receiver that took nothing is left alone; each doubles the
            one before.
    """

    batch_events: int = 2_000
    soon_events: int = 500
    first_rest_seconds: float = 10.0
    last_rest_seconds: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what an execution goes from its start to its end.

    Attributes:
        limits: bounds of the run.
        history_events: events of one history, at about which the execution continues as new; 0 for Temporal's advice.
        turn_work: pure work, in steps of about 10 us, after which the workflow gives its thread back.
        turns_per_task: how many times it may do so before the workflow task ends too.
        weights: how that work is counted.
        plain: whether plain expressions, and not only lookups, are answered without jq, whose data counts as work.
        delivery: how events go to receivers.
        heartbeat_seconds: without a sign from a call, after which its worker counts as lost.
        cancel_grace_seconds: for calls under way to finish after a cancellation.
        keeps_cancellations: whether a task that waits for Temporal hears of a cancellation that the SDK swallows.
        hears_out: whether an execution that continues as new first hears all that its last workflow task has brought.
        searches_elsewhere: times that a sub-workflow's document, which the worker of a workflow task does not know, is
            looked for with any worker of the task queue.
        own_cancellation_seconds: for Temporal's own cancellation to come after a forced one; 0 to end without it.
    """

    limits: Limits = field(default_factory=Limits)
    history_events: int = 0
    turn_work: int = 20_000
    turns_per_task: int = 8
    weights: Weights = field(default_factory=Weights)
    plain: bool = False
    delivery: DeliveryRules = field(default_factory=DeliveryRules)
    heartbeat_seconds: float = 10.0
    cancel_grace_seconds: float = 30.0
    keeps_cancellations: bool = False
    hears_out: bool = False
    searches_elsewhere: int = 0
    own_cancellation_seconds: float = 0.0

    @classmethod
    def from_json(cls, shown: JsonObject) -> "Rules":
        """From every field under its name; fields that an older version did not know have their defaults."""
        given = dict(shown)
        return cls(
            limits=Limits(**_object(given.pop("limits", {}))),
            weights=Weights(**_object(given.pop("weights", {}))),
            delivery=DeliveryRules(**_object(given.pop("delivery", {}))),
            **given,
        )


def _object(value: object) -> JsonObject:
    assert isinstance(value, dict)
    return value
