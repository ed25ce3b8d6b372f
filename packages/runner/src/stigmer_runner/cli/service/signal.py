"""`stigmer signal`: an event for a run that listens."""

import click
from stigmer_dsl import JsonValue
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import SendSignalRequest, WorkflowExecution
from stigmer_proto.google.protobuf import Struct
from stigmer_proto_json import StructError, struct_from_json

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.inputs import parse_input
from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.client import ServiceClient, ask
from stigmer_runner.cli.service.completing import complete_execution
from stigmer_runner.cli.service.printing import print_json
from stigmer_runner.cli.service.shapes import execution_json, phase_name


@click.command("signal")
@click.argument("execution", metavar="ID", shell_complete=complete_execution)
@click.argument("name")
@click.option("--data", metavar="JSON|@FILE|-", help="What it carries: a JSON object.")
@click.option("--key", "key", default="", help="Sent again with the same key, it counts once.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as a JSON object.")
@with_service
def command(execution: str, name: str, data: str | None, key: str, *, access: ServiceAccess, as_json: bool) -> int:
    """Hand a signal to a run: an event for its listeners, of the type NAME, or of the type `signal` with the id NAME.

    Exit codes: 0 done, 2 the service refused.
    """
    payload = _struct(parse_input(data))
    request = SendSignalRequest(execution_id=execution, signal_name=name, payload=payload, idempotency_key=key)

    async def send(client: ServiceClient) -> WorkflowExecution:
        return await client.call(lambda: client.execution_commands.send_signal(request))

    run = ask(access, send)
    if as_json:
        print_json(execution_json(run))
    else:
        print(f"{execution} {phase_name(run)}")
    return ExitCode.OK


def _struct(value: JsonValue) -> Struct:
    if value is not None and not isinstance(value, dict):
        raise UsageFailure("The data of a signal must be a JSON object.")
    try:
        return struct_from_json(value or {})
    except StructError as error:
        raise UsageFailure(f"The data of the signal cannot be sent: {error}.") from None
