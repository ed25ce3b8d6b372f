"""A database for each test."""

from collections.abc import Iterator

import pytest

from packages.server.tests.postgres_server import postgres_server


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgres_server() as url:
        yield url
