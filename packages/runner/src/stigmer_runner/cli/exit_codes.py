"""What the exit code of a command means."""

from enum import IntEnum

import click


class ExitCode(IntEnum):
    """`CANCELLED` is what a shell gives a process that ended by SIGINT."""

    OK = 0
    FAULTED = 1
    USAGE = 2
    CANCELLED = 130


class UsageFailure(click.ClickException):
    """The command was used in a way that cannot work; the message is one sentence. Exit code 2."""

    exit_code = ExitCode.USAGE
