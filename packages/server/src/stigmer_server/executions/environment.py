"""What a run sees in `$env` and `$secrets`: layers of values, merged."""

from collections.abc import Iterable, Mapping

from stigmer_proto.ai.stigmer.agentic.executioncontext.v1 import ExecutionValue

from stigmer_server.vault.values import NamedValue


def merge_values(layers: Iterable[Mapping[str, NamedValue]]) -> dict[str, ExecutionValue]:
    """The values of all layers; a later layer wins, secret or not. Pure.

    Weakest first: the workflow's `env_spec`, the environments of the instance in their order, the execution's
    `runtime_env`. A secret without a value only says that one is needed: it hides nothing.
    """
    merged: dict[str, ExecutionValue] = {}
    for layer in layers:
        for name, given in layer.items():
            if given.is_secret and not given.value:
                continue
            merged[name] = ExecutionValue(value=given.value, is_secret=given.is_secret)
    return merged
