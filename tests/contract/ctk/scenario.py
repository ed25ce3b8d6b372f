"""Feature files as plain data, read by Cucumber's parser."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a scenario without its keyword, and the text block under it, if any."""

    text: str
    block: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One case: backgrounds put in front, outlines filled in."""

    file: Path
    line: int
    name: str
    steps: tuple[Step, ...]

    @property
    def id(self) -> str:
        """File and name, as the case is called in test reports."""
        return f"{self.file.stem}: {self.name}"


def read_scenarios(folder: Path) -> tuple[Scenario, ...]:
    """Every scenario of every `.feature` file of the folder, by file name and position. Raises on a broken file."""
    return tuple(scenario for file in sorted(folder.glob("*.feature")) for scenario in _read(file))


def _read(file: Path) -> Iterator[Scenario]:
    document = Parser().parse(file.read_text(encoding="utf-8"))
    # The parser's own annotations leave `uri` out; the compiler demands it.
    for pickle in Compiler().compile({**document, "uri": file.name}):
        steps = tuple(Step(text=step["text"], block=_block(step.get("argument"))) for step in pickle["steps"])
        yield Scenario(file=file, line=pickle["location"]["line"], name=pickle["name"], steps=steps)


def _block(argument: Mapping[str, object] | None) -> str | None:
    block = (argument or {}).get("docString")
    return str(block["content"]) if isinstance(block, Mapping) else None
