"""Tokens of OAuth 2.0 (RFC 6749, 8693) and OpenID Connect: asked for once, kept until they expire, then renewed."""

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import httpx
import jwt
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.http_client import HttpClient, Outgoing, Received
from stigmer_engine.calls.oauth_request import token_request
from stigmer_engine.calls.tokens import Token
from stigmer_engine.faults import Fault, fault

_KEPT: Final = 1000
_DISCOVERY: Final = "/.well-known/openid-configuration"
_DISCOVERY_SECONDS: Final = 3600.0
# A token that ends while the call is on its way is of no use.
_LEEWAY_SECONDS: Final = 30.0
# RFC 6749 lets a server keep the lifetime to itself; a 401 ends such a token sooner.
_UNTOLD_SECONDS: Final = 300.0


class OAuthTokens:
    """The tokens of all executions, by everything that was said to get them: who lacks the credentials gets none."""

    def __init__(self, client: HttpClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._tokens: OrderedDict[str, Token] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}
        self._discovered: dict[str, tuple[float, JsonObject]] = {}

    async def token(self, scheme: str, settings: JsonObject, *, renew: bool = False) -> Token:
        """A token that is valid now.

        Args:
            scheme: `oauth2` or `oidc`.
            settings: the policy in plain text.
            renew: a kept token was refused; get another one.

        Raises:
            Fault: `authentication`, `configuration`, or what the HTTP client raises. Texts may hold secrets.
        """
        key = hashlib.sha256(json.dumps([scheme, settings], sort_keys=True).encode()).hexdigest()
        lock = self._locks.setdefault(key, asyncio.Lock())
        seen = self._tokens.get(key)
        try:
            async with lock:
                kept = self._tokens.get(key)
                # Others may have renewed it while this call waited for the lock.
                wanted_new = renew and kept is seen
                if kept is not None and not wanted_new and self._clock() < kept.expires_at:
                    self._tokens.move_to_end(key)
                    return kept
                token = self._tokens[key] = await self._obtain(scheme, settings, kept)
                if len(self._tokens) > _KEPT:
                    self._tokens.popitem(last=False)
                return token
        finally:
            if not lock.locked():
                self._locks.pop(key, None)

    async def _obtain(self, scheme: str, settings: JsonObject, old: Token | None) -> Token:
        endpoint = await self._endpoint(scheme, settings)
        if old is not None and old.refresh:
            renewal: JsonObject = {**settings, "grant": "refresh_token", "refresh_token": old.refresh}
            try:
                return await self._ask(scheme, endpoint, renewal, old.refresh)
            except Fault:
                # The refresh token is used up or withdrawn; the grant itself may still be good.
                if settings.get("grant") == "refresh_token":
                    raise
        return await self._ask(scheme, endpoint, settings)

    async def _ask(self, scheme: str, endpoint: httpx.URL, settings: JsonObject, refresh: str | None = None) -> Token:
        headers, body = token_request(settings, str(endpoint), int(self._clock()))
        request = self._client.build("POST", endpoint, {**headers, "Accept": "application/json"}, body)
        shown = f"the token endpoint {endpoint.copy_with(query=None)}"
        received = await self._client.send(Outgoing(request=request, shown=shown))
        answer = _object(received, shown)
        if not received.response.is_success:
            reason = ": ".join(str(answer[name]) for name in ("error", "error_description") if answer.get(name))
            status = received.response.status_code
            raise fault("authentication", "No token was given out", f"{shown} answered {status} {reason}".rstrip())
        return self._read(scheme, answer, settings, shown, refresh)

    def _read(self, scheme: str, answer: JsonObject, settings: JsonObject, shown: str, refresh: str | None) -> Token:
        access = answer.get("access_token")
        if not isinstance(access, str) or not access:
            raise fault("authentication", "No token was given out", f"{shown} answered without an access_token")
        kind = str(answer.get("token_type") or "Bearer")
        if kind.lower() not in ("bearer", "n_a"):
            raise fault("authentication", "The token cannot be used", f"{shown} gave a token of the type {kind}")
        claims = _claims(access)
        identity = answer.get("id_token")
        identity = identity if isinstance(identity, str) else None
        said = claims or (_claims(identity) if identity else None)
        _check_issuer(settings, said, discovered=scheme == "oidc")
        now = self._clock()
        lifetime = _seconds(answer.get("expires_in"))
        if lifetime is None:
            expires = _seconds((claims or {}).get("exp"))
            lifetime = _UNTOLD_SECONDS if expires is None else expires - now
        fresh = answer.get("refresh_token")
        return Token(
            access=access,
            # A short life is used for its first half, so that not every call asks anew.
            expires_at=now + max(lifetime - _LEEWAY_SECONDS, lifetime / 2),
            refresh=fresh if isinstance(fresh, str) and fresh else refresh,
            identity=identity,
        )

    async def _endpoint(self, scheme: str, settings: JsonObject) -> httpx.URL:
        authority = settings.get("authority")
        if not isinstance(authority, str) or not authority:
            raise fault("configuration", f"The {scheme} authentication lacks `authority`")
        authority = authority.rstrip("/")
        if scheme == "oidc":
            document = await self._discover(authority, settings)
            path = document.get("token_endpoint")
            if not isinstance(path, str):
                raise fault("configuration", "The authority names no token endpoint", authority)
        else:
            endpoints = settings.get("endpoints")
            path = str((endpoints if isinstance(endpoints, dict) else {}).get("token") or "/oauth2/token")
            if "://" not in path:
                path = f"{authority}/{path.lstrip('/')}"
        return _url(path)

    async def _discover(self, authority: str, settings: JsonObject) -> JsonObject:
        address = authority if authority.endswith(_DISCOVERY) else authority + _DISCOVERY
        known = self._discovered.get(address)
        if known is None or self._clock() >= known[0]:
            request = self._client.build("GET", _url(address), {"Accept": "application/json"})
            received = await self._client.send(Outgoing(request=request, shown=f"GET {address}", redirect=True))
            if not received.response.is_success:
                status = received.response.status_code
                raise fault("authentication", "The authority cannot be discovered", f"{address} answered {status}")
            known = (self._clock() + _DISCOVERY_SECONDS, _object(received, address))
            self._discovered[address] = known
        document = known[1]
        issuer = str(document.get("issuer", "")).rstrip("/")
        expected = [str(name).rstrip("/") for name in _list(settings.get("issuers"))]
        # OpenID Connect Discovery 4.3: without this check any document would do.
        if issuer not in (expected or [authority.removesuffix(_DISCOVERY)]):
            raise fault("authentication", "The issuer is not the expected one", f"{address} says it is {issuer!r}")
        return document


def _check_issuer(settings: JsonObject, claims: JsonObject | None, *, discovered: bool) -> None:
    issuers = [str(name) for name in _list(settings.get("issuers"))]
    if not issuers:
        return
    issuer = None if claims is None else claims.get("iss")
    if issuer is None:
        if discovered:
            return  # the authority's own document has named the issuer already
        raise fault("authentication", "The token does not say who issued it", "leave `issuers` out for opaque tokens")
    if issuer not in issuers:
        raise fault("authentication", "The token comes from another issuer", f"{issuer!r} is not one of `issuers`")


def _claims(token: str) -> JsonObject | None:
    """What a JWT says, None for an opaque token. It came from the issuer itself, so nothing hangs on its signature."""
    try:
        claims: JsonObject = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
    return claims


def _object(received: Received, shown: str) -> JsonObject:
    try:
        answer = json.loads(received.body)
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        return answer
    if not received.response.is_success:
        return {}
    raise fault("authentication", "The authority did not answer with JSON", shown)


def _url(text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL:
        raise fault("configuration", "The address of the authority is not a URI", text) from None


def _seconds(value: JsonValue) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
