"""What the shell offers where a command wants a workflow or an execution: asked of the service, briefly."""

import importlib

import click
from click.shell_completion import CompletionItem
from stigmer_dsl import JsonObject


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
    """The newest entries; none when there is nobody to ask."""
    # Every command has its completion at hand, and HTTP takes longer to import than most of them take.
    offered = importlib.import_module("stigmer_runner.cli.service.offered")
    found: list[JsonObject] = offered.newest_entries(context, path)
    return found


def _name(entry: JsonObject) -> str:
    metadata = entry.get("metadata", {})
    return str(metadata.get("slug") or metadata.get("name", ""))
