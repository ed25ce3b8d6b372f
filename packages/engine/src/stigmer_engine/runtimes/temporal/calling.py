"""Calls of tasks as activities."""

from dataclasses import dataclass
from datetime import timedelta

from stigmer_dsl.json_types import JsonObject, JsonValue
from temporalio import workflow
from temporalio.exceptions import ActivityError

from stigmer_engine.interpreter.port import CallRequest
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.runtimes.temporal.activity_names import refuse_unusable_name, refuse_unusable_queue
from stigmer_engine.runtimes.temporal.cancellations import raise_if_cancelled
from stigmer_engine.runtimes.temporal.faults import fault_of
from stigmer_engine.runtimes.temporal.names import AGENT, call_activity
from stigmer_engine.runtimes.temporal.options import FOREIGN, activity_options
from stigmer_engine.runtimes.temporal.start import Start
from stigmer_engine.runtimes.temporal.summaries import call_summary


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInput:
    """What the activity of a call gets: no more than the call itself takes.

    Attributes:
        arguments: with placeholders of secrets.
        nonce: of the placeholders; empty when there can be none.
        secrets_of: the execution whose secrets they stand for.
    """

    arguments: JsonObject
    nonce: str = ""
    secrets_of: str = ""

    def to_json(self) -> JsonObject:
        """Every field that says something."""
        shown: JsonObject = {"arguments": self.arguments}
        if self.nonce:
            shown |= {"nonce": self.nonce, "secrets_of": self.secrets_of}
        return shown

    @classmethod
    def from_json(cls, shown: JsonObject) -> "CallInput":
        """The inverse of `to_json`."""
        arguments = shown["arguments"]
        assert isinstance(arguments, dict)
        return cls(arguments=arguments, nonce=str(shown.get("nonce", "")), secrets_of=str(shown.get("secrets_of", "")))


class Calls:
    """Performs the calls of one execution."""

    def __init__(self, prepared: PreparedDocument, start: Start) -> None:
        self._prepared = prepared
        self._start = start
        self._resources = 0
        metadata = prepared.raw.get("document")
        self._document_metadata = metadata.get("metadata") if isinstance(metadata, dict) else None

    async def call(self, request: CallRequest) -> JsonValue:
        """The value of a call. Raises Fault."""
        if request.kind == FOREIGN:
            refuse_unusable_name(request.arguments["name"])
            refuse_unusable_queue(request.arguments.get("taskQueue"))
        task = task_at(self._prepared.raw, request.reference)
        options = activity_options(
            _object(task.get("metadata")),
            _object(self._document_metadata),
            kind=request.kind,
            arguments=request.arguments,
            heartbeat=timedelta(seconds=self._start.rules.heartbeat_seconds),
        )
        refuse_unusable_queue(options.task_queue)
        what = f"The {request.kind} call"
        result: JsonValue
        keywords = options.keywords()
        keywords.setdefault("summary", call_summary(request, self._start.nonce))
        keywords["activity_id"] = self._activity_id(request)
        try:
            if request.kind == FOREIGN:
                arguments = request.arguments["arguments"]
                assert isinstance(arguments, list)
                what = f"The activity {request.arguments['name']}"
                result = await workflow.execute_activity(str(request.arguments["name"]), args=arguments, **keywords)
                if self._start.rules.keeps_cancellations:
                    raise_if_cancelled()
                return result
            if request.kind == AGENT:
                # Else an execution that ends with this call would be gone before the call learns of its cancellation,
                # and could not tell it from the loss of its worker: the agent would go on.
                keywords["cancellation_type"] = workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
            result = await workflow.execute_activity(
                call_activity(request.kind), self._input(request).to_json(), **keywords
            )
        except ActivityError as error:
            raise fault_of(error, what) from error
        if request.kind == AGENT or self._start.rules.keeps_cancellations:
            raise_if_cancelled()
        return result

    def _activity_id(self, request: CallRequest) -> str:
        """An id that no other activity under way has, lest Temporal refuse the whole workflow task."""
        if request.kind != "resource":
            return request.id.rpartition("/")[2]
        # Branches may ask for the same resource at the same time, by the same id.
        self._resources += 1
        return f"resource-{self._resources}"

    def _input(self, request: CallRequest) -> CallInput:
        # Tokens of a call's own have placeholders too, so a document without secrets may need the nonce.
        return CallInput(arguments=request.arguments, nonce=self._start.nonce, secrets_of=self._start.secrets_of)


def task_at(raw: JsonObject, reference: str) -> JsonObject:
    """The task at a JSON pointer of the document as written; empty when there is none."""
    found: JsonValue = raw
    for part in reference.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(key)
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return {}
    return _object(found)


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
