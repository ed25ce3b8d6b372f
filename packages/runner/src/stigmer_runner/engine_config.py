"""Settings to an engine: the one place where variables become bounds, policies and sinks."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import SecretStr
from stigmer_engine import (
    AddressPolicy,
    CallsConfig,
    Engine,
    EngineConfig,
    EvaluatorConfig,
    Execution,
    GrpcConfig,
    HttpConfig,
    Limits,
    ResourceConfig,
)
from stigmer_engine.bus import EventBus, EventPublisher, HttpBus, HttpSink, HttpSinkConfig, RetryLimit
from stigmer_engine.calls.caller import Caller
from stigmer_engine.expressions import Evaluator, LibjqChecker
from stigmer_engine.lifecycle_events import LifecycleConfig
from stigmer_engine.on_demand import load_all_parts
from stigmer_engine.processes import ProcessConfig, ProcessLimits
from stigmer_engine.schedule import ScheduleConfig

from stigmer_runner.config import EngineSettings

_WARM_UP: Final = """\
document: {dsl: 1.0.0, namespace: stigmer, name: warm-up, version: 1.0.0}
do:
  - check: {set: {ready: "${ .ready }"}}
"""

OnStart = Callable[[Execution], object]
BusOf = Callable[[EventPublisher | None], EventBus | None]
"""The bus of an engine, given where emitted events go out, if anywhere; None for one of its own."""


def _nothing(_execution: Execution) -> None:
    pass


def _http_bus(outside: EventPublisher | None) -> EventBus | None:
    return HttpBus(outside) if outside is not None else None


class StartHook:
    """Passes on every execution that starts, to whoever comes to listen: the listener itself needs the engine."""

    def __init__(self) -> None:
        self.listener: OnStart = _nothing

    def __call__(self, execution: Execution) -> None:
        """Tell the listener, if there is one."""
        self.listener(execution)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSinks:
    """Where events go out: what workflows emit, and the lifecycle events; each may go nowhere."""

    emitted: EventPublisher | None = None
    lifecycle: EventPublisher | None = None


@asynccontextmanager
async def open_engine(
    settings: EngineSettings,
    *,
    executions_url: str = "",
    on_start: OnStart = _nothing,
    warm: bool = False,
    activities: bool = False,
    agents: Caller | None = None,
    bus_of: BusOf = _http_bus,
) -> AsyncIterator[Engine]:
    """An engine as the settings want it, for as long as it is needed.

    Args:
        executions_url: the address of an execution without its id, for the `outputUri` of lifecycle events.
        on_start: called with every execution, sub-workflows included.
        warm: whether to spend a moment now, so that the first execution is as fast as the others.
        activities: whether documents may call activities, as they may on Temporal.
        agents: who performs `call: agent`, where there is a Stigmer service.
        bus_of: makes the bus, where the executions are not all in this process.
    """
    async with AsyncExitStack() as stack:
        sinks = EventSinks(
            emitted=await _open_sink(emitted_sink(settings), stack),
            lifecycle=await _open_sink(lifecycle_sink(settings), stack),
        )
        config = engine_config(
            settings,
            sinks,
            executions_url=executions_url,
            on_start=on_start,
            activities=activities,
            agents=agents,
            bus_of=bus_of,
        )
        evaluator = await stack.enter_async_context(Evaluator(config.evaluator))
        checker = LibjqChecker(config.evaluator)
        stack.callback(checker.close)
        if warm:
            await _warm_up(evaluator, checker)
        yield await stack.enter_async_context(Engine(config, evaluator=evaluator, checker=checker))


async def _warm_up(evaluator: Evaluator, checker: LibjqChecker) -> None:
    """Import what calls need, and run a workflow once, so that the first client waits for neither.

    On an engine without sinks: nobody is to hear of it.
    """
    load_all_parts()
    async with Engine(evaluator=evaluator, checker=checker) as engine:
        document = await engine.load_async(_WARM_UP, source="warm-up")
        await engine.start(document, input={"ready": True}).wait()


async def _open_sink(config: HttpSinkConfig | None, stack: AsyncExitStack) -> HttpSink | None:
    return await stack.enter_async_context(HttpSink(config)) if config is not None else None


def engine_config(
    settings: EngineSettings,
    sinks: EventSinks,
    *,
    executions_url: str = "",
    on_start: OnStart = _nothing,
    activities: bool = False,
    agents: Caller | None = None,
    bus_of: BusOf = _http_bus,
) -> EngineConfig:
    """What the settings say about the engine; arguments as for `open_engine`."""
    return EngineConfig(
        evaluator=EvaluatorConfig(
            budget_seconds=settings.expression_seconds, memory_bytes=settings.expression_memory_bytes
        ),
        http=HttpConfig(
            connect_seconds=settings.call_connect_seconds,
            idle_seconds=settings.call_idle_seconds,
            max_response_bytes=settings.call_max_response_bytes,
            max_request_bytes=settings.call_max_request_bytes,
            ca_file=settings.call_ca_file,
        ),
        calls=CallsConfig(
            addresses=AddressPolicy(
                allow=settings.call_allow,
                deny=settings.call_deny,
                loopback=settings.call_loopback,
                private=settings.call_private,
                default=settings.call_default,
            ),
            resources=ResourceConfig(
                folders=settings.resource_dirs,
                default_catalog=settings.default_catalog,
                max_bytes=settings.resource_max_bytes,
            ),
            grpc=GrpcConfig(
                max_message_bytes=settings.call_max_response_bytes,
                max_stream_bytes=settings.call_max_response_bytes,
                ca_file=settings.call_ca_file,
            ),
        ),
        limits=Limits(max_steps=settings.max_steps, max_inbox=settings.max_waiting_events),
        bus=bus_of(sinks.emitted),
        lifecycle=_lifecycle(settings, sinks.lifecycle, executions_url),
        schedule=ScheduleConfig(time_zone=settings.schedule_time_zone),
        processes=process_config(settings),
        activities=activities,
        agents=agents,
        max_child_depth=settings.max_workflow_depth,
        on_start=on_start,
    )


def process_config(settings: EngineSettings) -> ProcessConfig:
    """What workflows may start on this machine."""
    return ProcessConfig(
        allow_shell=settings.allow_shell,
        allow_script=settings.allow_script,
        limits=ProcessLimits(
            wall_seconds=settings.process_seconds,
            cpu_seconds=settings.process_cpu_seconds,
            memory_bytes=settings.process_memory_bytes,
            output_bytes=settings.process_output_bytes,
            tasks=settings.process_tasks,
        ),
        concurrent=settings.process_concurrency,
        namespaces=settings.process_namespaces,
    )


def emitted_sink(settings: EngineSettings) -> HttpSinkConfig | None:
    """Where and how emitted events are sent, or None when they stay here."""
    return _sink(settings, settings.event_sink_url, settings.event_sink_token, settings.event_sink_mode)


def lifecycle_sink(settings: EngineSettings) -> HttpSinkConfig | None:
    """Where and how lifecycle events are sent, or None when nobody wants them."""
    # The specification recommends the structured mode for lifecycle events.
    return _sink(settings, settings.lifecycle_sink_url, settings.lifecycle_sink_token, "structured")


def _sink(
    settings: EngineSettings, url: str | None, token: SecretStr | None, mode: Literal["structured", "binary"]
) -> HttpSinkConfig | None:
    if url is None:
        return None
    return HttpSinkConfig(
        url=url,
        mode=mode,
        headers={"authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {},
        retry=RetryLimit(retries=settings.event_sink_retries),
        timeout_seconds=settings.event_sink_timeout_seconds,
    )


def _lifecycle(
    settings: EngineSettings, publisher: EventPublisher | None, executions_url: str
) -> LifecycleConfig | None:
    if publisher is None:
        return None
    return LifecycleConfig(
        publisher=publisher, status_changes=settings.lifecycle_status_changes, output_base=executions_url
    )
