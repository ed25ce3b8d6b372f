"""What we show to people works: every example is valid and does what its cases say, and so does the documentation."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from stigmer_dsl import InvalidDocument, Limits, render
from stigmer_dsl.syntax.reader import read
from stigmer_engine import Engine
from stigmer_engine.cases import AsyncioStage, PlannedCase, find_case_files, judge, parse_cases, read_cases

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "packages").glob("*/README.md")))
BLOCK = re.compile(r"^```ya?ml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def is_document(text: str) -> bool:
    """Whether a text is meant as a whole workflow document."""
    return (
        re.search(r"^document:", text, re.MULTILINE) is not None and re.search(r"^do:", text, re.MULTILINE) is not None
    )


DOCUMENTS = [
    path
    for path in sorted(EXAMPLES.rglob("*.yaml"))
    if not path.name.endswith(".test.yaml") and is_document(path.read_text(encoding="utf-8"))
]
CASES = [case for path in find_case_files(EXAMPLES) for case in read_cases(path, source=str(path.relative_to(ROOT)))]
BLOCKS = [
    pytest.param(
        block, id=f"{page.relative_to(ROOT)}:{page.read_text(encoding='utf-8').count(chr(10), 0, match.start()) + 1}"
    )
    for page in PAGES
    for match in BLOCK.finditer(page.read_text(encoding="utf-8"))
    if is_document(block := match.group(1))
]


@pytest.fixture(scope="module")
def stage() -> Iterator[AsyncioStage]:
    with AsyncioStage() as stage:
        yield stage


def problems_of(text: str, source: str) -> str:
    async def load() -> str:
        async with Engine() as engine:
            try:
                await engine.load_async(text, source)
            except InvalidDocument as invalid:
                return "\n".join(render(problem, text) for problem in invalid.problems)
        return ""

    return asyncio.run(load())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_the_example_is_valid(path: Path) -> None:
    assert problems_of(path.read_text(encoding="utf-8"), path.name) == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{Path(case.source).name}: {case.name}")
def test_the_case_of_the_example_holds(case: PlannedCase, stage: AsyncioStage) -> None:
    differences = judge(case.case.expect, stage.perform(case))
    assert not differences, f"{case.source}:{case.line}\n" + "\n".join(differences)


def test_there_are_examples_with_cases() -> None:
    assert len(DOCUMENTS) >= 10
    assert {path for path in DOCUMENTS if not covered(path)} == set()


def covered(document: Path) -> bool:
    """Whether the case files of its folder name the document."""
    return any(document.name in path.read_text(encoding="utf-8") for path in document.parent.glob("*.test.yaml"))


@pytest.mark.parametrize("block", BLOCKS)
def test_the_document_in_the_documentation_is_valid(block: str) -> None:
    assert problems_of(block, "block.yaml") == ""


def test_every_yaml_block_of_the_documentation_can_be_read() -> None:
    unreadable = []
    for page in PAGES:
        for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
            try:
                read(match.group(1), Limits())
            except Exception as error:
                unreadable.append(f"{page.name}: {error}: {match.group(1)[:80]}")
    assert unreadable == []


def test_the_case_file_of_the_readme_of_testing_is_valid(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    block = next(text for text in BLOCK.findall(page) if "cases:" in text)
    for name in ("charge.yaml", "notify.yaml"):
        (tmp_path / name).write_text("document: {}\n")
    cases = parse_cases(block, source="testing.md", folder=tmp_path)
    assert [case.name for case in cases] == ["a service that is down for a moment"]
