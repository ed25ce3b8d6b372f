"""Authentication of a call, as a template: the policy's texts are evaluated before the call's other arguments."""

import json
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import Use

from stigmer_engine.executors.call_uri import expand
from stigmer_engine.faults import fault
from stigmer_engine.interpreter.components import component
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope
from stigmer_engine.secrets import AUTHORIZATION

SCHEMES: Final = ("basic", "bearer", "digest", "oauth2", "oidc")
_SHOWN: Final = {"basic": "Basic", "bearer": "Bearer", "oauth2": "Bearer", "oidc": "Bearer"}


async def authenticate(
    run: Run, reference: JsonValue, dot: JsonValue, scope: Scope, slot: str = "authentication"
) -> tuple[JsonValue, JsonObject | None]:
    """The policy's settings `{"scheme", ...}`, evaluated, and `$authorization` when it is known beforehand.

    Args:
        reference: the policy in place or by name; None for no authentication.
        dot: what the policy's expressions are evaluated on.
        slot: tells the templates of one task apart.

    Raises:
        Fault: `configuration`, for a name that `use.authentications` does not have; what the evaluation raises.
    """
    if reference is None:
        return None, None
    policy = resolve(run.prepared.workflow.use, reference)
    scheme = next(name for name in SCHEMES if name in policy)
    settings = policy[scheme]
    template: JsonObject = dict(settings) if isinstance(settings, dict) else {}
    if "use" in template:
        template = {"use": f"${{ $secrets[{json.dumps(template['use'])}] }}"}
    evaluated = await run.template(slot, template, dot, scope)
    assert isinstance(evaluated, dict)
    authority = template.get("authority")
    if isinstance(authority, str) and "${" not in authority:
        evaluated = {**evaluated, "authority": expand(authority, dot)}
    shown = _SHOWN.get(scheme)
    # What the parameter is, only the call knows; a placeholder stands for it wherever the document puts it.
    authorization: JsonObject | None = (
        {"scheme": shown, "parameter": run.placeholder(AUTHORIZATION)} if shown is not None else None
    )
    return {**evaluated, "scheme": scheme}, authorization


def resolve(use: Use | None, reference: JsonValue) -> JsonObject:
    """The policy as plain JSON: in place, or looked up by `use`."""
    if not isinstance(reference, dict):
        raise fault("configuration", "The authentication is not an object")
    name = reference.get("use")
    if name is None:
        return reference
    policy = component(use.authentications if use else None, "authentications", "authentication", str(name))
    dumped: JsonObject = policy.model_dump(mode="json", by_alias=True, exclude_none=True)
    return dumped
