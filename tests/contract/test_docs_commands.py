"""The command lines and programs in the documentation are those that there are; what the README runs at first, runs."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from stigmer_runner.cli.app import stigmer

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "packages").glob("*/README.md")),
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`(stigmer [^`]+)`")
# A line of a shell, without what stands before the command, and without a remark or a redirection behind it.
LINE = re.compile(r"^(?:[A-Z_]+=(?:<[^>]*>|\S+) +)*(?:uv run )?(stigmer .*?)(?: +#.*| +>.*)?$", re.MULTILINE)
FIRST = ("run", "validate", "test", "graph", "convert")


def blocks(*languages: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            if match[1] in languages:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{page.relative_to(ROOT)}:{line}", match[2]


def parameters(found: Iterator[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("text", [pytest.param(text, id=place) for place, text in found])


def lines() -> Iterator[tuple[str, str]]:
    for place, block in blocks("sh", ""):
        for match in LINE.finditer(block):
            yield place, match[1]


def spans() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for text in dict.fromkeys(SPAN.findall(page.read_text(encoding="utf-8").replace("\n", " "))):
            yield str(page.relative_to(ROOT)), text


def resolved(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command, in groups too, and the words behind its name."""
    command: click.Command = stigmer
    while isinstance(command, click.Group) and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"there is no command {words[0]}"
        command, words = found, words[1:]
    return command, words


def test_there_is_something_to_check() -> None:
    assert len(list(lines())) > 15
    assert len(list(spans())) > 30


@parameters(lines())
def test_a_line_of_a_shell_is_one_that_the_command_takes(text: str) -> None:
    command, arguments = resolved(shlex.split(text)[1:])
    with command.make_context(command.name, arguments, parent=click.Context(stigmer)):
        pass


@parameters(spans())
def test_a_command_in_the_text_has_its_options(text: str) -> None:
    command, words = resolved(text.split()[1:])
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h", "--version"}
    assert {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)} <= known


@parameters(blocks("json"))
def test_json_in_the_documentation_is_json(text: str) -> None:
    json.loads(text)


@parameters(blocks("python"))
def test_what_a_program_in_the_documentation_imports_is_there(text: str) -> None:
    tree = ast.parse(text)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(body=list(imports), type_ignores=[]), "page", "exec"), {})


def test_what_the_readme_runs_at_first_runs(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    document = next(text for _, text in BLOCK.findall(readme) if text.startswith("# hello.yaml\n"))
    (tmp_path / "hello.yaml").write_text(document)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    ran = set()
    for match in re.finditer(r"^uv run stigmer (\w+) (.*?)(?: +# (.*))?$", readme, re.MULTILINE):
        command, arguments, remark = match.groups()
        if command not in FIRST or "--runtime" in arguments:
            continue
        done = subprocess.run(
            [sys.executable, "-m", "stigmer_runner", command, *shlex.split(arguments)],
            cwd=tmp_path, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{match[0]}\n{done.stderr}"
        if remark.startswith("{"):
            assert json.loads(done.stdout) == json.loads(remark)
        ran.add(command)
    assert ran == set(FIRST)
