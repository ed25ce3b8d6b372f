"""Codes: what the sources report, the table of codes and the documentation are one list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import stigmer_converter
from stigmer_converter.codes import CODES

SOURCES = Path(stigmer_converter.__file__).parent
PAGE = Path(__file__).parents[3] / "docs" / "converter.md"
REPORTING = {"error", "warn", "_failure"}


def constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


def reported() -> set[str]:
    found: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                found |= set(constants(node.args[0])) if name in REPORTING else set()
    return found


def test_every_reported_code_is_in_the_table_and_every_code_is_reported() -> None:
    assert reported() == set(CODES)


def test_the_page_lists_every_code_with_its_meaning() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Codes\n")[2]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", section, re.MULTILINE)
    assert dict(rows) == dict(CODES)
