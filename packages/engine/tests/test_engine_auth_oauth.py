"""OAuth 2.0 and OpenID Connect against a real authority: grants, client authentication, keeping and renewing."""

import asyncio
import base64
import itertools
import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from stigmer_dsl.json_types import JsonObject
from stigmer_engine import EngineConfig
from stigmer_engine.testing.runs import OpenRuns, Runs, ServeHttp

SECRET: Final = "c1ient/secret+0123456789abcdef0123456789"
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass
class Authority:
    """A token endpoint that notes what it was asked, and an API that wants its tokens."""

    answer: JsonObject = field(default_factory=lambda: {"expires_in": 3600})
    asked: list[JsonObject] = field(default_factory=list)
    headers: list[str | None] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    issuer: str = ""
    status: int = 200
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/oauth2/token", self.token, methods=["POST"]),
                Route("/realm/custom", self.token, methods=["POST"]),
                Route("/.well-known/openid-configuration", self.discover),
                Route("/api", self.api),
            ]
        )

    async def token(self, request: Request) -> Response:
        body = (await request.body()).decode()
        if request.headers["content-type"] == "application/json":
            self.asked.append(json.loads(body))
        else:
            self.asked.append({name: v[0] if len(v) == 1 else list(v) for name, v in parse_qs(body).items()})
        self.headers.append(request.headers.get("authorization"))
        if self.status != 200:
            return JSONResponse({"error": "invalid_client", "error_description": body}, status_code=self.status)
        token = f"access-token-{next(self.numbers)}"
        self.good.add(token)
        return JSONResponse({"access_token": token, "token_type": "Bearer", **self.answer})

    async def discover(self, request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        return JSONResponse({"issuer": self.issuer or base, "token_endpoint": f"{base}/realm/custom"})

    async def api(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.good:
            return Response(status_code=401)
        return JSONResponse({"told": request.headers["authorization"]})


def policy(url: str, rest: str = "", *, grant: str = "client_credentials", scheme: str = "oauth2") -> str:
    return f"{{{scheme}: {{authority: '{url}', grant: '{grant}', {rest}}}}}"


CLIENT: Final = "client: {id: me, secret: '${ $secrets.S }'}"


def get(url: str, authentication: str, times: int = 1) -> str:
    one = f"{{call: http, with: {{method: get, endpoint: {{uri: '{url}/api', authentication: {authentication}}}}}}}"
    return "use: {secrets: [S, T]}\ndo:\n" + "".join(f"- call{number}: {one}\n" for number in range(times))


async def fetch(runs: Runs, url: str, authentication: str, times: int = 1, secret: str = SECRET) -> None:
    output = await runs.output(get(url, authentication, times), secrets={"S": secret, "T": "subject-token"})
    assert isinstance(output, dict)
    assert str(output["told"]).startswith("Bearer [secret:")


async def test_a_token_is_asked_for_once_and_never_seen(open_runs: OpenRuns, serve: ServeHttp) -> None:
    authority = Authority()
    async with serve(authority.app()) as url, open_runs() as runs:
        await fetch(runs, url, policy(url, f"{CLIENT}, scopes: [a, b], audiences: [x]"), times=3)
        await fetch(runs, url, policy(url, f"{CLIENT}, scopes: [a, b], audiences: [x]"))
        assert authority.asked == [
            {
                "grant_type": "client_credentials", "client_id": "me", "client_secret": SECRET, "scope": "a b",
                "audience": "x",
            }
        ]  # fmt: skip
        await fetch(runs, url, policy(url, CLIENT))
        assert len(authority.asked) == 2
    runs.assert_kept(SECRET, *authority.good)


async def test_calls_that_need_a_token_at_the_same_time_share_it(open_runs: OpenRuns, serve: ServeHttp) -> None:
    authority = Authority()
    async with serve(authority.app()) as url, open_runs() as runs:
        one = get(url, policy(url, CLIENT)).partition("- call0: ")[2]
        branches = "".join(f"      - b{number}: {one}" for number in range(5))
        text = f"use: {{secrets: [S]}}\ndo:\n- all:\n    fork:\n      branches:\n{branches}"
        output = await runs.output(text, secrets={"S": SECRET})
    assert isinstance(output, list)
    assert len(output) == 5
    assert len(authority.asked) == 1


@pytest.mark.parametrize("refresh", [None, "refresh-token-1"])
async def test_an_expired_token_is_renewed(open_runs: OpenRuns, serve: ServeHttp, refresh: str | None) -> None:
    now = [1_000_000.0]
    authority = Authority(answer={"expires_in": 100} | ({"refresh_token": refresh} if refresh else {}))
    async with serve(authority.app()) as url, open_runs(EngineConfig(clock=lambda: now[0])) as runs:
        await fetch(runs, url, policy(url, CLIENT))
        now[0] += 60
        await fetch(runs, url, policy(url, CLIENT))
        assert len(authority.asked) == 1
        now[0] += 20
        await fetch(runs, url, policy(url, CLIENT))
        assert len(authority.asked) == 2
        if refresh:
            assert authority.asked[1]["grant_type"] == "refresh_token"
            assert authority.asked[1]["refresh_token"] == refresh
        else:
            assert authority.asked[1] == authority.asked[0]
    runs.assert_kept("refresh-token-1", *authority.good)


async def test_a_token_that_was_withdrawn_is_replaced_once(open_runs: OpenRuns, serve: ServeHttp) -> None:
    authority = Authority()
    async with serve(authority.app()) as url, open_runs() as runs:
        await fetch(runs, url, policy(url, CLIENT))
        authority.good.clear()
        await fetch(runs, url, policy(url, CLIENT))
        assert len(authority.asked) == 2
        authority.answer = {"expires_in": 3600, "access_token": "never-good"}
        authority.good.clear()
        kind, status, _ = await runs.error(get(url, policy(url, CLIENT)), secrets={"S": SECRET, "T": ""})
        assert (kind, status) == ("communication", 401)
        assert len(authority.asked) == 3
    runs.assert_kept("never-good")


async def test_each_grant_sends_what_it_needs(open_runs: OpenRuns, serve: ServeHttp) -> None:
    authority = Authority()
    subject = "subject: {token: '${ $secrets.T }', type: 'urn:ietf:params:oauth:token-type:jwt'}"
    actor = "actor: {token: an-actor, type: 'urn:a'}"
    async with serve(authority.app()) as url, open_runs() as runs:
        await fetch(runs, url, policy(url, "username: ann, password: '${ $secrets.S }'", grant="password"))
        await fetch(runs, url, policy(url, subject, grant="refresh_token"))
        await fetch(runs, url, policy(url, f"{subject}, {actor}, audiences: [x, y]", grant=EXCHANGE))
    assert authority.asked == [
        {"grant_type": "password", "username": "ann", "password": SECRET},
        {"grant_type": "refresh_token", "refresh_token": "subject-token"},
        {
            "grant_type": EXCHANGE, "audience": ["x", "y"],
            "subject_token": "subject-token", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "actor_token": "an-actor", "actor_token_type": "urn:a",
        },
    ]  # fmt: skip
    runs.assert_kept(SECRET, "subject-token", *authority.good)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def test_the_client_proves_itself_in_every_way(open_runs: OpenRuns, serve: ServeHttp) -> None:
    authority = Authority()
    async with serve(authority.app()) as url, open_runs() as runs:
        for method in ("client_secret_basic", "client_secret_post", "client_secret_jwt", "none"):
            await fetch(runs, url, policy(url, CLIENT.replace("}'}", f"}}', authentication: {method}}}")))
        basic, post, signed, none = authority.asked
        assert (
            authority.headers[0]
            == "Basic " + base64.b64encode(b"me:c1ient%2Fsecret%2B0123456789abcdef0123456789").decode()
        )
        assert "client_secret" not in basic
        assert (post["client_id"], post["client_secret"]) == ("me", SECRET)
        assert (none["client_id"], "client_secret" in none) == ("me", False)
        endpoint = f"{url}/oauth2/token"
        claims = jwt.decode(str(signed["client_assertion"]), SECRET, algorithms=["HS256"], audience=endpoint)
        assert (claims["iss"], claims["sub"]) == ("me", "me")
        assert signed["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rsa.generate_private_key(65537, 2048), "RS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
    ],
)
async def test_a_private_key_signs_the_assertion(
    open_runs: OpenRuns,
    serve: ServeHttp,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    algorithm: str,
) -> None:
    authority = Authority()
    client = CLIENT.replace("}'}", "}', authentication: private_key_jwt}")
    async with serve(authority.app()) as url, open_runs() as runs:
        await fetch(runs, url, policy(url, client), secret=pem(key))
        assertion = str(authority.asked[0]["client_assertion"])
        jwt.decode(assertion, key.public_key(), algorithms=[algorithm], audience=f"{url}/oauth2/token")
        kind, _, text = await runs.error(get(url, policy(url, client)), secrets={"S": "no-key-at-all", "T": ""})
        assert (kind, "private key" in text) == ("configuration", True)
    runs.assert_kept("no-key-at-all", pem(key).split("\n")[1])


async def test_an_assertion_that_is_given_is_sent_as_it_is(open_runs: OpenRuns, serve: ServeHttp) -> None:
    authority = Authority()
    async with serve(authority.app()) as url, open_runs() as runs:
        client = "client: {assertion: '${ $secrets.S }', authentication: private_key_jwt}"
        await fetch(runs, url, policy(url, client), secret="made-elsewhere")
    assert authority.asked[0]["client_assertion"] == "made-elsewhere"


async def test_the_request_is_encoded_as_asked(open_runs: OpenRuns, serve: ServeHttp) -> None:
    authority = Authority()
    rest = f"{CLIENT}, request: {{encoding: application/json}}, endpoints: {{token: /realm/custom}}, audiences: [x, y]"
    async with serve(authority.app()) as url, open_runs() as runs:
        await fetch(runs, url, policy(url, rest))
    assert authority.asked[0]["audience"] == ["x", "y"]
    assert authority.asked[0]["client_secret"] == SECRET


@pytest.mark.parametrize("scheme", ["oauth2", "oidc"])
async def test_a_secret_holds_the_whole_policy(open_runs: OpenRuns, serve: ServeHttp, scheme: str) -> None:
    authority = Authority()
    async with serve(authority.app()) as url, open_runs() as runs:
        held = {
            "authority": url, "grant": "client_credentials", "client": {"id": "me", "secret": "held-inside-0"},
        }  # fmt: skip
        await fetch(runs, url, f"{{{scheme}: {{use: S}}}}", secret=json.dumps(held))
        assert authority.asked[0]["client_secret"] == "held-inside-0"
        authority.status = 400
        held["scopes"] = ["other"]
        document = get(url, f"{{{scheme}: {{use: S}}}}")
        kind, status, text = await runs.error(document, secrets={"S": json.dumps(held), "T": ""})
        assert (kind, status) == ("authentication", 401)
        assert "invalid_client" in text
    runs.assert_kept("held-inside-0", *authority.good)


async def test_oidc_finds_its_endpoint(open_runs: OpenRuns, serve: ServeHttp) -> None:
    authority = Authority()
    async with serve(authority.app()) as url, open_runs() as runs:
        await fetch(runs, url, policy(url, CLIENT, scheme="oidc"), times=2)
        await fetch(runs, url, policy(f"{url}/", CLIENT, scheme="oidc"))
        authority.issuer = "https://somebody.else"
        rest = f"{CLIENT}, scopes: [other]"
    authority = Authority(issuer="https://somebody.else")
    async with serve(authority.app()) as url, open_runs() as runs:
        document = get(url, policy(url, rest, scheme="oidc"))
        kind, status, text = await runs.error(document, secrets={"S": SECRET, "T": ""})
        assert (kind, status) == ("authentication", 401)
        assert "somebody.else" in text
        await fetch(runs, url, policy(url, f"{CLIENT}, issuers: ['https://somebody.else']", scheme="oidc"))
    runs.assert_kept(SECRET, *authority.good)


async def test_the_issuer_of_a_token_is_checked(open_runs: OpenRuns, serve: ServeHttp) -> None:
    token = jwt.encode({"iss": "https://right.test", "exp": 4102444800}, "k" * 32, algorithm="HS256")
    authority = Authority(answer={"access_token": token}, good={token})
    async with serve(authority.app()) as url, open_runs() as runs:
        await fetch(runs, url, policy(url, f"{CLIENT}, issuers: ['https://right.test', 'https://b.test']"))
        document = get(url, policy(url, f"{CLIENT}, issuers: ['https://wrong.test']"))
        kind, status, text = await runs.error(document, secrets={"S": SECRET, "T": ""})
        assert (kind, status, "right.test" in text) == ("authentication", 401, True)
        authority.answer = {}
        document = get(url, policy(url, f"{CLIENT}, issuers: ['https://c.test']"))
        kind, _, text = await runs.error(document, secrets={"S": SECRET, "T": ""})
        assert (kind, "does not say" in text) == ("authentication", True)
    runs.assert_kept(token)


async def test_what_the_authority_answers_may_be_wrong(open_runs: OpenRuns, serve: ServeHttp) -> None:
    authority = Authority()
    async with serve(authority.app()) as url, open_runs() as runs:
        answers: list[tuple[JsonObject, int, str]] = [
            ({}, 401, "invalid_client"),
            ({"access_token": None}, 200, "without an access_token"),
            ({"token_type": "mac"}, 200, "type mac"),
        ]
        for number, (answer, status, expected) in enumerate(answers):
            authority.answer, authority.status = answer, status
            document = get(url, policy(url, f"{CLIENT}, scopes: ['{number}']"))
            kind, code, text = await runs.error(document, secrets={"S": SECRET, "T": ""})
            assert (kind, code) == ("authentication", 401)
            assert expected in text
    runs.assert_kept(SECRET)


async def test_a_call_that_is_cancelled_while_it_waits_for_a_token_ends(open_runs: OpenRuns, serve: ServeHttp) -> None:
    asked = asyncio.Event()
    never = asyncio.Event()

    async def token(request: Request) -> Response:
        asked.set()
        await never.wait()
        return Response()

    async with serve(Starlette(routes=[Route("/oauth2/token", token, methods=["POST"])])) as url, open_runs() as runs:
        document = get(url, policy(url, CLIENT)).replace("with:", "timeout: {after: {milliseconds: 300}}, with:")
        kind, status, _ = await runs.error(document, secrets={"S": SECRET, "T": ""})
        assert (kind, status, asked.is_set()) == ("timeout", 408, True)
        never.set()
