"""What the native part of Temporal's SDK logs, in the log of this process."""

import logging
from contextlib import suppress
from functools import cache
from typing import Final

from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

_LOGGER: Final = "temporalio.core"


@cache
def forward_native_logs() -> None:
    """Let its warnings and errors go where ours go; by itself it writes coloured text past our log to standard error.

    To be called before the first client is made; later, and again, it changes nothing.
    """
    forwarding = LogForwardingConfig(
        logger=logging.getLogger(_LOGGER), append_target_to_name=False, prepend_target_on_message=False
    )
    wanted = TelemetryFilter(core_level="WARN", other_level="ERROR")
    telemetry = TelemetryConfig(logging=LoggingConfig(filter=wanted, forwarding=forwarding))
    with suppress(RuntimeError):  # there is a client already
        Runtime.set_default(Runtime(telemetry=telemetry))
