"""Authentication of a call, as a template: the policy's texts are evaluated with the call's other arguments."""

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import Use

from stigmer_engine.faults import fault
from stigmer_engine.interpreter.run import Run

# The schemes that calls can perform; a document that needs another one is refused when it is loaded.
SCHEMES = ("basic", "bearer")


def authentication_template(run: Run, reference: JsonValue) -> JsonObject:
    """`{"scheme", ...}` from a policy in place or by name.

    Raises:
        Fault: `configuration`, for a name that `use.authentications` does not have or a scheme that is not built.
    """
    policy = resolve(run.prepared.workflow.use, reference)
    for scheme in SCHEMES:
        settings = policy.get(scheme)
        if isinstance(settings, dict):
            if "use" in settings and scheme == "bearer":
                return {"scheme": scheme, "token": f'${{ $secrets["{settings["use"]}"] }}'}
            if "use" not in settings:
                return {"scheme": scheme, **settings}
    raise fault("configuration", f"Authentication {', '.join(policy)} is not supported by this runner")


def resolve(use: Use | None, reference: JsonValue) -> JsonObject:
    """The policy as plain JSON: in place, or looked up by `use`."""
    if not isinstance(reference, dict):
        raise fault("configuration", "The authentication is not an object")
    name = reference.get("use")
    if name is None:
        return reference
    policies = use.authentications if use else None
    if not policies or name not in policies:
        raise fault("configuration", f"There is no authentication {name!r} in use.authentications")
    dumped: JsonObject = policies[str(name)].model_dump(mode="json", by_alias=True, exclude_none=True)
    return dumped
