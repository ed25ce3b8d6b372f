"""The address policy: what is refused, by which rule, on every way out."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from stigmer_engine import AddressPolicy, CallsConfig, EngineConfig, HttpConfig
from stigmer_engine.calls.address_policy import AddressRefused
from stigmer_engine.calls.network import Network
from stigmer_engine.calls.resolver import Resolver, system_resolver
from stigmer_engine.testing.runs import OpenRuns, ServeHttp

METADATA = "169.254.169.254"


def call(uri: str, rest: str = "") -> str:
    return f"do:\n- call:\n    call: http\n    with: {{method: get, endpoint: {{uri: '{uri}'}}, {rest}}}\n"


@pytest.mark.parametrize(
    "address",
    [
        METADATA,
        "169.254.170.2",
        "fe80::1",
        "fe80::1%1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:5601:5601",
        "224.0.0.1",
        "255.255.255.255",
        "ff02::1",
    ],
)
def test_these_addresses_are_refused_by_default(address: str) -> None:
    with pytest.raises(AddressRefused):
        AddressPolicy().check_address("peer.test", address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "fd12::1", "93.184.216.34", "2606::1"]
)
def test_these_addresses_are_allowed_by_default(address: str) -> None:
    AddressPolicy().check_address("peer.test", address)


@pytest.mark.parametrize(
    ("policy", "host", "address", "rule"),
    [
        (AddressPolicy(loopback=False), "a.test", "127.0.0.1", "`loopback`"),
        (AddressPolicy(loopback=False), "a.test", "::", "`loopback`"),
        (AddressPolicy(loopback=False), "a.test", "0.0.0.0", "`loopback`"),
        (AddressPolicy(loopback=False), "a.test", "::ffff:127.0.0.1", "`loopback`"),
        (AddressPolicy(private=False), "a.test", "10.0.0.1", "`private`"),
        (AddressPolicy(private=False), "a.test", "::ffff:10.0.0.1", "`private`"),
        (AddressPolicy(deny=("93.184.0.0/16",)), "a.test", "93.184.216.34", "`deny: 93.184.0.0/16`"),
        (AddressPolicy(default="deny"), "a.test", "93.184.216.34", "`allow`"),
        (AddressPolicy(default="deny", allow=("*.b.test",)), "b.test", "93.184.216.34", "`allow`"),
        (AddressPolicy(allow=("a.test",)), "a.test", METADATA, "link-local"),
        (AddressPolicy(allow=("10.0.0.0/8",), deny=("10.1.0.0/16",)), "a.test", "10.1.0.1", "`deny: 10.1.0.0/16`"),
    ],
)
def test_the_refusal_names_its_rule(policy: AddressPolicy, host: str, address: str, rule: str) -> None:
    with pytest.raises(AddressRefused, match=re.escape(rule)):
        policy.check_address(host, address)


@pytest.mark.parametrize(
    ("policy", "host", "address"),
    [
        (AddressPolicy(default="deny", allow=("*.b.test",)), "A.B.test.", "93.184.216.34"),
        (AddressPolicy(default="deny", allow=("93.184.216.34",)), "a.test", "93.184.216.34"),
        (AddressPolicy(private=False, allow=("inner.test",)), "inner.test", "10.0.0.1"),
        (AddressPolicy(loopback=False, allow=("127.0.0.1/32",)), "a.test", "127.0.0.1"),
        (AddressPolicy(allow=("169.254.10.0/24",)), "a.test", "169.254.10.1"),
    ],
)
def test_what_a_rule_allows(policy: AddressPolicy, host: str, address: str) -> None:
    policy.check_host(host)
    policy.check_address(host, address)


def test_a_name_can_be_denied() -> None:
    with pytest.raises(AddressRefused, match=r"deny: \*\.evil\.test"):
        AddressPolicy(deny=("*.evil.test",)).check_host("A.Evil.Test.")
    with pytest.raises(AddressRefused, match="metadata"):
        AddressPolicy().check_host("metadata.google.internal")


@pytest.mark.parametrize("rule", ["", " ", "10.0.0.0/99", "http://a.test/"])
def test_a_rule_that_is_none_is_refused_when_configured(rule: str) -> None:
    with pytest.raises(ValueError, match="is neither"):
        AddressPolicy(allow=(rule,))


@pytest.mark.parametrize(
    "host",
    [METADATA, "2852039166", "0xa9fea9fe", "169.254.43518", "[::ffff:169.254.169.254]", "[fe80::1]"],
)
async def test_no_spelling_of_an_address_gets_through(open_runs: OpenRuns, host: str) -> None:
    async with open_runs() as runs:
        kind, status, text = await runs.error(call(f"http://{host}/latest/meta-data"))
    assert (kind, status) == ("authorization", 403)
    assert "link-local" in text


async def test_octal_spellings_are_no_uri(open_runs: OpenRuns) -> None:
    async with open_runs() as runs:
        kind, _, _ = await runs.error(call("http://0251.0376.0251.0376/"))
    assert kind == "configuration"


async def test_a_redirect_is_judged_like_any_other_address(open_runs: OpenRuns, serve: ServeHttp) -> None:
    async def redirect(request: Request) -> Response:
        return RedirectResponse(request.query_params["to"])

    async with serve(Starlette(routes=[Route("/", redirect)])) as url, open_runs() as runs:
        for target in (f"http://{METADATA}/", "http://0xa9fea9fe/", "http://[::ffff:a9fe:a9fe]/"):
            kind, status, text = await runs.error(call(f"{url}/?to={target}", "redirect: true"))
            assert (kind, status) == ("authorization", 403)
            assert "link-local" in text
        kind, _, text = await runs.error(call(f"{url}/?to=file:///etc/passwd", "redirect: true"))
        assert kind == "communication"


async def test_a_name_is_judged_by_what_it_resolves_to(open_runs: OpenRuns, serve: ServeHttp) -> None:
    answers = {"evil.test": (METADATA,), "mixed.test": ("127.0.0.1", METADATA)}

    async with open_runs(config_with(answers)) as runs:
        for host in answers:
            kind, _, text = await runs.error(call(f"http://{host}/"))
            assert kind == "authorization"
            assert f"{host} ({METADATA})" in text


async def test_a_name_that_changes_after_the_check_gains_nothing(open_runs: OpenRuns, serve: ServeHttp) -> None:
    """DNS rebinding: the connection goes to the address that was judged, and each one is judged anew."""
    asked: list[str] = []

    async def resolver(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else (METADATA,)

    async def close(request: Request) -> Response:
        return JSONResponse({"host": request.headers["host"]}, headers={"connection": "close"})

    async with (
        serve(Starlette(routes=[Route("/", close)])) as url,
        open_runs(EngineConfig(calls=CallsConfig(resolver=resolver))) as runs,
    ):
        uri = url.replace("127.0.0.1", "rebinding.test")
        assert await runs.output(call(uri)) == {"host": uri.removeprefix("http://")}
        assert asked == ["rebinding.test"]
        kind, _, _ = await runs.error(call(uri))
        assert kind == "authorization"
        assert len(asked) == 2


async def test_tls_verifies_the_name_and_not_the_address(open_runs: OpenRuns, serve: ServeHttp, tmp_path: Path) -> None:
    authority = trustme.CA()
    roots = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(roots)
    answers = {"good.test": ("127.0.0.1",), "other.test": ("127.0.0.1",)}
    config = EngineConfig(calls=CallsConfig(resolver=fixed(answers)), http=HttpConfig(ca_file=roots))

    async def hello(request: Request) -> Response:
        return JSONResponse("hello")

    app = Starlette(routes=[Route("/", hello)])
    async with serve(app, authority.issue_cert("good.test")) as url, open_runs(config) as runs:
        assert await runs.output(call(url.replace("127.0.0.1", "good.test"))) == "hello"
        kind, _, text = await runs.error(call(url.replace("127.0.0.1", "other.test")))
        assert kind == "communication"
        assert "other.test" in text


async def test_tokens_resources_and_grpc_take_the_same_way(open_runs: OpenRuns) -> None:
    answers = {"evil.test": (METADATA,), "fine.test": ("127.0.0.1",)}
    token = "authentication: {oauth2: {authority: 'http://evil.test', grant: client_credentials}}"
    grpc = (
        "do:\n- a:\n    call: grpc\n    with: {{proto: {{endpoint: '{proto}'}},"
        " service: {{name: a.B, host: {host}, port: 1}}, method: C}}\n"
    )
    documents = [
        f"do:\n- a:\n    call: http\n    with: {{method: get, endpoint: {{uri: 'http://fine.test:1/', {token}}}}}\n",
        token.replace("oauth2", "oidc").join(
            ("do:\n- a:\n    call: http\n    with: {method: get, endpoint: {uri: 'http://fine.test:1/', ", "}}\n")
        ),
        "do:\n- a:\n    call: openapi\n    with: {document: {endpoint: 'http://evil.test/api.json'}, operationId: x}\n",
        "do:\n- a:\n    input: {schema: {resource: {endpoint: 'http://evil.test/s.json'}}}\n    set: {a: 1}\n",
        "do:\n- a:\n    call: http://evil.test/function.yaml\n",
        grpc.format(proto="grpc://evil.test:1", host="evil.test"),
        grpc.format(proto="http://evil.test/a.proto", host="fine.test"),
    ]
    async with open_runs(config_with(answers)) as runs:
        for document in documents:
            kind, status, text = await runs.error(document)
            assert (kind, status) == ("authorization", 403), document
            assert "link-local" in text


async def test_a_fault_of_the_policy_can_be_caught(open_runs: OpenRuns) -> None:
    text = (
        "do:\n- t:\n    try:\n    - get: {call: http, with: {method: get, endpoint: 'http://169.254.169.254/'}}\n"
        "    catch: {errors: {with: {status: 403}}, do: [{told: {set: {title: '${ $error.title }'}}}]}\n"
    )
    async with open_runs() as runs:
        assert await runs.output(text) == {"title": "The address is not allowed"}


async def test_a_name_that_does_not_resolve_is_a_communication_error(open_runs: OpenRuns) -> None:
    async with open_runs(config_with({})) as runs:
        kind, _, text = await runs.error(call("http://nowhere.test/"))
    assert kind == "communication"
    assert "nowhere.test" in text


async def test_the_systems_resolver_reads_addresses_as_getaddrinfo_does() -> None:
    assert await system_resolver("0x7f.1", 80) == ("127.0.0.1",)
    network = Network(AddressPolicy(loopback=False))
    with pytest.raises(AddressRefused):
        await network.addresses("2130706433", 80)
    with pytest.raises(AddressRefused):
        await network.addresses("localhost", 80)


def fixed(answers: Mapping[str, tuple[str, ...]]) -> Resolver:
    async def resolver(host: str, port: int) -> tuple[str, ...]:
        await asyncio.sleep(0)
        if host not in answers:
            raise OSError(f"{host} is not known")
        return answers[host]

    return resolver


def config_with(answers: Mapping[str, tuple[str, ...]]) -> EngineConfig:
    return EngineConfig(calls=CallsConfig(resolver=fixed(answers)))
