"""Starts the parts, keeps them running, and ends them in order."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stigmer_runner.credentials import Credentials
from stigmer_runner.dev.data_folder import DataFolder, open_data_folder
from stigmer_runner.dev.one_log import OneLog
from stigmer_runner.dev.parts import runner_part, server_part, temporal_part
from stigmer_runner.dev.ports import HOST, Ports, WantedPorts, choose_ports
from stigmer_runner.dev.problems import DevProblem
from stigmer_runner.dev.supervision import Supervised


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the parts can be reached. `first_key` is the key of a folder that is new, to be shown once."""

    page: str
    grpc: str
    temporal: str
    temporal_ui: str | None
    runner_grpc: str
    credentials: Path
    first_key: str | None


@dataclass(slots=True)
class _Ending:
    """Set by the first, and by the second signal."""

    asked: asyncio.Event
    hurried: asyncio.Event


async def run_platform(
    path: Path, wanted: WantedPorts, log: OneLog, announce: Callable[[Addresses], None], *, ui: bool = True
) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP; a second one kills what has not ended yet.

    Args:
        path: the data folder.
        announce: called once, when everything works.

    Raises:
        DevProblem: a part cannot start, or ends again and again; the others have been ended.
    """
    with _signals() as ending:
        async with open_data_folder(path, log.tell) as folder:
            ports = choose_ports(wanted, log.tell, ui=ui)
            parts = [temporal_part(folder, ports), server_part(folder, ports), runner_part(folder, ports)]
            tree = [Supervised(part, log, lock_descriptor=folder.lock_descriptor) for part in parts]
            try:
                await _run(tree, ending, lambda: announce(_addresses(folder, ports)), log)
            finally:
                await _end(tree, ending, log)


async def _run(tree: list[Supervised], ending: _Ending, ready: Callable[[], None], log: OneLog) -> None:
    temporal, *others = tree
    asked = asyncio.create_task(_set(ending.asked))
    keeping: list[asyncio.Task[None]] = []
    try:
        log.tell("starting Temporal, the service and a runner")
        for group in ([temporal], others):
            if not await _unless(asked, asyncio.gather(*(one.start() for one in group))):
                return
            keeping += [asyncio.create_task(one.keep()) for one in group]
        ready()
        done, _ = await asyncio.wait({asked, *keeping}, return_when=asyncio.FIRST_COMPLETED)
        for one in done - {asked}:
            one.result()
    finally:
        for one in (asked, *keeping):
            one.cancel()
        await asyncio.gather(asked, *keeping, return_exceptions=True)


async def _set(event: asyncio.Event) -> None:
    await event.wait()


async def _unless(asked: "asyncio.Task[None]", work: "asyncio.Future[list[None]]") -> bool:
    """Wait for the work, but no longer than until we are asked to end; False then. Raises what the work raises."""
    both: set[asyncio.Future[None] | asyncio.Future[list[None]]] = {asked, work}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        await work
        return True
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    return False


async def _end(tree: list[Supervised], ending: _Ending, log: OneLog) -> None:
    """The runner hands its calls over while the others are there, the service says its last to Temporal."""
    log.tell("ending all parts")
    hurried = asyncio.ensure_future(ending.hurried.wait())

    async def in_order() -> None:
        for one in reversed(tree):
            await one.stop()

    stopping = asyncio.ensure_future(in_order())
    await asyncio.wait({stopping, hurried}, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    if not stopping.done():
        log.tell("killing what has not ended", level="warning")
        for one in tree:
            one.kill()
    await stopping
    log.tell("all parts have ended")


def _addresses(folder: DataFolder, ports: Ports) -> Addresses:
    """Where everything is; written for clients of this machine, too. Raises DevProblem."""
    key = folder.key("admin")
    is_new = not folder.credentials.exists()
    page, grpc = f"http://{HOST}:{ports.page}", f"grpc://{HOST}:{ports.grpc}"
    try:
        Credentials(endpoint=grpc, url=page, api_key=key).write(folder.credentials)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DevProblem(f"The credentials {folder.credentials} cannot be written: {reason}.") from None
    return Addresses(
        page=page,
        grpc=f"{HOST}:{ports.grpc}",
        temporal=f"{HOST}:{ports.temporal}",
        temporal_ui=f"http://{HOST}:{ports.temporal_ui}" if ports.temporal_ui else None,
        runner_grpc=f"{HOST}:{ports.runner_grpc}",
        credentials=folder.credentials,
        first_key=key if is_new else None,
    )


@contextmanager
def _signals() -> Iterator[_Ending]:
    loop = asyncio.get_running_loop()
    ending = _Ending(asyncio.Event(), asyncio.Event())

    def on_signal() -> None:
        (ending.hurried if ending.asked.is_set() else ending.asked).set()

    watched = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    for number in watched:
        loop.add_signal_handler(number, on_signal)
    try:
        yield ending
    finally:
        for number in watched:
            loop.remove_signal_handler(number)
