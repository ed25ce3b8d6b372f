"""TLS of a port."""

import ssl
from pathlib import Path

from stigmer_ports.config import ConfigError


def server_tls(
    cert_file: Path | None, key_file: Path | None, *, protocol: str, variables: tuple[str, str]
) -> ssl.SSLContext | None:
    """TLS 1.2 or later for a port; None when there are no files.

    Args:
        cert_file: PEM certificate chain.
        key_file: PEM private key of the certificate.
        protocol: what is spoken over it, by its name in ALPN: `h2`, `http/1.1`.
        variables: the settings that name the two files.

    Raises:
        ConfigError: a file cannot be used.
    """
    if cert_file is None or key_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([protocol])
    try:
        # Without a password function OpenSSL would ask the terminal, and the start would wait for ever.
        context.load_cert_chain(cert_file, key_file, _no_password)
    except ssl.SSLError:
        # What OpenSSL says names lines of its own code.
        raise ConfigError(
            f"{' and '.join(variables)} cannot be used: they hold no PEM certificate with the private key that belongs "
            "to it."
        ) from None
    except OSError as error:
        raise ConfigError(f"{' and '.join(variables)} cannot be used: {error.strerror}.") from None
    except _EncryptedKey:
        raise ConfigError(f"{variables[1]} holds an encrypted key; give one without a password.") from None
    return context


class _EncryptedKey(Exception):
    """The private key cannot be read without a password."""


def _no_password() -> str:
    raise _EncryptedKey
