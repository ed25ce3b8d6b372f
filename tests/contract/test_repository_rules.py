"""Rules that a reviewer would otherwise repeat."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ("gen/stigmer_proto/",)
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
# A registry's address would bind every installation to it; a path of one machine is no use on another.
REGISTRY = re.compile(r"https?://[^\s\"')]*(?:pypi|pythonhosted|simple/|registry\.npmjs|proxy\.golang|crates\.io)")
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.~<>-])/(?:work|root|home)/[a-z]")
TOP_LEVEL = {
    ".ci", ".editorconfig", ".gitattributes", ".gitignore", "README.md", "buf.gen.yaml", "buf.yaml", "conftest.py",
    "deploy", "docs", "examples", "gen", "justfile", "packages", "proto", "pyproject.toml", "scripts", "tests",
}  # fmt: skip


def tracked() -> list[Path]:
    """Every file that git tracks, or would, and that exists."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def hand_written_python() -> list[Path]:
    return [
        path for path in tracked() if path.suffix == ".py" and not str(path.relative_to(ROOT)).startswith(GENERATED)
    ]


def relative(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_there_are_files_to_check() -> None:
    assert len(hand_written_python()) > 100


def test_no_file_is_longer_than_500_lines() -> None:
    assert relative([path for path in hand_written_python() if len(path.read_text().splitlines()) > 500]) == []


def test_most_files_are_shorter_than_300_lines() -> None:
    paths = hand_written_python()
    long = [path for path in paths if len(path.read_text().splitlines()) >= 300]
    assert len(long) < len(paths) / 20, relative(long)


def test_names_say_what_a_module_is_about() -> None:
    assert relative([path for path in hand_written_python() if path.stem.strip("_") in FORBIDDEN_NAMES]) == []
    assert relative([path for path in hand_written_python() if path.parent.name in FORBIDDEN_NAMES]) == []


def test_package_facades_hold_no_logic() -> None:
    facades = [path for path in hand_written_python() if path.name == "__init__.py" and "src" in path.parts]
    assert relative([path for path in facades if len(path.read_text().splitlines()) > 60]) == []
    statement = re.compile(r"^(?:def|class|async def|if|for|while) ", re.MULTILINE)
    logic = [path for path in facades if statement.search(path.read_text())]
    assert relative(logic) == []


def test_every_package_is_typed() -> None:
    packages = [*(ROOT / "packages").iterdir(), ROOT / "gen"]
    assert [package.name for package in packages if not list(package.rglob("py.typed"))] == []


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE_PATH], ids=["registry host", "path of a machine"])
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    found = []
    for path in tracked():
        if path == Path(__file__) or path.suffix in {".png", ".binpb"}:
            continue
        text = path.read_text(errors="replace")
        if pattern.search(text):
            found.append(path)
    assert relative(found) == []


def test_no_lock_file_of_a_package_manager() -> None:
    locks = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json"}
    assert relative([path for path in tracked() if path.name in locks]) == []


def test_the_top_level_holds_what_the_design_names() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} - TOP_LEVEL == set()


def test_every_recipe_has_one_line_of_help() -> None:
    lines = (ROOT / "justfile").read_text().splitlines()
    recipes = [index for index, line in enumerate(lines) if re.match(r"[a-z][a-z-]*[^=]*:(?!=)", line)]
    assert len(recipes) >= 11
    assert [lines[index] for index in recipes if not lines[index - 1].startswith("# ")] == []


def test_every_link_in_the_documentation_leads_somewhere() -> None:
    broken: list[str] = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "packages").rglob("README.md")]:
        targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
        broken.extend(
            f"{page.relative_to(ROOT)}: {target}"
            for target in targets
            if "://" not in target and not (page.parent / target).exists()
        )
    assert broken == []
