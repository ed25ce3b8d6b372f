"""Reads `GET /metrics` as Prometheus does."""

import asyncio
from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families


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
        found = [
            sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and _has(sample.labels, labels)
        ]
        assert len(found) == 1, (name, labels, found)
        return found[0]


def _has(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return wanted.items() <= labels.items()


async def until(url: str, name: str, value: float, **labels: str) -> Metrics:
    """The metrics as soon as one of them has a value: events are counted beside the run, not before its answer."""
    while (found := await asyncio.to_thread(Metrics, url)).value(name, **labels) != value:
        pass
    return found
