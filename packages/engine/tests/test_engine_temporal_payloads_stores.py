"""Stores of blobs on a real file system and a real S3 server, and their sweep."""

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from stigmer_engine.runtimes.temporal.payloads import (
    BlobStore,
    Bucket,
    FilesystemStore,
    S3BlobStore,
    sweep,
    sweep_periodically,
)
from stigmer_engine.runtimes.temporal.payloads.problems import StoreProblem

from packages.engine.tests.s3_server import make_bucket, start_s3_server

KEY = hashlib.sha256(b"content").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()
NEVER = timedelta(days=1000)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with start_s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "folder":
        return FilesystemStore(tmp_path / "blobs")
    bucket = make_bucket(request.getfixturevalue("s3"), f"bucket-{time.monotonic_ns()}")
    return S3BlobStore(bucket, prefix="blobs")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def keys(store: BlobStore) -> set[str]:
    return {info.key async for info in store.list()}


async def test_a_blob_is_there_from_put_to_delete(store: BlobStore) -> None:
    assert (await store.get(KEY), await store.describe(KEY), await keys(store)) == (None, None, set())
    await store.delete(KEY)
    await store.put(KEY, b"content")
    await store.put(OTHER, b"")
    info = await store.describe(KEY)
    assert info is not None
    assert (info.key, info.size, await store.get(KEY), await store.get(OTHER)) == (KEY, 7, b"content", b"")
    assert await keys(store) == {KEY, OTHER}
    await store.delete(KEY)
    assert (await store.get(KEY), await keys(store)) == (None, {OTHER})


async def test_a_blob_is_left_unless_it_is_to_be_replaced(store: BlobStore) -> None:
    await store.put(KEY, b"first")
    await store.put(KEY, b"second")
    assert await store.get(KEY) == b"first"
    await store.put(KEY, b"third", replace=True)
    assert await store.get(KEY) == b"third"


async def test_many_writers_of_one_blob_do_not_disturb_readers(store: BlobStore) -> None:
    content = os.urandom(300_000)
    seen: set[bytes | None] = set()

    async def read() -> None:
        seen.add(await store.get(KEY))

    await asyncio.gather(*(store.put(KEY, content, replace=True) for _ in range(8)), *(read() for _ in range(8)))
    assert seen <= {None, content}
    assert await store.get(KEY) == content


@pytest.mark.parametrize("key", ["", "..", "../" + KEY[3:], KEY.upper(), KEY + "0", KEY[:-1] + "/", KEY[:-1] + "\n"])
async def test_a_key_is_a_digest_or_refused(store: BlobStore, key: str) -> None:
    for request in (store.get(key), store.put(key, b""), store.describe(key), store.delete(key)):
        with pytest.raises(ValueError, match="SHA-256"):
            await request


async def test_a_sweep_takes_what_is_old_and_not_in_use(store: BlobStore) -> None:
    await store.put(KEY, b"content")
    await store.put(OTHER, b"other")
    asked = 0

    async def in_use() -> frozenset[str]:
        nonlocal asked
        asked += 1
        return frozenset({OTHER})

    report = await sweep(store, NEVER, in_use=in_use)
    assert (report.seen, report.deleted, asked) == (2, 0, 0)
    # An age in whole seconds is all that S3 tells, so everything counts as older than one second ago from now.
    everything = timedelta(seconds=-5)
    report = await sweep(store, everything, in_use=in_use, dry_run=True)
    assert (report.deleted, report.deleted_bytes, report.in_use, await keys(store)) == (1, 7, 1, {KEY, OTHER})
    report = await sweep(store, everything, in_use=in_use)
    assert (report.deleted, report.deleted_bytes, report.in_use, await keys(store)) == (1, 7, 1, {OTHER})
    assert (await sweep(store, everything)).deleted == 1
    assert await keys(store) == set()


async def test_nothing_is_deleted_when_it_is_not_known_what_is_in_use(store: BlobStore) -> None:
    await store.put(KEY, b"content")

    async def in_use() -> frozenset[str]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await sweep(store, timedelta(seconds=-5), in_use=in_use)
    assert await keys(store) == {KEY}


def age(path: Path, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(path, (then, then))


@pytest.mark.parametrize("use", [lambda store: store.get(KEY), lambda store: store.put(KEY, b"content")])
async def test_a_blob_that_is_used_gets_young(tmp_path: Path, use: Callable[[BlobStore], object]) -> None:
    store = FilesystemStore(tmp_path)
    await store.put(KEY, b"content")
    age(tmp_path / KEY[:2] / KEY, 40)
    used = use(store)
    assert asyncio.iscoroutine(used)
    await used
    assert (await sweep(store, timedelta(days=30))).deleted == 0
    age(tmp_path / KEY[:2] / KEY, 40)
    assert (await sweep(store, timedelta(days=30))).deleted == 1


@pytest.mark.parametrize("use", [lambda store: store.get(KEY), lambda store: store.put(KEY, b"content")])
async def test_an_object_that_is_used_is_written_again(s3: str, use: Callable[[BlobStore], object]) -> None:
    bucket = make_bucket(s3, f"bucket-{time.monotonic_ns()}")
    store = S3BlobStore(bucket, prefix="blobs", refresh_after=timedelta(seconds=1))
    await store.put(KEY, b"content")
    await asyncio.sleep(2.1)
    before = await store.describe(KEY)
    used = use(store)
    assert asyncio.iscoroutine(used)
    await used
    after = await store.describe(KEY)
    assert before is not None
    assert after is not None
    assert after.age < before.age
    assert await store.get(KEY) == b"content"


async def test_blobs_in_use_get_young_by_a_sweep(tmp_path: Path) -> None:
    store = FilesystemStore(tmp_path)
    await store.put(KEY, b"content")
    age(tmp_path / KEY[:2] / KEY, 40)

    async def in_use() -> frozenset[str]:
        return frozenset({KEY})

    assert (await sweep(store, timedelta(days=30), in_use=in_use)).in_use == 1
    info = await store.describe(KEY)
    assert info is not None
    assert info.age < timedelta(days=1)


async def test_files_are_for_their_owner_only_and_below_a_shard(tmp_path: Path) -> None:
    store = FilesystemStore(tmp_path / "deep" / "blobs")
    await store.put(KEY, b"content")
    (path,) = files(tmp_path)
    assert path.relative_to(tmp_path) == Path("deep/blobs") / KEY[:2] / KEY
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_what_a_killed_writer_left_is_no_blob_and_goes(tmp_path: Path) -> None:
    store = FilesystemStore(tmp_path)
    await store.put(KEY, b"content")
    fresh = tmp_path / KEY[:2] / f"{KEY}.0011.part"
    old = tmp_path / KEY[:2] / f"{OTHER}.0011.part"
    fresh.write_bytes(b"con")
    old.write_bytes(b"oth")
    age(old, 2)
    assert await keys(store) == {KEY}
    assert (await sweep(store, NEVER)).unfinished == 1
    assert (fresh.exists(), old.exists()) == (True, False)


async def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FilesystemStore(tmp_path / "file")
    with pytest.raises(StoreProblem, match=r"Cannot write the folder .*file: .*BLOB_STORAGE_PATH"):
        await store.put(KEY, b"content")


async def test_a_bucket_that_is_not_there_is_told(s3: str) -> None:
    store = S3BlobStore(
        Bucket(bucket="absent-bucket", endpoint=s3, access_key_id="id", secret_access_key="private"), prefix="blobs"
    )
    with pytest.raises(StoreProblem, match="bucket absent-bucket at http") as caught:
        await store.put(KEY, b"content")
    assert "private" not in str(caught.value) + repr(store._bucket)


async def test_access_that_is_denied_is_told() -> None:
    with start_s3_server({"INITIAL_NO_AUTH_ACTION_COUNT": "1"}) as address:
        store = S3BlobStore(make_bucket(address, "guarded"), prefix="blobs")
        with pytest.raises(StoreProblem, match=r"access is denied; check the access key"):
            await store.put(KEY, b"content")


async def test_the_periodic_sweep_goes_on_after_a_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    store = FilesystemStore(tmp_path)
    await store.put(KEY, b"content")
    age(tmp_path / KEY[:2] / KEY, 40)
    failed = False

    async def in_use() -> frozenset[str]:
        nonlocal failed
        if not failed:
            failed = True
            raise ConnectionError
        return frozenset()

    every = timedelta(milliseconds=5)
    task = asyncio.create_task(sweep_periodically(store, timedelta(days=30), in_use=in_use, every=every))
    while "1 of 1 blobs deleted" not in caplog.text:  # noqa: ASYNC110 - the log is what an operator has
        await asyncio.sleep(0.001)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await store.describe(KEY) is None
    assert "what open executions use is not known" in caplog.text
