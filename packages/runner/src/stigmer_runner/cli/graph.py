"""`stigmer graph`: a document as a picture."""

import sys
from pathlib import Path
from typing import Final, Literal

import click
from stigmer_dsl import render
from stigmer_dsl.graph import html, mermaid, svg

from stigmer_runner.cli.checking import check, expression_checker
from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.inputs import read_bytes

Format = Literal["mermaid", "svg", "html"]
_DRAW: Final = {"mermaid": mermaid, "svg": svg, "html": html}
_BY_SUFFIX: Final[dict[str, Format]] = {".svg": "svg", ".html": "html", ".htm": "html"}


@click.command("graph")
@click.argument("file", type=click.Path(allow_dash=True), metavar="FILE")
@click.option("--format", "picture", type=click.Choice(list(_DRAW)), help="Default: as OUTPUT ends, else mermaid.")
@click.option("--output", type=click.Path(), metavar="OUTPUT", help="Write to a file instead of standard output.")
def command(file: str, picture: Format | None, output: str | None) -> int:
    """Draw the control flow of the document FILE (- is standard input).

    A picture in SVG or HTML stands alone: it loads nothing. HTML can be dragged and zoomed.

    Exit codes: 0 done, 2 the document is invalid or OUTPUT cannot be written.
    """
    content = read_bytes(file, "The document")
    with expression_checker() as checker:
        document, problems = check(content, file, checker)
    if document is None:
        for problem in problems:
            print(render(problem, content.decode("utf-8", errors="replace")), file=sys.stderr)
        return ExitCode.USAGE
    chosen = picture or (_BY_SUFFIX.get(Path(output).suffix.lower(), "mermaid") if output else "mermaid")
    text = _DRAW[chosen](document.workflow)
    if output is None:
        sys.stdout.write(text)
        return ExitCode.OK
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageFailure(f"The file {output} cannot be written: {(error.strerror or str(error)).lower()}.") from None
    return ExitCode.OK
