"""What must be true when the demo is over."""

from collections import Counter

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_proto_json import json_from_struct

from examples.order.shop import TOKEN

OUTPUT = {
    "order": "4711",
    "total": 61,
    "reservation": "R-3",
    "payment": {"method": "invoice", "because": "The card was declined (402)"},
}
ASKED = ("/orders/4711", "/prices/tea", "/prices/cup", "/prices/pot", "/stock", "/fraud/ada", "/payments")


def differences(
    streamed: list[WorkflowProgressEvent], called_back: tuple[WorkflowProgressEvent, ...], asked: Counter[str]
) -> list[str]:
    """What is not as it should be; empty when all is well."""
    wrong = []
    last = streamed[-1]
    output = json_from_struct(last.payload).get("output")
    if last.event_type != "workflow_completed":
        wrong.append(f"the run ended with {last.event_type}: {last.message}")
    elif output != OUTPUT:
        wrong.append(f"the output is {output!r}, not {OUTPUT!r}")
    if [event.sequence_number for event in streamed] != list(range(1, len(streamed) + 1)):
        wrong.append("the sequence numbers have gaps")
    if list(called_back) != streamed:
        wrong.append(f"{len(called_back)} events were called back, {len(streamed)} streamed, and they differ")
    if TOKEN in repr(streamed):
        wrong.append("the secret stands in an event")
    if asked != Counter(ASKED):
        wrong.append(f"the shop was asked {dict(asked)}, but each call should be made once: {', '.join(ASKED)}")
    return wrong
