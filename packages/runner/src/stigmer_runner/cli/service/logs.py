"""`stigmer logs`: the events of a run."""

import asyncio
from datetime import UTC, datetime

import click
from stigmer_dsl import JsonObject

from stigmer_runner.cli.exit_codes import ExitCode
from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.completing import complete_execution
from stigmer_runner.cli.service.http_client import HttpClient
from stigmer_runner.cli.service.printing import print_json_line
from stigmer_runner.terminal_text import printable


@click.command("logs")
@click.argument("execution", metavar="ID", shell_complete=complete_execution)
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON.")
@with_service
def command(execution: str, *, access: ServiceAccess, follow: bool, as_json: bool) -> int:
    """Print the events of a run, one a line.

    Exit codes: 0 done, 2 the service refused.
    """

    async def show() -> None:
        async with HttpClient(access) as http:
            status = await http.get(f"/api/v1/executions/{execution}")
            async for event in http.events(execution, until=None if follow else int(status["sequence_number"])):
                if as_json:
                    print_json_line(event)
                else:
                    print(_line(event), flush=True)

    asyncio.run(show())
    return ExitCode.OK


def _line(event: JsonObject) -> str:
    at = datetime.fromtimestamp(event["timestamp_ms"] / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    error = event["error"]["message"] if event["error"] else ""
    attempt = f"attempt {event['attempt']}" if (event["attempt"] or 0) > 1 else ""
    where = event["task_reference"] or event["workflow_name"]
    parts = (f"{at}Z", f"{event['sequence_number']:>4}", f"{event['event_type']:<20}", where, attempt, error)
    text = "  ".join(part for part in parts if part)
    return printable(text)
