"""`stigmer watch`: a run until its end."""

import click

from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.client import ask
from stigmer_runner.cli.service.completing import complete_execution
from stigmer_runner.cli.service.ending import end_of
from stigmer_runner.cli.service.watching import picture, watch


@click.command("watch")
@click.argument("execution", metavar="ID", shell_complete=complete_execution)
@click.option("--json", "as_json", is_flag=True, help="Print the run as a JSON object at its end.")
@with_service
def command(execution: str, *, access: ServiceAccess, as_json: bool) -> int:
    """Show a run on standard error until its end, and print its output.

    A live picture on a terminal, else a line for each change. Ctrl-C ends the watching, and leaves the run alone.

    Exit codes: 0 completed, 1 faulted, 2 the service refused, 130 cancelled.
    """
    return end_of(ask(access, lambda client: watch(client, execution, picture())), as_json=as_json)
