"""Authentication schemes against real peers, and what of them may be seen."""

import base64
import hashlib
import json
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from stigmer_dsl import InvalidDocument
from stigmer_engine.testing.runs import OpenRuns, ServeHttp

PASSWORD: Final = "p@ss/wörd 1"


async def echo(request: Request) -> Response:
    body = (await request.body()).decode()
    return JSONResponse({"authorization": request.headers.get("authorization"), "body": body, "url": str(request.url)})


async def basic(request: Request) -> Response:
    expected = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    if request.headers.get("authorization") != f"Basic {expected}":
        return Response(status_code=401)
    return JSONResponse({"who": "ann"})


async def digest(request: Request) -> Response:
    """RFC 7616 with MD5 and qop=auth."""
    header = request.headers.get("authorization", "")
    if not header.startswith("Digest "):
        challenge = 'Digest realm="r", nonce="n1", qop="auth", algorithm=MD5'
        return Response(status_code=401, headers={"www-authenticate": challenge})
    parts = dict(item.strip().split("=", 1) for item in header.removeprefix("Digest ").split(", "))
    said = {name: value.strip('"') for name, value in parts.items()}
    first = hashlib.md5(f"ann:r:{PASSWORD}".encode()).hexdigest()
    second = hashlib.md5(f"{request.method}:{said['uri']}".encode()).hexdigest()
    whole = ":".join([first, said["nonce"], said["nc"], said["cnonce"], said["qop"], second])
    proven = said["response"] == hashlib.md5(whole.encode()).hexdigest()
    return JSONResponse({"who": said["username"]}) if proven else Response(status_code=401)


async def away(request: Request) -> Response:
    return RedirectResponse(request.query_params["to"], status_code=int(request.query_params.get("status", "302")))


APP = Starlette(
    routes=[
        Route("/echo", echo, methods=["GET", "POST"]),
        Route("/basic", basic),
        Route("/digest", digest),
        Route("/away", away, methods=["GET", "POST"]),
    ]
)


def get(uri: str, authentication: str, rest: str = "", use: str = "use: {secrets: [S]}\n") -> str:
    endpoint = f"{{uri: '{uri}', authentication: {authentication}}}"
    return f"{use}do:\n- a:\n    call: http\n    with: {{method: get, endpoint: {endpoint}, {rest}}}\n"


@pytest.mark.parametrize("scheme", ["basic", "digest"])
async def test_user_and_password(open_runs: OpenRuns, serve: ServeHttp, scheme: str) -> None:
    async with serve(APP) as url, open_runs() as runs:
        given = get(f"{url}/{scheme}", f"{{{scheme}: {{username: ann, password: '${{ $secrets.S }}'}}}}")
        assert await runs.output(given, secrets={"S": PASSWORD}, drained=True) == {"who": "ann"}
        held = get(f"{url}/{scheme}", f"{{{scheme}: {{use: S}}}}")
        secret = json.dumps({"username": "ann", "password": PASSWORD})
        assert await runs.output(held, secrets={"S": secret}) == {"who": "ann"}
        kind, status, _ = await runs.error(given, secrets={"S": "another-password"})
        assert (kind, status) == ("communication", 401)
    runs.assert_kept(PASSWORD, "another-password", base64.b64encode(f"ann:{PASSWORD}".encode()).decode())


async def test_a_bearer_token_by_any_way(open_runs: OpenRuns, serve: ServeHttp) -> None:
    token = "tok-1234567890"
    async with serve(APP) as url, open_runs() as runs:
        for policy, secret in (
            ("{bearer: {token: '${ $secrets.S }'}}", token),
            ("{bearer: {use: S}}", token),
            ("{bearer: {use: S}}", json.dumps({"token": token})),
        ):
            output = await runs.output(get(f"{url}/echo", policy), secrets={"S": secret})
            assert isinstance(output, dict)
            assert str(output["authorization"]).startswith("Bearer [secret:")
        plain = get(f"{url}/echo", "{bearer: {token: '${ .t }'}}")
        assert await runs.output(plain, {"t": "of-the-input"}, secrets={"S": ""}) == {
            "authorization": "Bearer of-the-input", "body": "", "url": f"{url}/echo",
        }  # fmt: skip
    runs.assert_kept(token)


async def test_what_a_secret_that_is_used_must_hold(open_runs: OpenRuns, serve: ServeHttp) -> None:
    async with serve(APP) as url, open_runs() as runs:
        document = get(f"{url}/basic", "{basic: {use: S}}")
        kind, _, text = await runs.error(document, secrets={"S": "no-json-here"})
        assert (kind, "is not an object" in text) == ("configuration", True)
        kind, _, text = await runs.error(document, secrets={"S": '{"username": "ann"}'})
        assert (kind, "lacks `password`" in text) == ("configuration", True)
        kind, status, _ = await runs.error(document)
        assert (kind, status) == ("authorization", 403)
    runs.assert_kept("no-json-here")


async def test_the_authorization_variable_holds_a_placeholder(open_runs: OpenRuns, serve: ServeHttp) -> None:
    """The peer gets the parameter wherever the document puts it; nobody else does."""
    seen: list[str] = []

    async def record(request: Request) -> Response:
        seen.append((await request.body()).decode())
        return JSONResponse({"ok": True})

    app = Starlette(routes=[Route("/", record, methods=["POST"])])
    encoded = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    async with serve(app) as url, open_runs() as runs:
        text = (
            "use: {secrets: [S]}\ndo:\n- a:\n    call: http\n"
            f"    with: {{method: post, endpoint: {{uri: '{url}', authentication: {{basic: {{username: ann, "
            "password: '${ $secrets.S }'}}}, body: '${ $authorization }'}\n"
            "    output: {as: '{scheme: $authorization.scheme, shown: $authorization.parameter}'}\n"
        )
        output = await runs.output(text, secrets={"S": PASSWORD}, drained=True)
    assert json.loads(seen[0]) == {"scheme": "Basic", "parameter": encoded}
    assert isinstance(output, dict)
    assert output["scheme"] == "Basic"
    assert str(output["shown"]).startswith("[secret:")
    runs.assert_kept(PASSWORD, encoded)


async def test_a_secret_that_comes_back_in_another_spelling_is_taken_out(open_runs: OpenRuns, serve: ServeHttp) -> None:
    async def spell(request: Request) -> Response:
        given = request.query_params["s"]
        return Response(
            json.dumps({"ascii": given, "url": str(request.url), "quoted": json.dumps(given)}),
            media_type=request.query_params["as"],
        )

    app = Starlette(routes=[Route("/", spell)])
    async with serve(app) as url, open_runs() as runs:
        for media in ("application/json", "text/plain", "application/octet-stream"):
            for output in ("content", "raw", "response"):
                text = (
                    "use: {secrets: [S]}\ndo:\n- a:\n    call: http\n"
                    f"    with: {{method: get, endpoint: '{url}', output: {output}, "
                    f"query: {{as: {media}, s: '${{ $secrets.S }}'}}}}\n"
                )
                result = await runs.output(text, secrets={"S": PASSWORD})
                shown = result["content"] if isinstance(result, dict) and output == "response" else result
                if output == "raw" or media == "application/octet-stream":
                    shown = base64.b64decode(str(shown)).decode()
                shown = str(shown)
                assert "secret:" in shown
                assert PASSWORD not in shown
    runs.assert_kept(PASSWORD, "p%40ss", json.dumps(PASSWORD)[1:-1])


async def test_a_secret_in_a_uri_is_encoded_there(open_runs: OpenRuns, serve: ServeHttp) -> None:
    seen: list[str] = []

    async def record(request: Request) -> Response:
        seen.append(request.path_params["part"])
        return Response(status_code=404)

    async with serve(Starlette(routes=[Route("/x/{part}", record)])) as url, open_runs() as runs:
        text = (
            "use: {secrets: [S]}\ndo:\n- s: {set: {part: '${ $secrets.S }'}}\n"
            f"- a: {{call: http, with: {{method: get, endpoint: '{url}/x/{{part}}'}}}}\n"
        )
        await runs.error(text, secrets={"S": "a b?c#d"})
    assert seen == ["a b?c#d"]
    runs.assert_kept("a b?c#d", "a%20b%3Fc%23d")


@pytest.mark.parametrize("status", [302, 307])
async def test_credentials_do_not_follow_a_redirect_to_another_origin(
    open_runs: OpenRuns, serve: ServeHttp, status: int
) -> None:
    secret = {"S": "tok-1234567890"}
    async with serve(APP) as url, serve(APP) as other, open_runs() as runs:
        for policy in ("{bearer: {token: '${ $secrets.S }'}}", "{basic: {username: a, password: '${ $secrets.S }'}}"):
            for target, expected in ((f"{other}/echo", False), (f"{url}/echo", True)):
                text = get(f"{url}/away?status={status}&to={target}", policy, "redirect: true")
                output = await runs.output(text, secrets=secret)
                assert isinstance(output, dict)
                assert (output["authorization"] is not None) is expected


async def test_headers_with_secrets_do_not_either(open_runs: OpenRuns, serve: ServeHttp) -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def record(request: Request) -> Response:
        seen.append((request.headers.get("x-key"), request.headers.get("x-plain")))
        return Response(status_code=204)

    target = Starlette(routes=[Route("/", record)])
    async with serve(APP) as url, serve(target) as other, open_runs() as runs:
        text = (
            "use: {secrets: [S]}\ndo:\n- a:\n    call: http\n"
            f"    with: {{method: get, endpoint: '{url}/away?to={other}/', redirect: true, "
            "headers: {X-Key: '${ $secrets.S }', X-Plain: shown}}\n"
        )
        await runs.output(text, secrets={"S": "key-0987654321"})
    assert seen == [(None, "shown")]


async def test_a_body_with_a_secret_is_not_handed_on(open_runs: OpenRuns, serve: ServeHttp) -> None:
    async with serve(APP) as url, serve(APP) as other, open_runs() as runs:
        for target, body, allowed in (
            (f"{other}/echo", "{key: '${ $secrets.S }'}", False),
            (f"{other}/echo", "{key: plain}", True),
            (f"{url}/echo", "{key: '${ $secrets.S }'}", True),
        ):
            text = (
                "use: {secrets: [S]}\ndo:\n- a:\n    call: http\n    with: {method: post, redirect: true, "
                f"endpoint: '{url}/away?status=307&to={target}', body: {body}}}\n"
            )
            result = await runs.result(text, secrets={"S": "key-0987654321"})
            assert (result.error is None) is allowed
            assert result.error is None or "hand secrets on" in result.error.sentence
    runs.assert_kept("key-0987654321")


@pytest.mark.parametrize("scheme", ["oauth2", "oidc"])
async def test_the_authorization_code_grant_is_refused_by_name(open_runs: OpenRuns, scheme: str) -> None:
    policy = f"{{{scheme}: {{authority: 'http://a.test', grant: authorization_code}}}}"
    async with open_runs() as runs:
        for text, pointer in (
            (get("http://b.test", policy), f"/do/0/a/with/endpoint/authentication/{scheme}/grant"),
            (
                get("http://b.test", "{use: p}", use=f"use: {{authentications: {{p: {policy}}}}}\n"),
                f"/use/authentications/p/{scheme}/grant",
            ),
        ):
            with pytest.raises(InvalidDocument) as caught:
                await runs.result(text)
            (problem,) = caught.value.problems
            assert (problem.code, problem.pointer) == ("unsupported-construct", pointer)
            assert "authorization_code" in problem.message
