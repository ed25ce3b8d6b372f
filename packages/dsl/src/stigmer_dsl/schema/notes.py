"""What an editor shows for properties whose meaning their type does not tell."""

from collections.abc import Mapping

TASK_NOTES: Mapping[str, str] = {
    "if": "A jq condition on the task's raw input; when false, the task is skipped and passes its input through.",
    "input": "Validates the raw input, then transforms it.",
    "output": "Transforms the raw output into the input of the next task, then validates it.",
    "export": "Sets the workflow's `$context` from the task's output.",
    "timeout": "The time after which the task is interrupted, or the name of a timeout in `use.timeouts`.",
    "then": "Where to go afterwards: `continue`, `exit`, `end`, or the name of a task of the same list.",
    "metadata": "Free information about the task; `activityOptions` and `searchAttributes` are for Temporal.",
}
"""Properties that every task has."""

NOTES: Mapping[str, Mapping[str, str]] = {
    "Workflow": {
        "document": "Names and describes the workflow.",
        "input": "Validates and transforms the workflow's input.",
        "use": "Components that tasks use by name.",
        "do": "The tasks, in order: a list of objects with one name each.",
        "timeout": "The time after which the workflow is interrupted.",
        "output": "Transforms and validates the workflow's output.",
        "schedule": "When the workflow starts by itself.",
        "evaluate": "How runtime expressions are evaluated.",
    },
    "Document": {
        "dsl": "The version of the DSL, such as '1.0.3'.",
        "namespace": "The workflow's namespace, a DNS label.",
        "name": "The workflow's name, a DNS label.",
        "version": "The workflow's version, three numbers as in '1.0.0'.",
        "title": "The workflow's title, for readers.",
        "summary": "What the workflow does, for readers; Markdown.",
        "metadata": "Free information; `activityOptions` and `searchAttributes` are for Temporal.",
    },
    "ForDefinition": {
        "each": "The variable that holds the item, without `$`.",
        "in": "A jq expression that yields an array, an object or a whole number; or the items themselves.",
        "at": "The variable that holds the index, without `$`.",
    },
    "ForTask": {"while": "A jq condition, tested before each iteration.", "do": "The tasks of an iteration."},
    "SwitchCase": {"when": "A jq condition; without it, the case is the default.", "then": TASK_NOTES["then"]},
    "ForkDefinition": {"compete": "Whether the first branch to succeed wins, and the others are cancelled."},
    "Catch": {
        "errors": "Which errors are caught; all, when absent.",
        "as": "The variable that holds the error, without `$`.",
        "when": "A jq condition on the error.",
        "exceptWhen": "A jq condition on the error that excludes it.",
        "retry": "A retry policy, or the name of one in `use.retries`.",
        "do": "Tasks to run when no retry is left.",
        "then": "Where to go after a caught error.",
    },
    "CallTask": {
        "call": "`http`, `grpc`, `openapi`, `asyncapi`, `a2a`, `mcp`, `activity`, or a function: name, catalog, URL.",
        "with": "The arguments of the call.",
    },
    "ActivityArguments": {
        "name": "The type of the activity.",
        "arguments": "What the activity is given, in order.",
        "taskQueue": "The queue whose workers perform it.",
        "options": "As `metadata.activityOptions` of the task, which they go before.",
    },
    "HttpArguments": {
        "endpoint": "A URI, a URI template or an expression.",
        "output": "`content` decodes the body, `raw` gives it in base64, `response` gives status and headers too.",
        "redirect": "Whether redirects are followed.",
    },
}
"""Properties of single models, by the model's name."""
