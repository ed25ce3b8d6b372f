"""`stigmer rerun`: a run like an earlier one."""

import asyncio

import click
from stigmer_dsl import JsonObject

from stigmer_runner.cli.exit_codes import ExitCode
from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.client import ask
from stigmer_runner.cli.service.completing import complete_execution
from stigmer_runner.cli.service.http_client import HttpClient
from stigmer_runner.cli.service.lookup import find_execution
from stigmer_runner.cli.service.printing import print_json
from stigmer_runner.cli.service.shapes import execution_json


@click.command("rerun")
@click.argument("execution", metavar="ID", shell_complete=complete_execution)
@click.option("--json", "as_json", is_flag=True, help="Print the run as a JSON object.")
@with_service
def command(execution: str, *, access: ServiceAccess, as_json: bool) -> int:
    """Start a new run of the same workflow with the same input, variables and secrets, and print its id.

    Exit codes: 0 done, 2 the service refused.
    """

    async def start() -> str:
        async with HttpClient(access) as http:
            answer: JsonObject = await http.post(f"/api/v1/executions/{execution}/rerun", {})
            return str(answer["execution_id"])

    started = asyncio.run(start())
    if as_json:
        print_json(execution_json(ask(access, lambda client: find_execution(client, started))))
    else:
        print(started)
    return ExitCode.OK
