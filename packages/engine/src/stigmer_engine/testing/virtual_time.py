"""An event loop whose clock jumps to the next timer when nothing is ready: hours of waiting in milliseconds.

Evaluate expressions with `EvaluatorConfig(patience_seconds=None)` on it: then an evaluation blocks instead of
waiting on a pipe, takes no virtual time, and every run is the same.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

Value = TypeVar("Value")
Arguments = TypeVarTuple("Arguments")
Protocol = TypeVar("Protocol", bound=asyncio.BaseProtocol)

_TICK: Final = 2.0**-20

VIRTUAL_START: Final = 1_750_000_000.0
"""Unix time at which the virtual clock starts. Whole, so that sums with fractions of a power of two are exact."""


class NothingScheduled(RuntimeError):
    """Everything waits for something that nobody will bring: on a real clock the program would hang."""


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that never sleeps while only the loop's own wake-up pipe is registered; it moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0

    def select(self, timeout: float | None = None) -> "list[tuple[selectors.SelectorKey, int]]":
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.threads:
            # A thread works, and wakes the loop through its pipe: that takes no virtual time, however long it takes.
            return super().select(None)
        if len(self.get_map()) > 1:
            # Something real is awaited (a pipe, a socket): real time passes on both clocks.
            began = time.monotonic()
            ready = super().select(timeout)
            self.now += time.monotonic() - began
            return ready
        if timeout is None:
            raise NothingScheduled("nothing is ready and no timer is set: the coroutine would wait for ever")
        self.now += timeout
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """A selector event loop on virtual time; `time()` starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        # The loop runs what is due up to a clock tick from now. The tick of the real clock is lost when it is added
        # to a year, and then a timer at that very second would never be due.
        self._clock_resolution = _TICK

    def run_in_executor(
        self, executor: "Executor | None", func: "Callable[[Unpack[Arguments]], Value]", *args: "Unpack[Arguments]"
    ) -> "asyncio.Future[Value]":
        """As ever; while the thread works the clock stands still."""
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    async def subprocess_exec(
        self, protocol_factory: "Callable[[], Protocol]", program: Any, *args: Any, **kwargs: Any
    ) -> "tuple[asyncio.SubprocessTransport, Protocol]":
        """As ever; while the process runs the clock stands still: its end is told by a thread, not by a pipe."""
        jumping = self._jumping

        def made() -> "Protocol":
            protocol = protocol_factory()
            assert isinstance(protocol, asyncio.SubprocessProtocol)
            told = protocol.process_exited

            def exited() -> None:
                jumping.threads -= 1
                told()

            protocol.process_exited = exited  # type: ignore[method-assign]
            return protocol

        jumping.threads += 1
        try:
            return await super().subprocess_exec(made, program, *args, **kwargs)
        except BaseException:
            jumping.threads -= 1
            raise

    async def shutdown_default_executor(self, *timeout: "float | None") -> None:
        """As ever; the clock stands still meanwhile."""
        self._jumping.threads += 1
        try:
            await super().shutdown_default_executor(*timeout)
        finally:
            self._jumping.threads -= 1

    def _thread_ended(self, _future: "asyncio.Future[Value]") -> None:
        self._jumping.threads -= 1

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.now


def virtual_clock() -> float:
    """Unix time on the running `VirtualClockLoop`; give it to `EngineConfig(clock=...)`."""
    return VIRTUAL_START + asyncio.get_running_loop().time()


def run_virtual(coroutine: Coroutine[object, object, Value]) -> Value:
    """Run a coroutine on a fresh `VirtualClockLoop` to its end, as `asyncio.run` does on a real one.

    Raises:
        NothingScheduled: the coroutine waits for something that cannot come.
    """
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(coroutine)
