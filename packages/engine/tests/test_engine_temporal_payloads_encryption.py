"""Encrypted payloads: any payload comes back under its key, and under no other one."""

import asyncio
import base64
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stigmer_engine.runtimes.temporal.payloads import (
    EncryptionCodec,
    KeyRing,
    PayloadsConfig,
    data_converter,
    parse_keys,
)
from stigmer_engine.runtimes.temporal.payloads.encryption import ENCODING
from stigmer_engine.runtimes.temporal.payloads.keys import new_key
from stigmer_engine.runtimes.temporal.payloads.problems import InvalidKeys, UndecryptablePayload, UnknownKey
from stigmer_engine.runtimes.temporal.payloads.sealing import Sealer, bind
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

OLD, NEW = new_key("2025"), new_key("2026")
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"the plain text"')
METADATA = st.dictionaries(st.sampled_from(["encoding", "stigmer-key", "stigmer-claim", "x"]), st.binary(max_size=9))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@settings(max_examples=60, deadline=None)
@given(metadata=METADATA, data=st.binary(max_size=400), repeat=st.sampled_from([1, 1000]))
def test_any_payload_comes_back(metadata: Mapping[str, bytes], data: bytes, repeat: int) -> None:
    original = Payload(metadata=metadata, data=data * repeat)
    codec = EncryptionCodec(KeyRing((NEW,)), repeatable_from=300)

    async def round_trip() -> None:
        encoded = await codec.encode([original, original])
        assert all(item.metadata["encoding"] == ENCODING for item in encoded)
        assert await codec.decode(encoded) == [original, original]

    asyncio.run(round_trip())


async def test_the_first_key_encrypts_and_all_decrypt() -> None:
    before = await EncryptionCodec(KeyRing((OLD,))).encode([PLAIN])
    rotated = EncryptionCodec(KeyRing((NEW, OLD)))
    after = await rotated.encode([PLAIN])
    assert (before[0].metadata["stigmer-key"], after[0].metadata["stigmer-key"]) == (b"2025", b"2026")
    assert await rotated.decode([*before, *after, PLAIN]) == [PLAIN, PLAIN, PLAIN]


@pytest.mark.parametrize(("ring", "known"), [(KeyRing((OLD,)), "'2025'"), (KeyRing(), "none")])
async def test_a_missing_key_is_named(ring: KeyRing, known: str) -> None:
    encoded = await EncryptionCodec(KeyRing((NEW,))).encode([PLAIN])
    with pytest.raises(UnknownKey) as caught:
        await EncryptionCodec(ring).decode(encoded)
    assert "'2026'" in str(caught.value)
    assert f"it has: {known}" in str(caught.value)
    assert base64.b64encode(OLD.secret).decode() not in str(caught.value)


async def test_another_key_under_the_same_id_is_told_without_its_secret() -> None:
    encoded = await EncryptionCodec(KeyRing((NEW,))).encode([PLAIN])
    impostor = new_key(NEW.id)
    with pytest.raises(UndecryptablePayload, match="'2026' cannot be decrypted: another key has this id") as caught:
        await EncryptionCodec(KeyRing((impostor,))).decode(encoded)
    for secret in (impostor.secret, NEW.secret):
        assert base64.b64encode(secret).decode() not in str(caught.value)
        assert repr(secret) not in str(caught.value) + repr(impostor) + repr(NEW)


@pytest.mark.parametrize("name", ["stigmer-packing", "stigmer-size", "stigmer-claim", "stigmer-key"])
async def test_readable_metadata_is_bound_to_the_content(name: str) -> None:
    codec = EncryptionCodec(KeyRing((NEW, OLD)))
    (encoded,) = await codec.encode([PLAIN])
    other = {"stigmer-packing": b"gzip", "stigmer-size": b"1", "stigmer-claim": b"always", "stigmer-key": b"2025"}
    encoded.metadata[name] = other[name]
    with pytest.raises(UndecryptablePayload):
        await codec.decode([encoded])


@pytest.mark.parametrize("position", [0, 12, -1])
async def test_altered_content_is_told(position: int) -> None:
    codec = EncryptionCodec(KeyRing((NEW,)))
    (encoded,) = await codec.encode([PLAIN])
    altered = bytearray(encoded.data)
    altered[position] ^= 1
    encoded.data = bytes(altered)
    with pytest.raises(UndecryptablePayload):
        await codec.decode([encoded])
    encoded.data = b"short"
    with pytest.raises(UndecryptablePayload):
        await codec.decode([encoded])


async def test_only_what_is_stored_shows_that_it_is_equal() -> None:
    codec = EncryptionCodec(KeyRing((NEW,)), compress=False, repeatable_from=1000)
    flagged = Payload(metadata={"encoding": b"json/plain", "stigmer-claim": b"always"}, data=b'"a"')
    large = Payload(metadata={"encoding": b"binary/plain"}, data=bytes(1000))
    first, second = await codec.encode([PLAIN, flagged, large]), await codec.encode([PLAIN, flagged, large])
    assert [one == two for one, two in zip(first, second, strict=True)] == [False, True, True]
    assert first[1].metadata["stigmer-claim"] == b"always"


def test_a_nonce_repeats_only_with_its_content_and_what_is_bound_to_it() -> None:
    sealer = Sealer(NEW)
    pairs = [(b"a", b""), (b"", b"a"), (b"ab", b""), (b"a", b"b"), (bytes(100), b""), (bytes(101), b"")]
    sealed = [sealer.seal(content, bound, repeatable=True) for content, bound in pairs]
    assert len({item[:12] for item in sealed}) == len(pairs)
    assert sealed == [sealer.seal(content, bound, repeatable=True) for content, bound in pairs]
    assert Sealer(OLD).seal(b"a", b"", repeatable=True)[:12] != sealed[0][:12]
    assert bind([b"a", b"bc"]) != bind([b"ab", b"c"])


@pytest.mark.parametrize("data", [b"x" * 100_000, json.dumps("the plain text" * 10_000).encode()])
async def test_neither_history_nor_store_holds_plain_text(tmp_path: Path, data: bytes) -> None:
    config = PayloadsConfig(place=tmp_path, keys=KeyRing((NEW,)), compress=False)
    codec = data_converter(config).payload_codec
    assert codec is not None
    original = Payload(metadata={"encoding": b"json/plain"}, data=data)
    first, second = await codec.encode([original]), await codec.encode([original])
    assert first == second
    (blob,) = files(tmp_path)
    assert data[1:15] not in blob.read_bytes()
    assert data[1:15] not in first[0].SerializeToString()
    fresh = data_converter(config).payload_codec
    assert fresh is not None
    assert await fresh.decode(first) == [original]


async def test_compressed_before_it_is_encrypted(tmp_path: Path) -> None:
    config = PayloadsConfig(place=tmp_path, keys=KeyRing((NEW,)))
    codec = data_converter(config).payload_codec
    assert codec is not None
    original = Payload(metadata={"encoding": b"json/plain"}, data=b"x" * 10_000_000)
    (encoded,) = await codec.encode([original])
    assert encoded.ByteSize() < 51200
    assert await codec.decode([encoded]) == [original]


@pytest.mark.parametrize("keys", [KeyRing(), KeyRing((NEW,))])
async def test_failures_are_encrypted_with_their_text(tmp_path: Path, keys: KeyRing) -> None:
    converter = data_converter(PayloadsConfig(place=tmp_path, keys=keys))
    failure = Failure()
    await converter.encode_failure(ApplicationError("the plain text", "the plain detail", type="fault"), failure)
    shown = failure.SerializeToString()
    assert ((b"the plain text" in shown), (b"the plain detail" in shown)) == ((not keys.keys), (not keys.keys))
    error = await converter.decode_failure(failure)
    assert isinstance(error, ApplicationError)
    assert (error.message, error.details, error.type) == ("the plain text", ("the plain detail",), "fault")


def test_keys_are_read_in_order() -> None:
    text = f"# newest first\n{NEW.to_text()}\n\n {OLD.to_text()} ,"
    assert parse_keys(text) == KeyRing((NEW, OLD))
    assert parse_keys("").first is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=", "id:base64 entries"),
        ("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=:new", "id:base64 entries"),
        ("a:c2VjcmV0", "32 bytes; entry 1 has 6"),
        ("a:c2VjcmV0!", "base64 after the colon, which entry 1"),
        (f"{NEW.to_text()},{NEW.to_text()}", "an id for two keys"),
    ],
    ids=["no id", "swapped", "short", "no base64", "twice"],
)
def test_wrong_keys_are_told_without_showing_them(text: str, said: str) -> None:
    with pytest.raises(InvalidKeys, match=said) as caught:
        parse_keys(text)
    assert "c2VjcmV0" not in str(caught.value)
