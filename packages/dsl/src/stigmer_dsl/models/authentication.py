"""Authentication policies: `basic`, `bearer`, `digest`, `oauth2`, `oidc`."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.model import Maybe, Model, one_of
from stigmer_dsl.models.text import UriText


def _needs(model: Model, *names: str) -> None:
    missing = [name for name in names if getattr(model, name) is None]
    if missing:
        raise PydanticCustomError(
            "missing-property",
            f"`{missing[0]}` is required",
            {"hint": f"Add `{missing[0]}`, or name a secret that holds it with `use`."},
        )


class BasicAuthentication(Model):
    """User name and password, or the secret that holds both."""

    username: Maybe[str] = None
    password: Maybe[str] = None
    use: Maybe[str] = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.use is None:
            _needs(self, "username", "password")
        return self


class DigestAuthentication(BasicAuthentication):
    """HTTP digest: user name and password, or the secret that holds both."""


class BearerAuthentication(Model):
    """A bearer token, or the secret that holds it."""

    token: Maybe[str] = None
    use: Maybe[str] = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.use is None:
            _needs(self, "token")
        return self


class OAuth2Client(Model):
    """The client that asks for a token."""

    id: Maybe[str] = None
    secret: Maybe[str] = None
    assertion: Maybe[str] = None
    authentication: Literal[
        "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"
    ] = "client_secret_post"


class OAuth2Request(Model):
    """How the token request is encoded."""

    encoding: Literal["application/x-www-form-urlencoded", "application/json"] = "application/x-www-form-urlencoded"


class OAuth2Token(Model):
    """A token for the token exchange grant."""

    token: str
    type: str


class OAuth2Endpoints(Model):
    """Paths of the authority, relative to it."""

    token: UriText = "/oauth2/token"  # noqa: S105 - a path, not a secret
    revocation: UriText = "/oauth2/revoke"
    introspection: UriText = "/oauth2/introspect"


class OpenIdConnectAuthentication(Model):
    """OpenID Connect; the endpoints come from the authority's discovery document."""

    authority: Maybe[UriText] = None
    grant: Maybe[
        Literal[
            "authorization_code",
            "client_credentials",
            "password",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ]
    ] = None
    client: Maybe[OAuth2Client] = None
    request: Maybe[OAuth2Request] = None
    issuers: Maybe[tuple[str, ...]] = None
    scopes: Maybe[tuple[str, ...]] = None
    audiences: Maybe[tuple[str, ...]] = None
    username: Maybe[str] = None
    password: Maybe[str] = None
    subject: Maybe[OAuth2Token] = None
    actor: Maybe[OAuth2Token] = None
    use: Maybe[str] = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.use is None:
            _needs(self, "authority", "grant")
        return self


class OAuth2Authentication(OpenIdConnectAuthentication):
    """OAuth 2.0 with explicit endpoints."""

    endpoints: Maybe[OAuth2Endpoints] = None


class AuthenticationPolicy(Model):
    """Exactly one scheme."""

    basic: Maybe[BasicAuthentication] = None
    bearer: Maybe[BearerAuthentication] = None
    digest: Maybe[DigestAuthentication] = None
    oauth2: Maybe[OAuth2Authentication] = None
    oidc: Maybe[OpenIdConnectAuthentication] = None

    @model_validator(mode="after")
    def _one_scheme(self) -> Self:
        one_of(self, "basic", "bearer", "digest", "oauth2", "oidc")
        return self


class AuthenticationReference(AuthenticationPolicy):
    """A scheme in place, or `use`: the name of a policy in `use.authentications`."""

    use: Maybe[str] = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_scheme(self) -> Self:
        one_of(self, "use", "basic", "bearer", "digest", "oauth2", "oidc")
        return self
