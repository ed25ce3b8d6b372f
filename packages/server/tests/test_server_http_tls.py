"""The HTTP port with a certificate, in a real process."""

import ssl
from pathlib import Path

import httpx
import trustme
from stigmer_server.testing import CLIENT_KEY, ServerProcess


def test_the_port_speaks_tls_and_http_1(tmp_path: Path) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("localhost", "127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    own.private_key_pem.write_to_path(key)
    for part in own.cert_chain_pems:
        part.write_to_path(chain, append=True)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    trusted.set_alpn_protocols(["h2", "http/1.1"])
    settings = {"STIGMER_SERVER_TLS_CERT_FILE": str(chain), "STIGMER_SERVER_TLS_KEY_FILE": str(key)}
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    with ServerProcess(tmp_path / "data", settings) as server:
        base_url = server.http_url.replace("http://", "https://")
        with httpx.Client(base_url=base_url, verify=trusted, headers=headers, trust_env=False, timeout=60) as client:
            answer = client.get("/api/v1/me")
            assert (answer.status_code, answer.http_version) == (200, "HTTP/1.1")
