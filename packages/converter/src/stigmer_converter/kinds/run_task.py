"""RUN: another workflow by namespace, name and version."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.document import LABEL, VERSION
from stigmer_converter.fields import Fields
from stigmer_converter.reverse_context import ReverseContext

LATEST = "latest"


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `run: {workflow: {namespace, name, version, input}}`.

    `workflow` is `name`, `namespace/name`, `name:version` or `namespace/name:version`. A missing namespace is that of
    the document; a missing version is `ConvertOptions.run_version`, or else that of the document.
    """
    reference = config.text("workflow", required=True)
    given = config.struct("input")
    rest, _, version = reference.partition(":")
    namespace, slash, name = rest.rpartition("/")
    labels = [name, *([namespace] if slash else [])]
    version_ok = ":" not in reference or version == LATEST or VERSION.fullmatch(version)
    if reference and not (all(LABEL.fullmatch(label) for label in labels) and version_ok):
        context.findings.error(
            "invalid-value", config.at("workflow"), f"`{reference}` names no workflow",
            "Write `name`, `namespace/name` or `namespace/name:1.0.0`; names have letters, digits and `-`.",
        )  # fmt: skip
    workflow: JsonObject = {
        "namespace": namespace or context.namespace,
        "name": name,
        "version": version or context.options.run_version or context.version,
    }
    if given is not None:
        workflow["input"] = context.json(given, config.at("input"))
    return {"run": {"workflow": workflow}}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return `workflow`, with namespace and version only where they are not the defaults, and `input`."""
    config: JsonObject = {}
    run = task.child("run")
    if run is None:
        return config
    if not run.has("workflow"):
        run.close()
        return config
    run.expect("await", True)
    run.expect("return", "stdout")
    workflow = run.child("workflow")
    run.close()
    if workflow is None:
        return config
    namespace, name = workflow.text("namespace"), workflow.text("name")
    version = workflow.text("version") or LATEST
    prefix = "" if namespace == context.namespace else f"{namespace}/"
    suffix = "" if version == (context.options.run_version or context.version) else f":{version}"
    if not all(LABEL.fullmatch(label) for label in (namespace, name)):
        workflow.refuse("name", "a workflow whose name is computed")
    config["workflow"] = f"{prefix}{name}{suffix}"
    given = workflow.value("input")
    if given is not None:
        config["input"] = context.json(given, workflow.at("input"))
    workflow.close()
    return config
