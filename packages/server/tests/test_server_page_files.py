"""The page's files as they are: plain modules that find each other, nothing inline, nothing from elsewhere."""

import re
from importlib.resources import files
from pathlib import Path, PurePosixPath

import pytest

PAGE = Path(str(files("stigmer_server") / "page"))
MODULES = sorted(PAGE.rglob("*.js"))
STYLES = sorted(PAGE.rglob("*.css"))
IMPORT = re.compile(r'^(?:import|export) .*?from "(?P<from>[^"]+)";', re.MULTILINE | re.DOTALL)


def exports(module: Path) -> set[str]:
    """The names that a module gives to others."""
    text = module.read_text("utf-8")
    found = set(re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", text, re.MULTILINE))
    for group in re.findall(r"^export \{([^}]+)\};", text, re.MULTILINE):
        found |= {part.split(" as ")[-1].strip() for part in group.split(",")}
    return found


def imports(module: Path) -> list[tuple[Path, set[str]]]:
    """What a module takes, and where from."""
    found = []
    for names, source in re.findall(r'^import \{([^}]+)\} from "([^"]+)";', module.read_text("utf-8"), re.MULTILINE):
        found.append(((module.parent / source).resolve(), {name.strip() for name in names.split(",") if name.strip()}))
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_what_is_there_and_uses_it(module: Path) -> None:
    text = module.read_text("utf-8")
    body = IMPORT.sub("", text)
    for source, names in imports(module):
        assert source in MODULES, source
        assert names <= exports(source), names - exports(source)
        unused = {name for name in names if not re.search(rf"\b{name}\b", body)}
        assert not unused, unused


def test_every_module_and_export_is_used() -> None:
    taken: dict[Path, set[str]] = {}
    for module in MODULES:
        for source, names in imports(module):
            taken.setdefault(source, set()).update(names)
    for module in MODULES:
        if module.name != "main.js":
            assert exports(module) <= taken.get(module, set()) | _used_inside(module), module.name


def test_nothing_is_inline_or_from_elsewhere() -> None:
    page = (PAGE / "index.html").read_text("utf-8")
    for path in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert path.startswith("/page/"), path
        known = PAGE / PurePosixPath(path).relative_to("/page")
        assert known.exists() or path == "/page/flow.css", path
    assert re.findall(r"<script(?![^>]*src=)", page) == []
    assert re.findall(r"\son\w+=|\sstyle=|<style", page) == []
    for file in (*MODULES, *STYLES, PAGE / "index.html"):
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert re.findall(r"https?://|@import|url\(", text) == [], file.name


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_module_takes_text_for_markup_or_code(module: Path) -> None:
    text = module.read_text("utf-8")
    found = re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.href = `java", text
    )
    assert found == []


def test_every_module_tells_what_it_is_for_and_is_short() -> None:
    for file in (*MODULES, *STYLES):
        lines = file.read_text("utf-8").splitlines()
        assert lines[0].startswith(("//", "/*")), file.name
        assert len(lines) < 500, file.name


def _used_inside(module: Path) -> set[str]:
    text = module.read_text("utf-8")
    return {name for name in exports(module) if len(re.findall(rf"\b{name}\b", text)) > 1}
