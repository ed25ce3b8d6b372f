"""Secrets of executions: encrypted at rest, found by id, gone at the end."""

import asyncio
import base64
from datetime import timedelta
from pathlib import Path

import pytest
from stigmer_engine.runtimes.temporal.payloads import (
    Bucket,
    FilesystemStore,
    KeyRing,
    PayloadsConfig,
    SealedSecretStore,
    blob_store,
    secret_store,
    sweep,
)
from stigmer_engine.runtimes.temporal.payloads.keys import new_key, parse_keys
from stigmer_engine.runtimes.temporal.payloads.problems import (
    MissingSecrets,
    NoKeyForSecrets,
    UndecryptablePayload,
    UnknownKey,
)

from packages.engine.tests.s3_server import make_bucket, start_s3_server

VALUES = {"TOKEN": "the-secret-value", "LEER": "", "ÜBER": "\ud800 and 😀"}
OLD, NEW = new_key("2025"), new_key("2026")


def opened(folder: Path, *keys: object) -> SealedSecretStore:
    """A store as another process opens it: it remembers nothing."""
    return secret_store(PayloadsConfig(place=folder, keys=KeyRing(tuple(key for key in (OLD, NEW) if key in keys))))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_kept_fetched_and_forgotten(tmp_path: Path) -> None:
    await opened(tmp_path).keep("run/1", VALUES)
    await opened(tmp_path).keep("run/2", {"TOKEN": "other"})
    assert await opened(tmp_path).fetch("run/1") == VALUES
    await opened(tmp_path).keep("run/1", {"TOKEN": "newer"})
    assert await opened(tmp_path).fetch("run/1") == {"TOKEN": "newer"}
    await opened(tmp_path).forget("run/1")
    await opened(tmp_path).forget("run/1")
    with pytest.raises(MissingSecrets, match=r"'run/1' in the folder .*BLOB_STORAGE"):
        await opened(tmp_path).fetch("run/1")
    assert await opened(tmp_path).fetch("run/2") == {"TOKEN": "other"}


async def test_no_file_shows_a_value_or_is_for_others(tmp_path: Path) -> None:
    await opened(tmp_path).keep("../../escape", VALUES)
    assert len(files(tmp_path)) == 2
    for path in files(tmp_path):
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"the-secret-value" not in path.read_bytes()
        assert "escape" not in str(path.relative_to(tmp_path))


async def test_processes_that_begin_together_make_one_key(tmp_path: Path) -> None:
    await asyncio.gather(*(opened(tmp_path).keep(f"run-{number}", VALUES) for number in range(8)))
    assert len(parse_keys((tmp_path / "secrets" / "key").read_text()).keys) == 1
    assert [await opened(tmp_path).fetch(f"run-{number}") for number in range(8)] == [VALUES] * 8


async def test_payload_keys_take_the_place_of_the_key_file(tmp_path: Path) -> None:
    await opened(tmp_path, NEW).keep("new", VALUES)
    assert not (tmp_path / "secrets" / "key").exists()
    await opened(tmp_path).keep("file", VALUES)
    assert await opened(tmp_path, NEW).fetch("file") == VALUES
    assert await opened(tmp_path, NEW, OLD).fetch("new") == VALUES
    with pytest.raises(UnknownKey, match="'2026'"):
        await opened(tmp_path, OLD).fetch("new")


async def test_secrets_of_another_execution_cannot_be_put_in_place(tmp_path: Path) -> None:
    store = opened(tmp_path)
    await store.keep("mine", VALUES)
    await store.keep("theirs", {"TOKEN": "theirs"})
    mine, theirs = sorted(
        (path for path in (tmp_path / "secrets").rglob("*") if len(path.name) == 64), key=lambda p: -p.stat().st_size
    )
    mine.write_bytes(theirs.read_bytes())
    with pytest.raises(UndecryptablePayload, match="'mine'"):
        await opened(tmp_path).fetch("mine")
    mine.write_bytes(b"")
    with pytest.raises(UndecryptablePayload, match="altered"):
        await opened(tmp_path).fetch("mine")


async def test_a_key_file_that_holds_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("the-material")
    with pytest.raises(NoKeyForSecrets, match="id:base64") as caught:
        await opened(tmp_path).keep("run", VALUES)
    assert "the-material" not in str(caught.value)


async def test_values_stay_in_memory_for_a_while_only(tmp_path: Path) -> None:
    await opened(tmp_path, NEW).keep("run", VALUES)
    folder = FilesystemStore(tmp_path / "secrets")
    remembering = SealedSecretStore(folder, KeyRing((NEW,)))
    forgetful = SealedSecretStore(folder, KeyRing((NEW,)), cache_for=timedelta(0))
    assert await remembering.fetch("run") == await forgetful.fetch("run") == VALUES
    await opened(tmp_path, NEW).forget("run")
    assert await remembering.fetch("run") == VALUES
    with pytest.raises(MissingSecrets):
        await forgetful.fetch("run")
    await remembering.forget("run")
    with pytest.raises(MissingSecrets):
        await remembering.fetch("run")


async def test_a_sweep_of_payloads_leaves_secrets(tmp_path: Path) -> None:
    await opened(tmp_path).keep("run", VALUES)
    assert (await sweep(blob_store(tmp_path), timedelta(seconds=-5))).seen == 0
    assert await opened(tmp_path).fetch("run") == VALUES


async def test_in_a_bucket_with_keys_only() -> None:
    with start_s3_server() as address:
        bucket = make_bucket(address, "secrets-bucket")
        with pytest.raises(NoKeyForSecrets, match=r"bucket secrets-bucket .*PAYLOAD_KEYS"):
            await secret_store(PayloadsConfig(place=bucket)).keep("run", VALUES)
        config = PayloadsConfig(place=bucket, keys=KeyRing((NEW,)))
        await secret_store(config).keep("run", VALUES)
        assert await secret_store(config).fetch("run") == VALUES
        assert [info async for info in blob_store(bucket).list()] == []
        assert base64.b64encode(NEW.secret).decode() not in repr(config)
        assert isinstance(config.place, Bucket)
        await secret_store(config).forget("run")
        with pytest.raises(MissingSecrets):
            await secret_store(config).fetch("run")
