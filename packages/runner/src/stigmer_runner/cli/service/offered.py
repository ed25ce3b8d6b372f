"""What the service has to offer to a shell that completes a command line."""

from typing import Final

import click
import httpx
from stigmer_dsl import JsonObject

from stigmer_runner.cli.service.access import find_access

_SECONDS: Final = 1.0
_OFFERED: Final = "50"


def newest_entries(context: click.Context, path: str) -> list[JsonObject]:
    """The newest entries; none when the service is unknown, slow or unwilling: a shell has no place for errors."""
    try:
        access = find_access(*(context.params.get(name) for name in ("endpoint", "api_key", "url", "file")))
        if not access.url:
            return []
        answer = httpx.get(
            f"{access.url}{path}",
            params={"size": _OFFERED},
            headers=access.authorization,
            timeout=_SECONDS,
            trust_env=False,
        )
        found: list[JsonObject] = answer.json()["entries"] if answer.is_success else []
    except (click.ClickException, httpx.HTTPError, ValueError, KeyError):
        return []
    return found
