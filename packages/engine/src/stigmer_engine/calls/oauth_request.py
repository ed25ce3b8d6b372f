"""Token requests: the parameters of each grant, and how the client proves who it is (RFC 6749, 7523, 8693)."""

import base64
import json
import uuid
from typing import Final
from urllib.parse import quote_plus, urlencode

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.faults import fault

TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name, not a secret
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS: Final = 60
_CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def token_request(settings: JsonObject, endpoint: str, now: int) -> tuple[dict[str, str], bytes]:
    """Headers and body of the request for a token.

    Args:
        settings: the policy in plain text; `refresh_token` beside its own members for that grant.
        endpoint: the token endpoint, which a client assertion is made out to.
        now: Unix seconds.

    Raises:
        Fault: `configuration`, for what is missing or not supported.
    """
    parameters = _grant(settings)
    headers: dict[str, str] = {}
    _authenticate_client(settings, endpoint, now, parameters, headers)
    request = settings.get("request")
    encoding = request.get("encoding") if isinstance(request, dict) else None
    if encoding == "application/json":
        headers["Content-Type"] = "application/json"
        return headers, json.dumps(parameters).encode()
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return headers, urlencode(parameters, doseq=True).encode()


def _grant(settings: JsonObject) -> JsonObject:
    grant = settings.get("grant")
    parameters: JsonObject = {"grant_type": grant}
    match grant:
        case "client_credentials":
            pass
        case "password":
            parameters |= {name: _needed(settings, name, "grant password") for name in ("username", "password")}
        case "refresh_token":
            parameters["refresh_token"] = _refresh_token(settings)
        case str() if grant == TOKEN_EXCHANGE:
            parameters |= _exchanged(settings, "subject", required=True) | _exchanged(settings, "actor", required=False)
        case "authorization_code":
            hint = "it needs a person at a browser; use client_credentials, password or a token exchange"
            raise fault("configuration", "The grant authorization_code is not supported by this runner", hint)
        case _:
            raise fault("configuration", f"The grant {grant!r} is not one of OAuth 2.0 that this runner knows")
    scopes = settings.get("scopes")
    if isinstance(scopes, list) and scopes:
        parameters["scope"] = " ".join(str(scope) for scope in scopes)
    audiences = settings.get("audiences")
    if isinstance(audiences, list) and audiences:
        parameters["audience"] = audiences[0] if len(audiences) == 1 else audiences
    return parameters


def _refresh_token(settings: JsonObject) -> str:
    # The DSL has no property for it; `subject` is the one place where a policy can carry a token of the user.
    given = settings.get("refresh_token") or settings.get("subject")
    if isinstance(given, dict):
        given = given.get("token")
    if isinstance(given, str) and given:
        return given
    raise fault("configuration", "The grant refresh_token needs a token", "give it as `subject.token`")


def _exchanged(settings: JsonObject, name: str, *, required: bool) -> JsonObject:
    token = settings.get(name)
    if not isinstance(token, dict):
        if required:
            raise fault("configuration", f"The grant token-exchange needs `{name}`")
        return {}
    return {f"{name}_token": token.get("token"), f"{name}_token_type": token.get("type")}


def _authenticate_client(
    settings: JsonObject, endpoint: str, now: int, parameters: JsonObject, headers: dict[str, str]
) -> None:
    client = settings.get("client")
    if not isinstance(client, dict):
        return
    method = client.get("authentication") or "client_secret_post"
    match method:
        case "client_secret_basic":
            # RFC 6749, 2.3.1: both parts are form-encoded before they are put together.
            pair = ":".join(quote_plus(_needed(client, name, str(method))) for name in ("id", "secret"))
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        case "client_secret_post":
            parameters["client_id"] = _needed(client, "id", str(method))
            if client.get("secret") is not None:
                parameters["client_secret"] = client["secret"]
        case "none":
            parameters["client_id"] = _needed(client, "id", str(method))
        case "client_secret_jwt" | "private_key_jwt":
            if client.get("id") is not None:
                parameters["client_id"] = client["id"]
            parameters["client_assertion_type"] = _ASSERTION_TYPE
            parameters["client_assertion"] = client.get("assertion") or _sign(client, str(method), endpoint, now)
        case _:
            raise fault("configuration", f"The client authentication {method!r} is not supported by this runner")


def _sign(client: JsonObject, method: str, endpoint: str, now: int) -> str:
    """A client assertion (RFC 7523, 3) made of the client's own secret or key."""
    identifier, secret = _needed(client, "id", method), _needed(client, "secret", method)
    claims = {
        "iss": identifier,
        "sub": identifier,
        "aud": endpoint,
        "jti": uuid.uuid4().hex,
        "iat": now,
        "exp": now + _ASSERTION_SECONDS,
    }
    if method == "client_secret_jwt":
        return jwt.encode(claims, secret, algorithm="HS256")
    try:
        key = load_pem_private_key(secret.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise fault("configuration", "`client.secret` is not a private key", "private_key_jwt needs PEM") from None
    if isinstance(key, RSAPrivateKey):
        algorithm = "RS256"
    elif isinstance(key, EllipticCurvePrivateKey):
        algorithm = _CURVES.get(key.curve.name, "ES256")
    else:
        algorithm = "EdDSA"
    try:
        return jwt.encode(claims, secret, algorithm=algorithm)
    except (jwt.PyJWTError, TypeError, ValueError):
        raise fault("configuration", "The private key of the client cannot sign", f"tried {algorithm}") from None


def _needed(owner: JsonObject, name: str, for_what: str) -> str:
    value: JsonValue = owner.get(name)
    if isinstance(value, str) and value:
        return value
    raise fault("configuration", f"{for_what} needs `{name}`")
