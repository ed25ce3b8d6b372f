"""What the shell offers where a command wants a workflow or an execution: asked of the service, briefly."""

from typing import Final

import click
import httpx
from click.shell_completion import CompletionItem
from stigmer_dsl import JsonObject

from stigmer_runner.cli.service.access import find_access

_SECONDS: Final = 1.0
_OFFERED: Final = "50"


def complete_workflow(context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Names of workflows that begin as typed."""
    found = _entries(context, "/api/v1/workflows")
    names = [(_name(entry), str(entry.get("spec", {}).get("description", ""))) for entry in found]
    return [CompletionItem(name, help=about or None) for name, about in names if name.startswith(typed)]


def complete_execution(context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Ids of executions that begin as typed, the newest first."""
    found = _entries(context, "/api/v1/executions")
    return [
        CompletionItem(entry["execution_id"], help=f"{entry['workflow_name']} {entry['status']}")
        for entry in found
        if str(entry["execution_id"]).startswith(typed)
    ]


def complete_resource(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """What fits the kind that was given before."""
    match context.params.get("kind"):
        case "workflow":
            return complete_workflow(context, parameter, typed)
        case "execution":
            return complete_execution(context, parameter, typed)
        case _:
            return []


def _entries(context: click.Context, path: str) -> list[JsonObject]:
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


def _name(entry: JsonObject) -> str:
    metadata = entry.get("metadata", {})
    return str(metadata.get("slug") or metadata.get("name", ""))
