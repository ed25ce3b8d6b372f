"""Authorization of calls (dsl.md 1.10): settings with their secrets filled in, to what the request must carry."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import httpx
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.tokens import Tokens
from stigmer_engine.faults import Fault, fault
from stigmer_engine.secrets import AUTHORIZATION, SecretVault

_SECRET_MEMBERS: Final = frozenset({"password", "secret", "assertion", "token", "refresh_token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a request must carry.

    Attributes:
        header: value of the `Authorization` header, when it is known beforehand.
        auth: answers the peer's challenge instead (digest).
        vault: knows the token and whatever else must not come back out of the call, beside the execution's secrets.
        renewable: whether a 401 may mean no more than that a kept token was withdrawn.
    """

    vault: SecretVault
    header: str | None = None
    auth: httpx.Auth | None = None
    renewable: bool = False


@dataclass(slots=True)
class _Settings:
    """Settings of one scheme in plain text, and the secrets that came with a `use`."""

    members: JsonObject
    secret: bool
    secrets: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.members.get(name)
        if isinstance(value, str):
            return value
        raise fault("configuration", f"The authentication lacks `{name}`", "the value is missing or is not text")


class Authorizer:
    """Turns authentication settings into authorizations. Most need no token, so `open_tokens` is called by need."""

    def __init__(self, open_tokens: Callable[[], Tokens]) -> None:
        self._open_tokens = open_tokens

    @cached_property
    def _tokens(self) -> Tokens:
        return self._open_tokens()

    async def authorize(self, settings: JsonValue, vault: SecretVault, *, renew: bool = False) -> Authorization:
        """The authorization for `{"scheme", ...}` (placeholders in it); an empty one for None.

        Args:
            renew: do not use a kept token.

        Raises:
            Fault: `authentication` when no token is given out; `configuration` for settings that cannot work. Texts
                may hold secrets: scrub them.
        """
        if not isinstance(settings, dict):
            return Authorization(vault=vault)
        plain = _plain(settings, vault)
        try:
            return await self._authorize(settings, plain, vault, renew=renew)
        except Fault as error:
            raise Fault(vault.also(plain.secrets).scrub_error(error.error)) from None

    async def _authorize(
        self, settings: JsonObject, plain: _Settings, vault: SecretVault, *, renew: bool
    ) -> Authorization:
        match settings["scheme"]:
            case "basic":
                pair = f"{plain.text('username')}:{plain.text('password')}"
                return _with_header("Basic", base64.b64encode(pair.encode()).decode(), plain, vault)
            case "bearer":
                return _with_header("Bearer", plain.text("token"), plain, vault)
            case "digest":
                auth = httpx.DigestAuth(plain.text("username"), plain.text("password"))
                return Authorization(vault=vault.also(plain.secrets), auth=auth)
            case "oauth2" | "oidc" as scheme:
                token = await self._tokens.token(scheme, plain.members, renew=renew)
                held = _Settings(plain.members, secret=True, secrets={**plain.secrets, **token.secrets})
                return _with_header("Bearer", token.access, held, vault, renewable=True)
            case scheme:
                raise fault("configuration", f"The authentication scheme {scheme} is not supported by this runner")


def _with_header(
    scheme: str, parameter: str, plain: _Settings, vault: SecretVault, *, renewable: bool = False
) -> Authorization:
    if not parameter.isascii() or not parameter.isprintable():
        raise fault("configuration", "The token of the call contains a line break or another unprintable character")
    named = {AUTHORIZATION: parameter}
    known = vault.also({**plain.secrets, **named}) if plain.secret else vault.also({}, named)
    return Authorization(vault=known, header=f"{scheme} {parameter}", renewable=renewable)


def _plain(settings: JsonObject, vault: SecretVault) -> _Settings:
    filled = vault.fill({name: value for name, value in settings.items() if name != "scheme"})
    assert isinstance(filled, dict)
    if "use" not in filled:
        # What a document says in plain text is no secret, and may well be part of its output.
        return _Settings(filled, secret=vault.holds(json.dumps(settings)))
    text = str(filled["use"])
    try:
        held: JsonValue = json.loads(text)
    except ValueError:
        held = None
    if isinstance(held, dict):
        return _Settings(held, secret=True, secrets=dict(_secret_texts(held)))
    if settings["scheme"] == "bearer":
        return _Settings({"token": text}, secret=True)
    hint = 'it must hold JSON, such as {"username": "...", "password": "..."}'
    raise fault("configuration", f"The secret of the {settings['scheme']} authentication is not an object", hint)


def _secret_texts(held: JsonObject, prefix: str = "$") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in held.items():
        if isinstance(value, dict):
            found += _secret_texts(value, f"{prefix}{name}.")
        elif isinstance(value, str) and name in _SECRET_MEMBERS:
            found.append((f"{prefix}{name}", value))
    return found
