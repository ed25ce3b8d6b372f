"""`stigmer run`: one workflow, in this process or on Temporal."""

import asyncio
import importlib
import json
import os
import sys
from typing import cast

import click
from stigmer_dsl import InvalidDocument, render
from stigmer_engine import Result, Status
from stigmer_ports.redaction import Redactor

from stigmer_runner.cli.event_input import read_events
from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.fault_place import fault_text
from stigmer_runner.cli.inputs import STDIN, check_one_reader_of_stdin, parse_input, parse_pairs, read_bytes
from stigmer_runner.cli.log_setup import set_up_logging
from stigmer_runner.cli.outputs import OutputFormat, print_output
from stigmer_runner.cli.process_run import start_in_process
from stigmer_runner.cli.running import RunOptions, Start, follow_run
from stigmer_runner.cli.temporal_options import TemporalOptions
from stigmer_runner.config import (
    ConfigError,
    RunSettings,
    load_blob_settings,
    load_run_settings,
    secret_values,
)


@click.command("run")
@click.argument("file", type=click.Path(allow_dash=True), metavar="FILE")
@click.option("--input", "input_text", metavar="JSON|@FILE|-", help="Workflow input, as JSON or YAML.")
@click.option("--env", "env_pairs", metavar="K=V", multiple=True, help="A variable of the workflow; repeatable.")
@click.option(
    "--secret", "secret_pairs", metavar="K=V", multiple=True, help="A secret, seen as $secrets.K; repeatable."
)
@click.option(
    "--events",
    "events_file",
    type=click.Path(allow_dash=True),
    metavar="FILE|-",
    help="Write each event as a line of JSON; - is standard error.",
)
@click.option(
    "--event",
    "event_files",
    type=click.Path(allow_dash=True),
    metavar="FILE|-",
    multiple=True,
    help="CloudEvents for its listeners, one JSON object a line; repeatable.",
)
@click.option(
    "--document",
    "other_files",
    type=click.Path(),
    metavar="FILE",
    multiple=True,
    help="A document that `run: workflow` finds, beside those of DOCUMENTS_DIR; repeatable.",
)
@click.option("--allow-shell", is_flag=True, help="Let the workflow run shell commands here, as ALLOW_SHELL=true does.")
@click.option("--allow-script", is_flag=True, help="Let the workflow run scripts here, as ALLOW_SCRIPT=true does.")
@click.option(
    "--runtime",
    type=click.Choice(["process", "temporal"]),
    default="process",
    show_default=True,
    help="Where it runs: in this process, or durably on Temporal.",
)
@click.option(
    "--temporal-address",
    metavar="HOST:PORT",
    help="With --runtime temporal: the server; default: TEMPORAL_ADDRESS, or a dev server for this run.",
)
@click.option("--temporal-ui", is_flag=True, help="With --runtime temporal: the dev server has its web page.")
@click.option("--no-worker", is_flag=True, help="With --runtime temporal: a worker of TEMPORAL_TASK_QUEUE runs it.")
@click.option(
    "--output",
    "output_format",
    type=click.Choice(["json", "yaml", "pretty"]),
    default="json",
    show_default=True,
    help="How to print the workflow's output.",
)
def command(
    file: str,
    input_text: str | None,
    env_pairs: tuple[str, ...],
    secret_pairs: tuple[str, ...],
    events_file: str | None,
    event_files: tuple[str, ...],
    other_files: tuple[str, ...],
    output_format: str,
    runtime: str,
    temporal_address: str | None,
    *,
    allow_shell: bool,
    allow_script: bool,
    temporal_ui: bool,
    no_worker: bool,
) -> int:
    """Run the workflow document FILE (- is standard input) and print its output.

    Standard output holds the output and nothing else; progress and errors go to standard error.
    Ctrl-C cancels the workflow; a second Ctrl-C ends at once.

    Exit codes: 0 completed, 1 faulted (the error object is the last line of standard error), 2 invalid document or
    usage, 130 cancelled.
    """
    check_one_reader_of_stdin(
        {"FILE": (file,), "--input": (input_text,), "--event": event_files, "--document": other_files}
    )
    secrets = parse_pairs("--secret", secret_pairs)
    settings = _settings()
    redactor = Redactor((*secrets.values(), *secret_values(settings), *_secrets_of_temporal(runtime)))
    set_up_logging(redactor)
    options = RunOptions(
        document=read_bytes(file, "The document"),
        source=file,
        input=parse_input(input_text),
        env=parse_pairs("--env", env_pairs),
        secrets=secrets,
        events_file=events_file,
        settings=settings.model_copy(
            update={
                "allow_shell": allow_shell or settings.allow_shell,
                "allow_script": allow_script or settings.allow_script,
            }
        ),
        others={name: read_bytes(name, "The document") for name in other_files},
        incoming=read_events(event_files),
    )
    start = _start(options, runtime, temporal_address, ui=temporal_ui, worker=not no_worker)
    try:
        result = asyncio.run(follow_run(start, options, redactor))
    except ConfigError as error:
        raise UsageFailure(str(error)) from None
    except InvalidDocument as invalid:
        for problem in invalid.problems:
            text = options.others.get(problem.source, options.document).decode("utf-8", errors="replace")
            print(redactor.text(render(problem, text)), file=sys.stderr)
        return ExitCode.USAGE
    return _tell_end(result, options, redactor, cast("OutputFormat", output_format))


def _tell_end(result: Result | None, options: RunOptions, redactor: Redactor, output_format: OutputFormat) -> int:
    if result is None or result.status is Status.CANCELLED:
        print("Cancelled.", file=sys.stderr)
        return ExitCode.CANCELLED
    if result.error is not None:
        shown = "" if options.events_file == STDIN else fault_text(result.error, options.document, options.source)
        if shown:
            print(redactor.text(shown), file=sys.stderr)
        print(json.dumps(redactor.json(result.error.to_json())), file=sys.stderr)
        return ExitCode.FAULTED
    print_output(redactor.json(result.output), output_format)
    return ExitCode.OK


def _settings() -> RunSettings:
    try:
        return load_run_settings()
    except ConfigError as error:
        raise UsageFailure(str(error)) from None


def _secrets_of_temporal(runtime: str) -> tuple[str, ...]:
    if runtime == "process":
        return ()
    try:
        return secret_values(load_blob_settings())
    except ConfigError as error:
        raise UsageFailure(str(error)) from None


def _start(options: RunOptions, runtime: str, address: str | None, *, ui: bool, worker: bool) -> Start:
    if runtime == "process":
        for option, given in (("--temporal-address", address), ("--temporal-ui", ui), ("--no-worker", not worker)):
            if given:
                raise UsageFailure(f"{option} needs --runtime temporal.")
        return start_in_process(options)
    # Temporal's client takes a while to import.
    temporal_run = importlib.import_module("stigmer_runner.cli.temporal_run")
    queue = None if worker else os.environ.get("TEMPORAL_TASK_QUEUE", "stigmer-workflows")
    start: Start = temporal_run.start_on_temporal(options, TemporalOptions(address=address, queue=queue, ui=ui))
    return start
