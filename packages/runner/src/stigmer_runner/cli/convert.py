"""`stigmer convert`: a WorkflowSpec to a document, and back."""

import sys
from collections.abc import Iterable

import click
from stigmer_converter import (
    ConversionError,
    SpecFormat,
    convert_source,
    format_of,
    revert_document,
)
from stigmer_dsl import InvalidDocument, Problem, load, render
from stigmer_dsl.limits import DEFAULT_LIMITS
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.reader import decode, read

from stigmer_runner.cli.conversion_problems import conversion_problem
from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.files_below import is_document
from stigmer_runner.cli.inputs import STDIN, read_bytes
from stigmer_runner.cli.outputs import print_output


@click.command("convert")
@click.argument("spec", type=click.Path(allow_dash=True), metavar="SPEC")
@click.option("--reverse", is_flag=True, help="Turn a document into a WorkflowSpec.")
@click.option(
    "--from", "spec_format", type=click.Choice(["json", "yaml", "binary"]),
    help="Format of SPEC; default: what its ending says, JSON for standard input.",
)  # fmt: skip
@click.option(
    "--to", "target", type=click.Choice(["json", "yaml", "binary"]), default="json", show_default=True,
    help="With --reverse: format of the WorkflowSpec.",
)  # fmt: skip
def command(spec: str, *, reverse: bool, spec_format: SpecFormat | None, target: str) -> int:
    """Print the workflow document of SPEC, a WorkflowSpec or Workflow in .json, .yaml or .binpb (- is standard input).

    With --reverse SPEC is a document, and its WorkflowSpec is printed.

    Exit codes: 0 done, 2 at least one problem; all of them are on standard error.
    """
    data = read_bytes(spec, "The specification" if not reverse else "The document")
    if reverse:
        return _reverse(data, spec, target)
    try:
        conversion = convert_source(data, spec_format or _format(spec))
    except ConversionError as error:
        if _is_document(data):
            raise UsageFailure(f"{spec} is a document already; --reverse makes a WorkflowSpec of it.") from None
        _report((conversion_problem(problem, spec, None) for problem in error.problems), data)
        return ExitCode.USAGE
    _report((conversion_problem(problem, spec, None) for problem in conversion.warnings), data)
    sys.stdout.write(conversion.yaml)
    return ExitCode.OK


def _format(name: str) -> SpecFormat:
    return "json" if name == STDIN else format_of(name)


def _is_document(data: bytes) -> bool:
    try:
        value = read(decode(data, DEFAULT_LIMITS), DEFAULT_LIMITS).value
    except SyntaxFault:
        return False
    return isinstance(value, dict) and is_document(value)


def _reverse(data: bytes, source: str, target: str) -> int:
    try:
        document = load(data, source=source)
        reversion = revert_document(data, source=source)
    except InvalidDocument as invalid:
        _report(invalid.problems, data)
        return ExitCode.USAGE
    except ConversionError as error:
        _report((conversion_problem(problem, source, document) for problem in error.problems), data)
        return ExitCode.USAGE
    _report((conversion_problem(problem, source, document) for problem in reversion.warnings), data)
    if target == "binary":
        sys.stdout.buffer.write(bytes(reversion.spec))
        sys.stdout.flush()
    else:
        print_output(reversion.json, "yaml" if target == "yaml" else "json")
    return ExitCode.OK


def _report(problems: Iterable[Problem], data: bytes) -> None:
    text = data.decode("utf-8", errors="replace")
    for problem in problems:
        print(render(problem, text), file=sys.stderr)
