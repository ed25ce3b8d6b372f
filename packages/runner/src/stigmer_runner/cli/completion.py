"""`stigmer completion`: what makes a shell complete commands, options, names of workflows and ids of executions."""

import importlib

import click
from click.shell_completion import get_completion_class

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print a script for SHELL, such as for `eval "$(stigmer completion bash)"` in ~/.bashrc.

    Names and ids are asked of the service, for a second at most.
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click knows these shells"
    group = importlib.import_module("stigmer_runner.cli.app").stigmer
    try:
        print(kind(group, {}, "stigmer", "_STIGMER_COMPLETE").source())
    except RuntimeError as error:  # bash alone: it is too old
        raise UsageFailure(f"{error}") from None
    return ExitCode.OK
