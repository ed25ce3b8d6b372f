"""The codes of conversion problems. They are stable: none is ever given another meaning."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "conflicting-fields": "Fields that exclude each other are set.",
    "default-timeout": "Warning: a task of a document has no timeout; its kind's default will apply.",
    "dsl-version": "Warning: a document says another version of the DSL than the only one of a specification.",
    "duplicate-default": "A SWITCH has two cases without a condition.",
    "duplicate-key": "One field is given twice, perhaps once in camelCase and once in snake_case.",
    "duplicate-name": "Two tasks of a list, cases or branches have the same name.",
    "empty-expression": "`${ }` with nothing in it.",
    "forbidden-expression": "An expression uses a built-in that reads the host or stops the evaluator.",
    "inexact-number": "Warning: a whole number beyond 2^53 has lost digits.",
    "invalid-encoding": "The file is not UTF-8.",
    "invalid-expression": "An expression is not jq, or its `}` is missing.",
    "invalid-name": "A variable's name is not made of letters, digits and `_`, or is bound by the runtime.",
    "invalid-syntax": "The file is not JSON, YAML or a message of the contract.",
    "invalid-value": "A value is not one of those allowed at its place.",
    "missing-field": "A required field is unset or empty.",
    "not-expressible": "A construct of a document has no place in a specification.",
    "out-of-range": "A number or a text's length is outside its bounds.",
    "reserved-name": "Warning: a task is called like a flow directive, so `then` cannot reach it.",
    "secret-value-dropped": "Warning: the default value of a secret is left out of the document.",
    "too-deep": "The data is nested too deeply.",
    "too-few": "A list has fewer entries than it needs.",
    "too-large": "The file is larger than allowed (10 MiB).",
    "unknown-data-key": "`$data.NAME` is read, and no task sets it.",
    "unknown-format": "The file's name says no format.",
    "unknown-grpc-target": "Nothing says where a gRPC service listens.",
    "unknown-key": "A key is not a field of its message.",
    "unknown-kind": "The kind is not one of the thirteen.",
    "unknown-target": "`then` names no task of its own list.",
    "unknown-variable": "An expression uses a variable that nothing binds.",
    "wrong-type": "A value has another JSON type than its field.",
}
"""Each code with its meaning. Problems of a YAML file's syntax have the codes of `stigmer_dsl` (`docs/errors.md`)."""
