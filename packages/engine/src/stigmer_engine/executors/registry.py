"""Which executor runs which task kind."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from stigmer_dsl.models import (
    CallTask,
    DoTask,
    EmitTask,
    ForkTask,
    ForTask,
    ListenTask,
    RaiseTask,
    RunTask,
    SetTask,
    SwitchTask,
    TaskBase,
    TryTask,
    WaitTask,
)

from stigmer_engine.executors.call import run_call
from stigmer_engine.executors.do import run_do
from stigmer_engine.executors.emit import run_emit
from stigmer_engine.executors.for_each import run_for
from stigmer_engine.executors.fork import run_fork
from stigmer_engine.executors.listen import run_listen
from stigmer_engine.executors.raise_error import run_raise
from stigmer_engine.executors.run_process import run_process
from stigmer_engine.executors.set import run_set
from stigmer_engine.executors.switch import run_switch
from stigmer_engine.executors.try_catch import run_try
from stigmer_engine.executors.wait import run_wait
from stigmer_engine.interpreter.run import Executor

EXECUTORS: Final[Mapping[type[TaskBase], Executor]] = MappingProxyType(
    {
        CallTask: run_call,
        DoTask: run_do,
        EmitTask: run_emit,
        ForTask: run_for,
        ForkTask: run_fork,
        ListenTask: run_listen,
        RaiseTask: run_raise,
        RunTask: run_process,
        SetTask: run_set,
        SwitchTask: run_switch,
        TryTask: run_try,
        WaitTask: run_wait,
    }
)
