"""`stigmer apply`: registers workflows with the service."""

import sys
from typing import Final

import click
from stigmer_dsl import JsonObject, Problem, render
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.files_below import files_below, is_workflow
from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.client import ServiceClient, ask
from stigmer_runner.cli.service.documents import Unreadable, WorkflowFile, read_workflow
from stigmer_runner.cli.service.failures import ServiceFailure, shown_problem
from stigmer_runner.cli.service.printing import print_json
from stigmer_runner.cli.service.shapes import workflow_json

_AS_IT_IS: Final = "the service keeps what a WorkflowSpec can express; `stigmer run` runs the document as it is"


@click.command("apply")
@click.argument("places", type=click.Path(allow_dash=True), nargs=-1, required=True, metavar="FILE|DIR...")
@click.option("--org", default="", help="Organization that owns what names no owner; default: everybody's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array with an object for each file.")
@with_service
def command(places: tuple[str, ...], org: str, *, access: ServiceAccess, as_json: bool) -> int:
    """Create or update the workflow in each FILE (- is standard input), and in those below each DIR.

    A file is a WorkflowSpec, a Workflow resource, or a document; a document is stored when a WorkflowSpec can express
    it. Files that cannot be stored are reported and leave the others alone.

    Exit codes: 0 all are stored, 2 at least one is not, or the service cannot be reached.
    """
    files = list(dict.fromkeys(file for place in places for file in files_below(place, is_workflow)))
    if not files:
        raise UsageFailure(f"There is no workflow below {' '.join(places)}.")

    async def apply_all(client: ServiceClient) -> list[JsonObject]:
        return [await _apply(client, file, org) for file in files]

    results = ask(access, apply_all)
    if as_json:
        print_json(results)
    else:
        for result in results:
            print(_line(result))
    return ExitCode.OK if all(result["workflow"] is not None for result in results) else ExitCode.USAGE


async def _apply(client: ServiceClient, name: str, org: str) -> JsonObject:
    try:
        file = read_workflow(name, org=org)
    except Unreadable as unreadable:
        return _result(name, None, unreadable.problems, unreadable.text)
    try:
        stored = await client.call(lambda: client.workflow_commands.apply(file.workflow))
    except ServiceFailure as failure:
        if not failure.at_fault:
            raise ServiceFailure(f"{name}: {failure.message}") from None
        return _result(name, None, _problems(file, failure), file.text)
    return _result(name, stored, list(file.warnings), file.text)


def _problems(file: WorkflowFile, failure: ServiceFailure) -> list[Problem]:
    if not failure.problems:
        return [Problem(code="refused", message=failure.message.rstrip("."), source=file.name)]
    return [file.located(shown_problem(problem, file.name)) for problem in failure.problems]


def _result(name: str, stored: Workflow | None, problems: list[Problem], text: str) -> JsonObject:
    for problem in problems:
        print(render(problem, text), file=sys.stderr)
    shown = workflow_json(stored) if stored is not None else None
    return {"file": name, "workflow": shown, "problems": [problem.to_json() for problem in problems]}


def _line(result: JsonObject) -> str:
    workflow = result["workflow"]
    if workflow is None:
        inexpressible = any(problem["code"] == "not-expressible" for problem in result["problems"])
        return f"{result['file']}: not stored" + (f" ({_AS_IT_IS})" if inexpressible else "")
    return f"{result['file']}: {workflow['name']} {workflow['version']} ({workflow['id']})"
