"""Where the keys of secrets come from: a variable, or a file that only the server's user can read."""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

from stigmer_server.config import ConfigError, Settings
from stigmer_server.timestamps import now_ms
from stigmer_server.vault.key_ring import KeyRing

_FILE: Final = "secret-keys"


def load_key_ring(settings: Settings) -> KeyRing:
    """The keys of `STIGMER_SECRET_KEYS`, else of the file `secret-keys` in the data folder, made when missing.

    Raises ConfigError when they cannot be read, or when others can read the file.
    """
    if settings.stigmer_secret_keys is not None:
        try:
            return KeyRing.parse(settings.stigmer_secret_keys.get_secret_value())
        except ValueError as error:
            raise ConfigError(f"STIGMER_SECRET_KEYS {error}.") from None
    file = settings.data_dir / _FILE
    if not file.exists():
        add_key(settings)
    try:
        if file.stat().st_mode & 0o077:
            raise ConfigError(f"Others can read {file}, which holds the keys of secrets: chmod 600 it.")
        return KeyRing.parse(file.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else f"it {error}"
        raise ConfigError(f"The keys of secrets in {file} cannot be used: {why}.") from None


def add_key(settings: Settings) -> Path:
    """Put a new key in front of the others in the file; the next start encrypts everything anew with it.

    Raises ConfigError when the file cannot be written.
    """
    file = settings.data_dir / _FILE
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        older = file.read_text(encoding="ascii") if file.exists() else ""
        fresh = file.with_name(f"{_FILE}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as target:
            target.write(f"k{now_ms()}:{key}\n{older}")
            target.flush()
            os.fsync(target.fileno())
        fresh.replace(file)
    except OSError as error:
        raise ConfigError(f"The keys of secrets cannot be written to {file}: {error.strerror}.") from None
    return file
