"""The command group. Commands are imported when they are used, so that `stigmer --help` is fast."""

import importlib
import os
import sys
from difflib import get_close_matches
from importlib.metadata import entry_points, version

import click

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure

# Name, module and one line of help; a module has its command under the name behind the colon, or `command`.
_COMMANDS = {
    "run": ("stigmer_runner.cli.run", "Run a workflow here and print its output."),
    "serve": ("stigmer_runner.cli.serve", "Serve workflow executions over gRPC and HTTP."),
    "validate": ("stigmer_runner.cli.validate", "Check documents and report every problem."),
    "test": ("stigmer_runner.cli.cases", "Perform the cases of documents, offline and on virtual time."),
    "convert": ("stigmer_runner.cli.convert", "Turn a WorkflowSpec into a document, or back."),
    "schema": ("stigmer_runner.cli.schema", "Print the JSON Schema of documents, for editors."),
    "blobs": ("stigmer_runner.cli.blobs", "List or sweep the large payloads of executions on Temporal."),
    "graph": ("stigmer_runner.cli.graph", "Draw a document as Mermaid, SVG or HTML."),
    "dev": ("stigmer_runner.cli.dev", "Run a whole platform on this machine: Temporal, service, runner and page."),
    "apply": ("stigmer_runner.cli.service.apply", "Register workflows with the service."),
    "start": ("stigmer_runner.cli.service.start", "Start a run of a workflow."),
    "watch": ("stigmer_runner.cli.service.watch", "Watch a run until its end."),
    "logs": ("stigmer_runner.cli.service.logs", "Print the events of a run."),
    "list": ("stigmer_runner.cli.service.listing", "List workflows or executions."),
    "get": ("stigmer_runner.cli.service.get", "Print one workflow or execution."),
    "cancel": ("stigmer_runner.cli.service.control:cancel", "Stop a run in order."),
    "terminate": ("stigmer_runner.cli.service.control:terminate", "End a run at once."),
    "pause": ("stigmer_runner.cli.service.control:pause", "Hold a run before its next task."),
    "resume": ("stigmer_runner.cli.service.control:resume", "Go on with a paused run."),
    "rerun": ("stigmer_runner.cli.service.rerun", "Start a new run like an earlier one."),
    "signal": ("stigmer_runner.cli.service.signal", "Hand a signal to a run."),
    "delete": ("stigmer_runner.cli.service.delete", "Remove a workflow or an execution."),
    "completion": ("stigmer_runner.cli.completion", "Print what makes a shell complete these commands."),
}
_SECTIONS = {
    "Documents": ("run", "validate", "test", "convert", "schema", "graph"),
    "Processes": ("dev", "serve", "server", "blobs"),
    "Service": (
        "apply",
        "start",
        "watch",
        "logs",
        "list",
        "get",
        "cancel",
        "terminate",
        "pause",
        "resume",
        "rerun",
        "signal",
        "delete",
    ),
    "Shell": ("completion",),
}

# Commands of packages that this one does not depend on: they bring them by entry points of a group (decision 0850).
_GROUP = "stigmer.commands"
_BROUGHT = {"server": ("stigmer-server", "Run the embedded Stigmer service.")}


class _LazyGroup(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return [*_COMMANDS, *_BROUGHT]

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            module, _, name = _COMMANDS[cmd_name][0].partition(":")
            command = getattr(importlib.import_module(module), name or "command")
        else:
            found = next(iter(entry_points(group=_GROUP, name=cmd_name)), None)
            if found is None and cmd_name in _BROUGHT:
                package = _BROUGHT[cmd_name][0]
                raise UsageFailure(f"`stigmer {cmd_name}` comes with another package: `pip install {package}`.")
            command = found.load() if found is not None else None
        assert command is None or isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = get_close_matches(args[0], self.list_commands(ctx), n=1)
        if near and near[0] != args[0] and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, _line(name)) for name in names])


def _line(name: str) -> str:
    return _COMMANDS[name][1] if name in _COMMANDS else _BROUGHT[name][1]


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
