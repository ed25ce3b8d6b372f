"""What must hold for any bytes as a document: refused with known problems, or loaded, and then run to a known end."""

import asyncio
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import TracebackType
from typing import Final, Self

from stigmer_dsl import InvalidDocument, LoadedDocument, dump, load
from stigmer_dsl.graph import mermaid
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.validation.codes import CODES
from stigmer_engine import Engine, EngineConfig
from stigmer_engine.calls.config import CallsConfig, HttpConfig
from stigmer_engine.expressions import Evaluator, EvaluatorConfig, LibjqChecker
from stigmer_engine.interpreter.run import Limits
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.runtimes.asyncio import Execution
from stigmer_engine.testing import run_virtual, virtual_clock

from .finding import LawBroken
from .values import random_value
from .world import World

EVALUATION: Final = EvaluatorConfig(
    budget_seconds=0.2, memory_bytes=256 * 1024 * 1024, processes=1, patience_seconds=None
)
_LIMITS: Final = Limits(max_steps=60, max_inbox=50, max_consumed=20)
_LONGEST: Final = 40 * 86_400.0
_CHILD_DEPTH: Final = 1
_STARTS: Final = 5
_PLACE: Final = re.compile(r"/\S*/|:\d+|, line \d+|0x[0-9a-f]+|execution \S+ ")


class DocumentCheck:
    """Checks documents one after the other. Use it as a context manager: it keeps child processes for expressions."""

    def __init__(self) -> None:
        self._evaluator = Evaluator(EVALUATION)
        self._checker = LibjqChecker(EVALUATION)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._checker.close()
        self._evaluator.close()

    def check(self, data: bytes, chance: int) -> str:
        """How far the document came, in a word. Raises whatever is wrong with us.

        Args:
            chance: decides the input, the answers of calls, and everything else that is not in the document.
        """
        random = Random(chance)  # noqa: S311 - to be repeated, not to be secret
        with _unnoticed():
            try:
                loaded = load(data, checker=self._checker)
            except InvalidDocument as invalid:
                _check_problems(invalid)
                return "refused"
            _check_writing(loaded)
            return run_virtual(self._run(data.decode().removeprefix("\ufeff"), random))

    async def _run(self, text: str, random: Random) -> str:
        world = World(random)
        drained = random.random() < 0.3
        config = EngineConfig(
            evaluator=EVALUATION,
            http=HttpConfig(transport=world),
            calls=CallsConfig(resolver=world.resolve),
            limits=_LIMITS,
            clock=virtual_clock,
            interceptor=world.intercept,
            # None of them is started here: the interceptor answers.
            processes=ProcessConfig(allow_shell=True, allow_script=True, node="node"),
            max_child_depth=_CHILD_DEPTH,
            on_start=_drain_always if drained else lambda _execution: None,
        )
        async with Engine(config, evaluator=self._evaluator, checker=self._checker) as engine:
            try:
                prepared = engine.load(text)
            except InvalidDocument as invalid:
                _check_problems(invalid)
                return "unsupported"
            engine.documents.register(prepared)
            if prepared.workflow.schedule is not None:
                await _schedule(engine, text, random)
            secrets = dict.fromkeys((prepared.workflow.use and prepared.workflow.use.secrets) or (), "s3cret")
            value = random_value(random)
            execution = engine.start(prepared, input=value, secrets=secrets if random.random() < 0.8 else {})
            _send_events(engine, prepared.raw, random)
            try:
                async with asyncio.timeout(_LONGEST):
                    return str((await execution.wait()).status)
            except TimeoutError:
                return "waiting"


def _check_problems(invalid: InvalidDocument) -> None:
    if not invalid.problems:
        raise LawBroken("refused without a problem", "")
    for problem in invalid.problems:
        if problem.code not in CODES:
            raise LawBroken("unknown problem code", problem.code)
        if not problem.message or problem.line is None or problem.column is None:
            raise LawBroken("problem without a place", f"{problem}")
        str(problem).encode()


def _check_writing(loaded: LoadedDocument) -> None:
    """A document that is written and read again is the same; and it has a picture."""
    again = load(dump(loaded))
    if again.raw != loaded.raw:
        raise LawBroken("written and read again it differs", "")
    mermaid(loaded.workflow).encode()


async def _schedule(engine: Engine, text: str, random: Random) -> None:
    """Let the schedule start some executions, in the time that it gets."""
    enough = asyncio.Event()
    started: list[Execution] = []

    def count(execution: Execution) -> None:
        started.append(execution)
        if len(started) >= _STARTS:
            enough.set()

    prepared = engine.load(text)
    schedule = engine.schedule(prepared, on_start=count)
    _send_events(engine, prepared.raw, random)
    try:
        async with asyncio.timeout(_LONGEST):
            await enough.wait()
    except TimeoutError:
        pass
    finally:
        schedule.stop()
    for execution in started:
        await execution.close()


def _send_events(engine: Engine, raw: JsonValue, random: Random) -> None:
    """Some events of the types that the document names."""
    types = sorted(set(_event_types(raw))) or ["a"]
    loop = asyncio.get_running_loop()
    for number in range(random.randrange(5)):
        event: JsonObject = {
            "specversion": "1.0",
            "id": str(number),
            "source": "https://events.example/",
            "type": random.choice(types),
            "data": random_value(random),
        }
        loop.call_later(random.choice((0, 0.001, 1, 90, 4000)), engine.bus.receive, event)


def _event_types(value: JsonValue) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _event_types(item)
    elif isinstance(value, dict):
        kind = value.get("type")
        if isinstance(kind, str):
            yield kind
        for item in value.values():
            yield from _event_types(item)


def _drain_always(execution: Execution) -> None:
    execution.log.listen(lambda _event: execution.reenter())


class _Listening(logging.Handler):
    """Keeps what is logged as an error: a defect that somebody caught is a defect all the same."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            said += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        self.said.append(said)


@contextmanager
def _unnoticed() -> Iterator[None]:
    """Raise LawBroken for errors that are only logged: calls that failed unexpectedly, exceptions nobody awaited."""
    listening = _Listening()
    unraisable: list[str] = []
    previous = sys.unraisablehook
    sys.unraisablehook = lambda hidden: unraisable.append(f"{hidden.err_msg}: {hidden.exc_value!r}")
    root = logging.getLogger()
    root.addHandler(listening)
    try:
        yield
    finally:
        root.removeHandler(listening)
        sys.unraisablehook = previous
    for said in listening.said:
        raise LawBroken(f"logged: {_PLACE.sub('', said)[:80]}", said)
    for said in unraisable:
        raise LawBroken("unraisable exception", said)
