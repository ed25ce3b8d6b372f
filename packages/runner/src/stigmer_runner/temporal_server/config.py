"""How a dev server is started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DevServerConfig:
    """What the server is told. It listens on 127.0.0.1 only.

    Attributes:
        port: of its gRPC front end; 0 takes a free one.
        ui_port: of its web page; 0 takes a free one, None starts none.
        database: file in which executions survive the end of the server; without one they are lost with it.
        log_file: gets what the server prints; without one, the debug log does.
        search_attributes: name to type, such as {"Customer": "Keyword"}.
        dynamic_config: key to JSON text, such as {"limit.historyCount.suggestContinueAsNew": "100"}.
    """

    port: int = 0
    ui_port: int | None = None
    database: Path | None = None
    log_file: Path | None = None
    search_attributes: Mapping[str, str] = field(default_factory=dict)
    dynamic_config: Mapping[str, str] = field(default_factory=dict)
