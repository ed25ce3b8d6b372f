"""The command group. Commands are imported when they are used, so that `stigmer --help` is fast."""

import importlib
import os
import sys
from importlib.metadata import version

import click

from stigmer_runner.cli.exit_codes import ExitCode

# Name, module and one line of help; each module has its command under the name `command`.
_COMMANDS = {
    "run": ("stigmer_runner.cli.run", "Run a workflow here and print its output."),
    "serve": ("stigmer_runner.cli.serve", "Serve workflow executions over gRPC and HTTP."),
    "validate": ("stigmer_runner.cli.validate", "Check documents and report every problem."),
    "test": ("stigmer_runner.cli.cases", "Perform the cases of documents, offline and on virtual time."),
    "convert": ("stigmer_runner.cli.convert", "Turn a WorkflowSpec into a document, or back."),
    "schema": ("stigmer_runner.cli.schema", "Print the JSON Schema of documents, for editors."),
    "blobs": ("stigmer_runner.cli.blobs", "List or sweep the large payloads of executions on Temporal."),
    "graph": ("stigmer_runner.cli.graph", "Draw a document as Mermaid, SVG or HTML."),
}


class _LazyGroup(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("stigmer-runner"), prog_name="stigmer")
def stigmer() -> None:
    """Run, check and convert workflows of the Open Workflow DSL 1.0.

    Exit codes: 0 done, 1 the workflow faulted, 2 invalid document or usage, 130 cancelled.
    """


def main() -> None:
    """The entry point of the `stigmer` script; ends the process."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = stigmer.main(args=arguments, prog_name="stigmer", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Cancelled.", err=True)
        return ExitCode.CANCELLED
    except BrokenPipeError:
        # The reader of our output left; say nothing more, not even at the interpreter's exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAULTED
    return code if isinstance(code, int) else ExitCode.OK
