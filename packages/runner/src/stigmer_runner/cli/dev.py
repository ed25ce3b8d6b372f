"""`stigmer dev`: a whole platform on this machine."""

import asyncio
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stigmer_runner.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from stigmer_runner.dev.platform import Addresses

_PORT = click.IntRange(1, 65535)


@click.command("dev")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".stigmer"),
    show_default=True,
    help="Folder of everything that is kept.",
)
@click.option("--port", type=_PORT, help="gRPC port of the service; usually 7234.")
@click.option("--page-port", type=_PORT, help="Port of the page and the HTTP API; usually 7235.")
@click.option("--temporal-port", type=_PORT, help="gRPC port of Temporal; usually 7233.")
@click.option("--ui-port", type=_PORT, help="Port of the Temporal UI; usually 8233.")
@click.option("--no-ui", is_flag=True, help="Without the Temporal UI.")
@click.option("--json-logs", is_flag=True, help="One JSON object a line, with its component.")
def command(
    data_dir: Path,
    port: int | None,
    page_port: int | None,
    temporal_port: int | None,
    ui_port: int | None,
    *,
    no_ui: bool,
    json_logs: bool,
) -> int:
    """Run Temporal, the service with its page, and a runner, until Ctrl-C. The data stays in a folder.

    `stigmer apply`, `start` and the others find this service by themselves when they are run in the same place. A part
    that ends by itself is started again. A second Ctrl-C kills what has not ended.

    Variables such as LOG_LEVEL, ALLOW_SHELL and CALL_DENY count for the parts, too.

    Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 a part ended again and again, 2 it cannot start.
    """
    # Temporal's client takes a while to import.
    dev = importlib.import_module("stigmer_runner.dev")
    one_log = importlib.import_module("stigmer_runner.dev.one_log")
    log = one_log.JsonLog() if json_logs else one_log.PrettyLog()
    wanted = dev.WantedPorts(grpc=port, page=page_port, temporal=temporal_port, temporal_ui=ui_port)
    works = False

    def announce(addresses: "Addresses") -> None:
        nonlocal works
        works = True
        if json_logs:
            log.tell("ready", **_fields(addresses))
        else:
            one_log.write(_banner(addresses))

    try:
        asyncio.run(dev.run_platform(data_dir.resolve(), wanted, log, announce, ui=not no_ui))
    except dev.DevProblem as problem:
        one_log.write(f"Error: {problem}")
        return ExitCode.FAULTED if works else ExitCode.USAGE
    return ExitCode.OK


def _fields(addresses: "Addresses") -> dict[str, str | None]:
    """What the log may tell; keys are not among that."""
    return {
        "page": addresses.page,
        "grpc": addresses.grpc,
        "temporal": addresses.temporal,
        "temporal_ui": addresses.temporal_ui,
        "runner_grpc": addresses.runner_grpc,
        "credentials": str(addresses.credentials),
    }


def _banner(addresses: "Addresses") -> str:
    rows = [
        ("Page", addresses.page),
        ("gRPC", addresses.grpc),
        ("Temporal UI", addresses.temporal_ui or "off"),
        ("Temporal", addresses.temporal),
        ("Runner gRPC", addresses.runner_grpc),
        # Past the log on purpose: logs are kept and sent elsewhere, a key is not.
        ("Key", addresses.first_key or f"in {addresses.credentials}"),
    ]
    if addresses.first_key is not None:
        rows.append(("", f"(shown this once; kept in {addresses.credentials})"))
    lines = [f"  {click.style(f'{name:<12}', bold=True)} {value}" for name, value in rows]
    return "\n".join(["", *lines, "", "  Ctrl-C ends it; the data stays.", ""])
