"""Who hands an event in can learn what became of it."""

from stigmer_dsl.json_types import JsonObject
from stigmer_engine import Engine, EngineConfig
from stigmer_engine.events import EventType
from stigmer_engine.execution import Execution
from stigmer_engine.frames import UNSET
from stigmer_engine.interpreter.receipts import Receipt
from stigmer_engine.interpreter.run import Limits

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: receipts, version: '1.0.0'}\n"
HEAR = "do:\n- hear: {listen: {to: {any: [{with: {type: go}}], until: {one: {with: {type: stop}}}}}}\n"


def event(kind: str, data: int = 0) -> JsonObject:
    return {"specversion": "1.0", "id": "1", "source": "/tests", "type": kind, "data": data}


async def listening(execution: Execution) -> dict[int, list[Receipt]]:
    """Wait until it listens; gives the receipts by number, as they come."""
    async for told in execution.log.follow():
        if told.event_type is EventType.TASK_STARTED:
            break
    receipts: dict[int, list[Receipt]] = {}
    execution._interpreter.run_state.on_receipt = lambda number, receipt: receipts.setdefault(number, []).append(
        receipt
    )
    return receipts


async def test_a_consumed_event_has_a_receipt_with_what_was_read() -> None:
    async with Engine() as engine:
        execution = engine.start(engine.load(HEAD + HEAR))
        receipts = await listening(execution)
        assert [execution.deliver(event(kind, 7)) for kind in ("go", "other", "stop")] == [1, 2, 3]
        await execution.wait()
        assert receipts[1] == [
            Receipt(task="/do/0/hear", settled=False),
            Receipt(task="/do/0/hear", settled=True, output=7),
        ]
        assert 2 not in receipts
        assert receipts[3][-1] == Receipt(task="/do/0/hear", settled=True, output=UNSET)
        assert execution.deliver(event("go")) is None


async def test_an_event_that_is_dropped_for_newer_ones_has_a_receipt_too() -> None:
    async with Engine(EngineConfig(limits=Limits(max_inbox=64))) as engine:
        execution = engine.start(engine.load(HEAD + HEAR))
        receipts = await listening(execution)
        numbers = [execution.deliver(event("other")) for _ in range(100)]
        assert numbers == list(range(1, 101))
        execution.deliver(event("stop"))
        await execution.wait()
        dropped = [number for number, told in receipts.items() if told[-1] == Receipt(settled=True)]
        assert dropped
        assert dropped == list(range(1, len(dropped) + 1))
