"""Claim checks on a real file system: what comes back is what went in, or a clear error."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stigmer_engine.runtimes.temporal.payloads import ClaimCheckCodec, FilesystemStore
from stigmer_engine.runtimes.temporal.payloads.problems import AlteredBlob, MissingBlob, PayloadTooLarge
from stigmer_engine.runtimes.temporal.payloads.reference import ENCODING, Reference
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, PayloadConverter

ENCODINGS = [b"json/plain", b"binary/plain", b"binary/null", ENCODING, b"stigmer/encrypted"]
METADATA = st.dictionaries(
    st.sampled_from(["encoding", "messageType", "stigmer-claim", "x"]), st.sampled_from([*ENCODINGS, b"always", b""])
)


def payload(data: bytes, **metadata: bytes) -> Payload:
    return Payload(metadata={"encoding": b"binary/plain", **metadata}, data=data)


def always(data: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain", "stigmer-claim": b"always"}, data=data)


def blobs(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def codec(folder: Path, *, threshold_bytes: int | None = 100, max_payload_bytes: int = 10**8) -> ClaimCheckCodec:
    """A new codec remembers nothing of what another one wrote."""
    return ClaimCheckCodec(
        FilesystemStore(folder), threshold_bytes=threshold_bytes, max_payload_bytes=max_payload_bytes
    )


@settings(max_examples=60, deadline=None)
@given(metadata=METADATA, data=st.binary(max_size=400), repeat=st.sampled_from([1, 300]))
def test_any_payload_comes_back(
    tmp_path_factory: pytest.TempPathFactory, metadata: Mapping[str, bytes], data: bytes, repeat: int
) -> None:
    folder = tmp_path_factory.mktemp("blobs")
    original = Payload(metadata=metadata, data=data * repeat)

    async def round_trip() -> list[Payload]:
        return await codec(folder).decode(await codec(folder).encode([original]))

    assert asyncio.run(round_trip()) == [original]


async def test_the_threshold_is_the_serialized_size(tmp_path: Path) -> None:
    size = payload(b"x" * 200).ByteSize()
    small, large = payload(b"x" * 199), payload(b"x" * 200)
    encoded = await codec(tmp_path, threshold_bytes=size).encode([small, large])
    assert encoded[0] == small
    assert encoded[1].metadata["encoding"] == ENCODING
    assert len(blobs(tmp_path)) == 1


async def test_a_flagged_payload_is_stored_once_whatever_its_size_and_stays_flagged(tmp_path: Path) -> None:
    first = await codec(tmp_path).encode([always(b'"a"')])
    second = await codec(tmp_path).encode([always(b'"a"')])
    assert first == second
    assert first[0].metadata["stigmer-claim"] == b"always"
    assert len(blobs(tmp_path)) == 1


async def test_a_reference_says_what_it_names(tmp_path: Path) -> None:
    compressible, random = await codec(tmp_path).encode([payload(b"x" * 5000), payload(bytes(range(256)))])
    said = json.loads(compressible.data)
    assert said == {"version": 1, "sha256": said["sha256"], "size": payload(b"x" * 5000).ByteSize(), "compressed": True}
    assert json.loads(random.data)["compressed"] is False
    for reference in (compressible, random):
        (blob,) = [path for path in blobs(tmp_path) if path.name == json.loads(reference.data)["sha256"]]
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name


async def test_without_threshold_nothing_is_stored_but_references_are_read(tmp_path: Path) -> None:
    large = [payload(b"x" * 1000), always(b'"a"')]
    references = await codec(tmp_path).encode(large)
    off = codec(tmp_path, threshold_bytes=None)
    assert await off.encode(large) == large
    assert await off.decode(references) == large


async def test_data_that_looks_like_a_reference_is_data(tmp_path: Path) -> None:
    (reference,) = await codec(tmp_path).encode([payload(b"x" * 1000)])
    user_data = [
        json.loads(reference.data),
        {"_type": "claim_check_ref", "key": json.loads(reference.data)["sha256"], "size_bytes": 1000},
        {"metadata": {"encoding": "stigmer/claim-check"}, "data": reference.data.decode()},
    ]
    converter = DataConverter(payload_codec=codec(tmp_path))
    assert await converter.decode(await converter.encode(user_data)) == user_data


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "A" * 64, "a" * 63, ""])
async def test_a_reference_to_another_key_than_a_digest_is_refused(tmp_path: Path, key: str) -> None:
    forged = Reference(sha256=key, size=1, compressed=False).to_payload(always=False)
    with pytest.raises(AlteredBlob, match="cannot be read"):
        await codec(tmp_path).decode([forged])


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"{", "no JSON"), (b"[]", "fields"), (b'{"version": 2}', "version 2"), (b'{"version": 1}', "fields")],
)
async def test_an_unreadable_reference_says_why(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(AlteredBlob, match=said):
        await codec(tmp_path).decode([Payload(metadata={"encoding": ENCODING}, data=data)])


async def test_a_missing_blob_says_which_where_and_what_to_do(tmp_path: Path) -> None:
    encoded = await codec(tmp_path).encode([payload(b"x" * 1000)])
    (blob,) = blobs(tmp_path)
    content = blob.read_bytes()
    blob.unlink()
    with pytest.raises(MissingBlob) as caught:
        await codec(tmp_path).decode(encoded)
    for part in (blob.name, str(tmp_path), "30 days", "CLAIMCHECK_TTL_DAYS", "BLOB_STORAGE", "Restore", "terminate"):
        assert part in str(caught.value)
    blob.write_bytes(content)
    assert await codec(tmp_path).decode(encoded) == [payload(b"x" * 1000)]


@pytest.mark.parametrize("alter", [lambda blob: blob[:-1], lambda _: b"", lambda blob: blob[:9] + b"!" + blob[10:]])
async def test_an_altered_or_truncated_blob_is_told(tmp_path: Path, alter: object) -> None:
    assert callable(alter)
    encoded = await codec(tmp_path).encode([payload(b"x" * 1000)])
    (blob,) = blobs(tmp_path)
    blob.write_bytes(alter(blob.read_bytes()))
    with pytest.raises(AlteredBlob, match="another digest"):
        await codec(tmp_path).decode(encoded)


async def test_a_bomb_is_not_unpacked_beyond_what_its_reference_announces(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    store = FilesystemStore(tmp_path)
    await store.put(hashlib.sha256(bomb).hexdigest(), bomb)
    announced = Reference(sha256=hashlib.sha256(bomb).hexdigest(), size=1000, compressed=True)
    with pytest.raises(AlteredBlob, match="1000 bytes announced"):
        await codec(tmp_path).decode([announced.to_payload(always=False)])
    honest = Reference(sha256=announced.sha256, size=50_000_000, compressed=True)
    with pytest.raises(PayloadTooLarge, match="more than the 1000000 bytes"):
        await codec(tmp_path, max_payload_bytes=10**6).decode([honest.to_payload(always=False)])


async def test_a_payload_over_the_limit_is_refused_before_it_is_stored(tmp_path: Path) -> None:
    with pytest.raises(PayloadTooLarge, match="pass where it is"):
        await codec(tmp_path, max_payload_bytes=1000).encode([payload(b"x" * 1000)])
    assert blobs(tmp_path) == []


async def test_ten_megabytes_written_by_many_at_once_lie_there_once(tmp_path: Path) -> None:
    value = {"rows": [{"id": number, "text": "row " * 10} for number in range(180_000)]}
    original = PayloadConverter.default.to_payload(value)
    assert original.ByteSize() > 10_000_000
    encoded = await asyncio.gather(*(codec(tmp_path).encode([original]) for _ in range(4)))
    assert len({item.SerializeToString(deterministic=True) for (item,) in encoded}) == 1
    assert len(blobs(tmp_path)) == 1
    assert encoded[0][0].ByteSize() < 500
    assert await codec(tmp_path).decode(encoded[0]) == [original]


async def test_what_was_read_or_written_lately_is_not_fetched_again(tmp_path: Path) -> None:
    writer, reader = codec(tmp_path), codec(tmp_path)
    encoded = await writer.encode([payload(b"x" * 1000)])
    await reader.decode(encoded)
    for blob in blobs(tmp_path):
        blob.unlink()
    assert await writer.decode(encoded) == await reader.decode(encoded) == [payload(b"x" * 1000)]


async def test_memory_is_bounded(tmp_path: Path) -> None:
    one = ClaimCheckCodec(FilesystemStore(tmp_path), threshold_bytes=100, cache_bytes=2500)
    encoded = [(await one.encode([payload(bytes([number]) * 1000)]))[0] for number in range(3)]
    for blob in blobs(tmp_path):
        blob.unlink()
    with pytest.raises(MissingBlob):
        await one.decode([encoded[0]])
    assert await one.decode([encoded[2]]) == [payload(bytes([2]) * 1000)]
