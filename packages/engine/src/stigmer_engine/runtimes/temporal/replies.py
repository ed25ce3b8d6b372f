"""Answers to updates: what became of the event that each of them handed in."""

import asyncio
from dataclasses import replace

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.frames import UNSET
from stigmer_engine.interpreter.receipts import Receipt

_UNKNOWN = Receipt(settled=False)


class Replies:
    """Knows who waits for an answer.

    Nobody waits longer than the run of a workflow: an update cannot be answered by the next one, but the event that it
    handed in is in the inbox, which goes along.
    """

    def __init__(self) -> None:
        self._receipts: dict[int, Receipt] = {}
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._closed = False
        self._kept = False

    def on_receipt(self, number: int, receipt: Receipt) -> None:
        """Note what became of an event. The listener that was first to consume it is the one that answers."""
        known = self._receipts.get(number)
        if known is None or (known.task and known.task != receipt.task):
            return
        self._receipts[number] = receipt if receipt.task else replace(receipt, task=known.task)
        waiter = self._waiting.get(number)
        if receipt.settled and waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def answer(self, number: int | None) -> JsonObject:
        """The answer, when there is one.

        Args:
            number: of the event; None when the execution had ended.

        Returns:
            `consumed`; if so, `task` (a JSON pointer) and, when it came so far, `output`: what `foreach` made of the
            event, or what was read of it. If not, `kept`: whether a listener may still consume it.
        """
        if number is None:
            return {"consumed": False, "kept": False}
        self._receipts[number] = _UNKNOWN
        if not self._closed:
            waiter = self._waiting[number] = asyncio.get_running_loop().create_future()
            await waiter
            del self._waiting[number]
        receipt = self._receipts.pop(number)
        if not receipt.task:
            return {"consumed": False, "kept": self._kept and not receipt.settled}
        shown: JsonObject = {"consumed": True, "task": receipt.task}
        return shown if receipt.output is UNSET else {**shown, "output": receipt.output}

    def close(self, *, kept: bool) -> None:
        """Answer everybody now; `kept` says whether the events go along to another run."""
        self._closed, self._kept = True, kept
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_result(None)
