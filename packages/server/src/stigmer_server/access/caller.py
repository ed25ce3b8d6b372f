"""Who makes a call."""

from dataclasses import dataclass
from enum import StrEnum

from stigmer_server.refusals import Reason, Refused


class Role(StrEnum):
    """What an API key is for."""

    CLIENT = "client"
    """Registers and runs workflows."""
    RUNNER = "runner"
    """Reads everything with its secrets, and reports."""
    ADMIN = "admin"
    """Everything but what only a runner can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The name and role of the API key a call came with."""

    name: str
    role: Role

    @property
    def reads_secrets(self) -> bool:
        """Whether values of secrets are shown."""
        return self.role is Role.RUNNER

    def require(self, *roles: Role) -> None:
        """Raise Refused (NOT_ALLOWED) unless the role is one of these."""
        if self.role not in roles:
            allowed = " or ".join(roles)
            raise Refused(Reason.NOT_ALLOWED, f"this call needs an API key with the role {allowed}, not {self.role}")


SERVER = Caller(name="system", role=Role.ADMIN)
