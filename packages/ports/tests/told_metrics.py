"""Reads `GET /metrics` as Prometheus does."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

_DOCS = Path(__file__).parents[3] / "docs"


def documented(page: str) -> list[str]:
    """The names in the table of metrics on a page of the documentation, sorted."""
    return sorted(re.findall(r"^\| `(stigmer_\w+)`", (_DOCS / page).read_text(), re.MULTILINE))


class Metrics:
    """What a service tells at one moment."""

    def __init__(self, url: str) -> None:
        answer = httpx.get(f"{url}/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        self.text = answer.text
        self.families = {family.name: family for family in text_string_to_metric_families(answer.text)}

    def value(self, name: str, **labels: str) -> float:
        """The one sample of this name whose labels have these values."""
        (found,) = self.samples(name, labels)
        return found

    @property
    def names(self) -> list[str]:
        """The names of our own metrics, sorted."""
        return sorted(re.findall(r"^# TYPE (stigmer_\w+)", self.text, re.MULTILINE))

    def samples(self, name: str, labels: Mapping[str, str]) -> list[float]:
        """The samples of this name whose labels have these values."""
        return [
            sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]


async def until(url: str, name: str, value: float, **labels: str) -> Metrics:
    """The metrics as soon as one of them has a value: what is counted beside a call may come after its answer."""
    while (found := await asyncio.to_thread(Metrics, url)).samples(name, labels) != [value]:
        pass
    return found
