"""Settings of payloads, and `stigmer blobs` on a real folder."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stigmer_engine.runtimes.temporal.payloads import Bucket, KeyRing
from stigmer_engine.runtimes.temporal.payloads.keys import new_key
from stigmer_runner.config import ConfigError, load_payload_settings
from stigmer_runner.config.reference import variables
from stigmer_runner.payloads_config import payloads_config

OLD, NEW = new_key("2025"), new_key("2026")
R2 = {
    "BLOB_STORAGE_TYPE": "R2",
    "R2_BUCKET": "blobs",
    "R2_ENDPOINT": "https://account.r2.cloudflarestorage.com",
    "R2_ACCESS_KEY_ID": "the-id",
    "R2_SECRET_ACCESS_KEY": "the-secret",
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_the_defaults_are_those_of_the_original() -> None:
    config = payloads_config(load_payload_settings())
    assert config.place == Path("~/.stigmer/data/blobs").expanduser()
    assert (config.claim_check, config.threshold_bytes, config.compress, config.ttl.days) == (True, 51200, True, 30)
    assert config.keys == KeyRing()


def test_every_variable_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_all(
        monkeypatch,
        {
            "CLAIMCHECK_ENABLED": "false",
            "CLAIMCHECK_THRESHOLD_BYTES": "2048",
            "CLAIMCHECK_COMPRESSION_ENABLED": "false",
            "CLAIMCHECK_TTL_DAYS": "7",
            "BLOB_STORAGE_PATH": str(tmp_path),
            "PAYLOAD_KEYS": f"{NEW.to_text()},{OLD.to_text()}",
        },
    )
    config = payloads_config(load_payload_settings())
    assert (config.claim_check, config.threshold_bytes, config.compress, config.ttl.days) == (False, 2048, False, 7)
    assert (config.place, config.keys) == (tmp_path, KeyRing((NEW, OLD)))


def test_keys_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"# first encrypts\n{NEW.to_text()}\n{OLD.to_text()}\n")
    monkeypatch.setenv("PAYLOAD_KEYS_FILE", str(tmp_path / "keys"))
    assert payloads_config(load_payload_settings()).keys == KeyRing((NEW, OLD))


def test_a_bucket_of_r2_and_the_names_that_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, R2)
    bucket = payloads_config(load_payload_settings()).place
    assert isinstance(bucket, Bucket)
    assert (bucket.bucket, bucket.region, bucket.access_key_id) == ("blobs", "auto", "the-id")
    assert bucket.secret_access_key == "the-secret"
    assert "the-secret" not in repr(bucket) + repr(load_payload_settings())
    monkeypatch.delenv("R2_BUCKET")
    set_all(monkeypatch, {"S3_BUCKET": "other", "S3_ENDPOINT": "http://localhost:9000"})
    bucket = payloads_config(load_payload_settings()).place
    assert isinstance(bucket, Bucket)
    assert (bucket.bucket, bucket.endpoint) == ("other", R2["R2_ENDPOINT"])
    monkeypatch.setenv("BLOB_STORAGE_TYPE", "s3")
    bucket = payloads_config(load_payload_settings()).place
    assert bucket == Bucket(bucket="other", endpoint="http://localhost:9000", region="us-east-1")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"BLOB_STORAGE_TYPE": "ftp"}, "BLOB_STORAGE_TYPE must be one of filesystem, s3, r2, not 'ftp'"),
        ({"BLOB_STORAGE_TYPE": "s3"}, "S3_BUCKET must be set because BLOB_STORAGE_TYPE is s3"),
        ({**R2, "R2_ENDPOINT": ""}, "R2_ENDPOINT must be set because"),
        ({**R2, "R2_SECRET_ACCESS_KEY": ""}, "R2_SECRET_ACCESS_KEY must be set together"),
        ({**R2, "R2_ENDPOINT": "account.example.com"}, "R2_ENDPOINT must be a URL"),
        ({"CLAIMCHECK_TTL_DAYS": "1"}, "CLAIMCHECK_TTL_DAYS must be at least 2"),
        ({"CLAIMCHECK_THRESHOLD_BYTES": "9999999"}, "CLAIMCHECK_THRESHOLD_BYTES must be at most 1048576"),
        ({"PAYLOAD_KEYS": "a:c2VjcmV0"}, "PAYLOAD_KEYS must hold keys of 32 bytes"),
        ({"PAYLOAD_KEYS": "a:b", "PAYLOAD_KEYS_FILE": "x"}, "must not both be set"),
        (
            {"PAYLOAD_KEYS_FILE": "/nowhere/keys"},
            "PAYLOAD_KEYS_FILE names '/nowhere/keys', which cannot be read: no such",
        ),
        ({"PAYLOAD_KEYS_FILE": os.devnull}, "holds no key"),
    ],
)
def test_a_wrong_value_is_one_sentence(monkeypatch: pytest.MonkeyPatch, values: dict[str, str], said: str) -> None:
    set_all(monkeypatch, values)
    with pytest.raises(ConfigError) as caught:
        payloads_config(load_payload_settings())
    assert said in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)
    assert "the-secret" not in str(caught.value)


def blobs(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "BLOB_STORAGE_PATH": str(folder), "TEMPORAL_SERVICE_ADDRESS": "127.0.0.1:1"}
    return subprocess.run(
        [sys.executable, "-m", "stigmer_runner", "blobs", *arguments], capture_output=True, text=True, env=environment
    )


def test_blobs_are_listed_and_swept(tmp_path: Path) -> None:
    keys = [hashlib.sha256(text).hexdigest() for text in (b"old", b"young")]
    for key, days in zip(keys, (40, 0), strict=True):
        path = tmp_path / key[:2] / key
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"content")
        os.utime(path, (time.time() - days * 86400,) * 2)
    listed = blobs(tmp_path, "list")
    assert sorted(listed.stdout.splitlines()) == sorted([f"{keys[0]} 7 40.0", f"{keys[1]} 7 0.0"])
    unasked = blobs(tmp_path, "sweep")
    assert (unasked.returncode, unasked.stdout) == (2, "")
    assert "Temporal cannot be asked which blobs are in use" in unasked.stderr
    planned = blobs(tmp_path, "sweep", "--by-age-alone", "--dry-run")
    assert planned.stdout.startswith("1 of 2 blobs would be deleted (7 bytes)")
    assert len(blobs(tmp_path, "list").stdout.splitlines()) == 2
    swept = blobs(tmp_path, "sweep", "--by-age-alone")
    assert (swept.returncode, swept.stdout.startswith("1 of 2 blobs deleted (7 bytes)")) == (0, True)
    assert blobs(tmp_path, "list").stdout.split()[0] == keys[1]
    assert blobs(tmp_path, "sweep", "--older-than", "50").returncode == 0


def test_without_a_home_folder_a_whole_path_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOB_STORAGE_PATH", "~nobody-of-that-name/blobs")
    with pytest.raises(ConfigError, match=r"^BLOB_STORAGE_PATH is '~nobody-of-that-name/blobs', but this user has no"):
        payloads_config(load_payload_settings())
