"""Certificates that cannot be used are one sentence."""

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from stigmer_ports.config import ConfigError
from stigmer_ports.tls import server_tls

VARIABLES = ("CERT_FILE", "KEY_FILE")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate and its key."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for part in issued.cert_chain_pems:
        part.write_to_path(cert, append=True)
    issued.private_key_pem.write_to_path(key)
    return cert, key


def test_a_pair_is_tls_1_2_or_later(pair: tuple[Path, Path]) -> None:
    context = server_tls(*pair, protocol="h2", variables=VARIABLES)
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_without_files_there_is_none() -> None:
    assert server_tls(None, None, protocol="h2", variables=VARIABLES) is None


def test_files_that_cannot_be_used_are_named(pair: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = pair
    other = tmp_path / "other.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_pem.write_to_path(other)
    for cert_file, key_file, why in (
        (tmp_path / "absent", key, "No such file or directory"),
        (key, key, "they hold no PEM certificate with the private key that belongs to it"),
        (cert, other, "they hold no PEM certificate with the private key that belongs to it"),
    ):
        with pytest.raises(ConfigError, match=rf"^CERT_FILE and KEY_FILE cannot be used: {why}\.$"):
            server_tls(cert_file, key_file, protocol="h2", variables=VARIABLES)


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = pair
    encrypted = tmp_path / "encrypted.pem"
    encrypted.write_bytes(
        load_pem_private_key(key.read_bytes(), None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        )
    )
    with pytest.raises(ConfigError, match=r"^KEY_FILE holds an encrypted key; give one without a password\.$"):
        server_tls(cert, encrypted, protocol="h2", variables=VARIABLES)
