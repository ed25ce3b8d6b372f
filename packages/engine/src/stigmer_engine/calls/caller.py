"""What a runtime asks of whoever performs a kind of call."""

import logging
from typing import Final, Protocol

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.faults import Fault, fault
from stigmer_engine.secrets import SecretVault

_log: Final = logging.getLogger(__name__)


class Caller(Protocol):
    """One kind of call."""

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Perform the call. Raises Fault; stops when cancelled."""
        ...


class GuardedCaller:
    """A caller whose defects, and those of the libraries below it, end one call and not the execution."""

    def __init__(self, kind: str, caller: Caller) -> None:
        self._kind = kind
        self._caller = caller

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Perform the call. Raises Fault and nothing else."""
        try:
            return await self._caller.call(arguments, vault)
        except Fault:
            raise
        except Exception as error:
            # Its text may hold secrets; its kind and place do not.
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
            _log.error("a %s call ended in %s at %s", self._kind, type(error).__name__, place)
            title = f"The {self._kind} call failed in an unexpected way"
            raise fault("runtime", title, type(error).__name__) from None
