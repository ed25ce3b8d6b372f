"""Blobs in a bucket behind the S3 API: Amazon S3, Cloudflare R2, MinIO."""

import re
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from stigmer_engine.runtimes.temporal.payloads.blob_store import REFRESH_AFTER, BlobInfo, checked_key, is_key
from stigmer_engine.runtimes.temporal.payloads.problems import StoreProblem

if TYPE_CHECKING:
    from obstore.store import S3Config  # exists for type checkers only

_T = TypeVar("_T")

_REQUEST_SECONDS: Final = 60
_RETRY_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where a bucket is and how to get in.

    Without `endpoint` it is Amazon's; without keys, the credentials of the machine or the `AWS_*` variables count.
    """

    bucket: str
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)


class S3BlobStore:
    """A BlobStore in a bucket, below a prefix. S3 shows an object when it is complete, so writing is atomic."""

    def __init__(self, bucket: Bucket, *, prefix: str, refresh_after: timedelta = REFRESH_AFTER) -> None:
        self._bucket = bucket
        self._refresh_after = refresh_after
        self._store = _open(bucket, prefix)

    @property
    def name(self) -> str:
        """`bucket`, its name and its endpoint."""
        return f"bucket {self._bucket.bucket} at {self._bucket.endpoint or 'Amazon S3'}"

    async def put(self, key: str, content: bytes, *, replace: bool = False) -> None:
        """See BlobStore.put. To make an object young is to write it again."""
        path = checked_key(key)
        if not replace:
            there = await self.describe(key)
            if there is not None and there.age <= self._refresh_after:
                return
        await self._do("write to", obstore.put_async(self._store, path, content, use_multipart=False))

    async def get(self, key: str) -> bytes | None:
        """See BlobStore.get."""
        path = checked_key(key)
        try:
            result = await self._do("read", obstore.get_async(self._store, path))
            content = bytes(await self._do("read", result.bytes_async()))
        except FileNotFoundError:
            return None
        if _age(result.meta["last_modified"]) > self._refresh_after:
            await self._refresh(path, content)
        return content

    async def describe(self, key: str) -> BlobInfo | None:
        """See BlobStore.describe."""
        path = checked_key(key)
        try:
            meta = await self._do("read", obstore.head_async(self._store, path))
        except FileNotFoundError:
            return None
        return BlobInfo(key=key, size=meta["size"], age=_age(meta["last_modified"]))

    async def delete(self, key: str) -> None:
        """See BlobStore.delete."""
        path = checked_key(key)
        try:
            await self._do("delete in", obstore.delete_async(self._store, path))
        except FileNotFoundError:
            return

    async def list(self) -> AsyncIterator[BlobInfo]:
        """See BlobStore.list."""
        pages = obstore.list(self._store).__aiter__()
        while True:
            try:
                page = await self._do("list", pages.__anext__())
            except StopAsyncIteration:
                return
            for meta in page:
                if is_key(meta["path"]):
                    yield BlobInfo(key=meta["path"], size=meta["size"], age=_age(meta["last_modified"]))

    async def remove_unfinished(self, older_than: timedelta) -> int:  # noqa: ARG002
        """See BlobStore.remove_unfinished. Objects are written in one request, so nothing unfinished remains."""
        return 0

    async def _refresh(self, path: str, content: bytes) -> None:
        try:
            await obstore.put_async(self._store, path, content, use_multipart=False)
        except (PermissionDeniedError, UnauthenticatedError, PermissionError):
            # Reading must work with a key that may only read, too.
            return
        except (BaseError, OSError) as error:
            raise self._problem("write to", error) from error

    async def _do(self, verb: str, request: Awaitable[_T]) -> _T:
        try:
            return await request
        except (BaseError, OSError) as error:
            # Only a missing object is an answer; a missing bucket is said in the same way, but by another code.
            if (
                isinstance(error, FileNotFoundError)
                and _code(error) != "NoSuchBucket"
                and verb in ("read", "delete in")
            ):
                raise
            raise self._problem(verb, error) from error

    def _problem(self, verb: str, error: BaseException) -> StoreProblem:
        if isinstance(error, (PermissionDeniedError, UnauthenticatedError, PermissionError)):
            why = "access is denied; check the access key and what it may do (GetObject, PutObject, DeleteObject)"
        else:
            why = f"{_said(error)}; check the endpoint, the region and the name of the bucket"
        return StoreProblem(f"Cannot {verb} the {self.name}: {why}.")


def _open(bucket: Bucket, prefix: str) -> S3Store:
    config: S3Config = {"region": bucket.region}
    if bucket.endpoint is not None:
        config["endpoint"] = bucket.endpoint
    if bucket.access_key_id is not None:
        config["access_key_id"] = bucket.access_key_id
    if bucket.secret_access_key is not None:
        config["secret_access_key"] = bucket.secret_access_key
    return S3Store(
        bucket.bucket,
        prefix=prefix,
        config=config,
        client_options={
            "allow_http": bucket.endpoint is not None and bucket.endpoint.startswith("http://"),
            "timeout": timedelta(seconds=_REQUEST_SECONDS),
        },
        retry_config={"retry_timeout": timedelta(seconds=_RETRY_SECONDS)},
    )


def _age(modified: datetime) -> timedelta:
    return max(timedelta(), datetime.now(UTC) - modified)


def _code(error: BaseException) -> str | None:
    """The code in an error's XML, such as `NoSuchBucket`."""
    found = re.search(r"<Code>(\w+)</Code>", str(error))
    return found.group(1) if found is not None else None


def _said(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return _code(error) or first.removeprefix("Generic S3 error: ")[:200].rstrip(". ")
