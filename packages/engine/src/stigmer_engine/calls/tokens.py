"""Access tokens, and whoever gets them."""

from dataclasses import dataclass
from typing import Protocol

from stigmer_dsl.json_types import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token. `expires_at` is in seconds of the clock."""

    access: str
    expires_at: float
    refresh: str | None = None
    identity: str | None = None

    @property
    def secrets(self) -> dict[str, str]:
        """What must not leave the call, by name."""
        texts = {"$access_token": self.access, "$refresh_token": self.refresh, "$id_token": self.identity}
        return {name: text for name, text in texts.items() if text}


class Tokens(Protocol):
    """Gets tokens and keeps them for as long as they last."""

    async def token(self, scheme: str, settings: JsonObject, *, renew: bool = False) -> Token:
        """A token that is valid now.

        Args:
            scheme: `oauth2` or `oidc`.
            settings: the policy in plain text.
            renew: a kept token was refused; get another one.

        Raises:
            Fault: `authentication`, `configuration`, or what the HTTP client raises. Texts may hold secrets.
        """
        ...
