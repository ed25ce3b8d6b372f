"""The secrets of executions, encrypted at rest, for the activities that need their values.

One blob an execution, under the SHA-256 of the execution's id:

    stigmer-secrets 1 <key id>\\n   then what `Sealer.seal` gives for the JSON object of names and values

Bound to the first line and the id's digest: no blob can be put in the place of another one.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from stigmer_engine.runtimes.temporal.payloads.blob_store import BlobStore
from stigmer_engine.runtimes.temporal.payloads.config import PayloadsConfig
from stigmer_engine.runtimes.temporal.payloads.key_file import KeyFile
from stigmer_engine.runtimes.temporal.payloads.keys import KeyRing
from stigmer_engine.runtimes.temporal.payloads.problems import (
    MissingSecrets,
    NoKeyForSecrets,
    UndecryptablePayload,
    UnknownKey,
)
from stigmer_engine.runtimes.temporal.payloads.sealing import Sealer, bind
from stigmer_engine.runtimes.temporal.payloads.stores import SECRETS, sealed_secrets

CACHE_FOR: Final = timedelta(minutes=5)
_MAX_CACHED: Final = 1000
_BEGIN: Final = b"stigmer-secrets 1 "


class SecretStore(Protocol):
    """Values of secrets, kept from the start of an execution to its end, outside of its history."""

    async def keep(self, execution_id: str, values: Mapping[str, str]) -> None:
        """Keep these values for the execution, instead of any kept before."""
        ...

    async def fetch(self, execution_id: str) -> Mapping[str, str]:
        """The values. Raises MissingSecrets when none are kept for this execution."""
        ...

    async def forget(self, execution_id: str) -> None:
        """Forget the values; nothing happens when none are kept."""
        ...


class SealedSecretStore:
    """A SecretStore that encrypts into a BlobStore.

    Args:
        keys: the first encrypts, all decrypt.
        key_file: where there are no `keys`, the key in here encrypts, and is made when there is none. It always
            decrypts.
        cache_for: how long values stay in memory; so long another process may still use forgotten ones.

    Besides MissingSecrets raises NoKeyForSecrets, UnknownKey, UndecryptablePayload and StoreProblem.
    """

    def __init__(
        self,
        store: BlobStore,
        keys: KeyRing,
        *,
        key_file: KeyFile | None = None,
        cache_for: timedelta = CACHE_FOR,
    ) -> None:
        self._store = store
        self._keys = keys
        self._key_file = key_file
        self._cache_seconds = cache_for.total_seconds()
        self._cache: dict[str, tuple[float, Mapping[str, str]]] = {}

    async def keep(self, execution_id: str, values: Mapping[str, str]) -> None:
        """See SecretStore.keep."""
        ring = await self._ring_to_encrypt()
        if ring.first is None:
            raise NoKeyForSecrets(
                f"Secrets in the {self._store.name} must be encrypted with a key that does not lie there too: set "
                "PAYLOAD_KEYS or PAYLOAD_KEYS_FILE, for all workers and clients the same."
            )
        name = blob_name(execution_id)
        header = _BEGIN + ring.first.id.encode() + b"\n"
        plain = json.dumps(dict(values), separators=(",", ":")).encode()
        sealed = Sealer(ring.first).seal(plain, bind((header, name.encode())), repeatable=False)
        await self._store.put(name, header + sealed, replace=True)
        self._remember(name, values)

    async def fetch(self, execution_id: str) -> Mapping[str, str]:
        """See SecretStore.fetch."""
        name = blob_name(execution_id)
        cached = self._cache.get(name)
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        blob = await self._store.get(name)
        if blob is None:
            raise MissingSecrets(
                f"No secrets are kept for the execution {execution_id!r} in the {self._store.name}: it has ended, or "
                "they were written to another store. Check that all workers have the same BLOB_STORAGE_* variables."
            )
        values = self._open(blob, name, execution_id, await self._ring_to_decrypt())
        self._remember(name, values)
        return values

    async def forget(self, execution_id: str) -> None:
        """See SecretStore.forget."""
        name = blob_name(execution_id)
        self._cache.pop(name, None)
        await self._store.delete(name)

    async def _ring_to_encrypt(self) -> KeyRing:
        if self._keys.first is not None or self._key_file is None:
            return self._keys
        return await asyncio.to_thread(self._key_file.read_or_make)

    async def _ring_to_decrypt(self) -> KeyRing:
        if self._key_file is None:
            return self._keys
        return KeyRing(self._keys.keys + (await asyncio.to_thread(self._key_file.read)).keys)

    def _open(self, blob: bytes, name: str, execution_id: str, ring: KeyRing) -> Mapping[str, str]:
        line, end, sealed = blob.partition(b"\n")
        key_id = line.removeprefix(_BEGIN).decode(errors="replace")
        key = next((key for key in ring.keys if key.id == key_id), None)
        if line.startswith(_BEGIN) and key is None:
            raise UnknownKey(
                f"The secrets of the execution {execution_id!r} are encrypted with the key {key_id!r}, which this "
                "process does not have. Add that key to PAYLOAD_KEYS or PAYLOAD_KEYS_FILE, after the first."
            )
        plain = Sealer(key).open(sealed, bind((line + end, name.encode()))) if key is not None else None
        if plain is None:
            raise UndecryptablePayload(
                f"The secrets of the execution {execution_id!r} in the {self._store.name} cannot be decrypted: the "
                f"blob {name} was altered, or another key has its key's id here."
            )
        values: dict[str, str] = json.loads(plain)
        return values

    def _remember(self, name: str, values: Mapping[str, str]) -> None:
        if len(self._cache) >= _MAX_CACHED:
            self._cache.clear()
        self._cache[name] = time.monotonic() + self._cache_seconds, dict(values)


def secret_store(config: PayloadsConfig) -> SealedSecretStore:
    """The secrets beside the blobs. Connects to nothing yet.

    In a folder they are encrypted even without `config.keys`, with the key in `secrets/key`. In a bucket `keep` then
    raises NoKeyForSecrets.
    """
    place = config.place
    key_file = KeyFile(place.expanduser() / SECRETS / "key") if isinstance(place, Path) else None
    return SealedSecretStore(sealed_secrets(place), config.keys, key_file=key_file)


def blob_name(execution_id: str) -> str:
    """The key of an execution's secrets: what an execution is called is not what a file is called."""
    return hashlib.sha256(execution_id.encode(errors="surrogatepass")).hexdigest()
