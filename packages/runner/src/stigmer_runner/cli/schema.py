"""`stigmer schema`: the JSON Schema of documents, for editors."""

import json
from pathlib import Path

import click
from stigmer_dsl.schema import json_schema

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure


@click.command("schema")
@click.option("--output", type=click.Path(), metavar="FILE", help="Write to a file instead of standard output.")
def command(output: str | None) -> int:
    """Print the JSON Schema (draft 2020-12) of workflow documents, made from the models that load them.

    Exit codes: 0 done, 2 the file cannot be written.
    """
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    if output is None:
        print(text)
        return ExitCode.OK
    try:
        Path(output).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageFailure(f"The file {output} cannot be written: {(error.strerror or str(error)).lower()}.") from None
    return ExitCode.OK
