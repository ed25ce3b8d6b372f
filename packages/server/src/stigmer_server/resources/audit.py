"""Who changed a resource, and when."""

from dataclasses import replace

from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceAudit,
    ApiResourceAuditActor,
    ApiResourceAuditInfo,
)

from stigmer_server.access import Caller
from stigmer_server.timestamps import moment


def created(caller: Caller, at: int) -> ApiResourceAudit:
    """The audit of a new resource."""
    actor, when = ApiResourceAuditActor(id=caller.name), moment(at)

    def info() -> ApiResourceAuditInfo:
        return ApiResourceAuditInfo(
            created_by=actor, created_at=when, updated_by=actor, updated_at=when, event="created"
        )

    return ApiResourceAudit(spec_audit=info(), status_audit=info())


def updated(audit: ApiResourceAudit, caller: Caller, at: int) -> ApiResourceAudit:
    """The audit after a change of the spec or the metadata."""
    return replace(audit, spec_audit=_changed(audit.spec_audit, caller, at))


def status_updated(audit: ApiResourceAudit | None, caller: Caller, at: int) -> ApiResourceAudit:
    """The audit after a change of the status."""
    audit = audit or ApiResourceAudit()
    return replace(audit, status_audit=_changed(audit.status_audit, caller, at))


def _changed(info: ApiResourceAuditInfo | None, caller: Caller, at: int) -> ApiResourceAuditInfo:
    actor, when = ApiResourceAuditActor(id=caller.name), moment(at)
    return replace(info or ApiResourceAuditInfo(), updated_by=actor, updated_at=when, event="updated")
