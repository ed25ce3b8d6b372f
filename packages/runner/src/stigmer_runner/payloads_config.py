"""Settings to the engine's configuration of payloads."""

from pathlib import Path
from tempfile import TemporaryFile

from stigmer_engine.runtimes.temporal.payloads import Bucket, KeyRing, PayloadsConfig, parse_keys
from stigmer_engine.runtimes.temporal.payloads.problems import InvalidKeys

from stigmer_runner.config import ConfigError
from stigmer_runner.config.payload_settings import PayloadSettings


def payloads_config(settings: PayloadSettings) -> PayloadsConfig:
    """What the settings say about payloads. Raises ConfigError when the keys cannot be read."""
    return PayloadsConfig(
        place=_place(settings),
        claim_check=settings.claimcheck_enabled,
        threshold_bytes=settings.claimcheck_threshold_bytes,
        compress=settings.claimcheck_compression_enabled,
        ttl=settings.payload_ttl,
        keys=_keys(settings),
    )


def check_place(place: Path | Bucket) -> None:
    """Make the folder, and see that it can be written: one sentence now, not one failure for each execution.

    A bucket may come later, and is asked only when it is needed. Raises ConfigError.
    """
    if not isinstance(place, Path):
        return
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=place):
            pass
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise ConfigError(f"BLOB_STORAGE_PATH names {str(place)!r}, which cannot be written: {why}.") from None


def _place(settings: PayloadSettings) -> Path | Bucket:
    bucket = settings.bucket_value("bucket")
    if settings.blob_storage_type == "filesystem" or bucket is None:
        return _expanded("BLOB_STORAGE_PATH", settings.blob_storage_path)
    return Bucket(
        bucket=bucket,
        endpoint=settings.bucket_value("endpoint"),
        region=settings.bucket_value("region") or ("auto" if settings.blob_storage_type == "r2" else "us-east-1"),
        access_key_id=settings.bucket_value("access_key_id"),
        secret_access_key=settings.bucket_value("secret_access_key"),
    )


def _keys(settings: PayloadSettings) -> KeyRing:
    if settings.payload_keys is not None:
        return _parsed("PAYLOAD_KEYS", settings.payload_keys.get_secret_value())
    if settings.payload_keys_file is None:
        return KeyRing()
    path = _expanded("PAYLOAD_KEYS_FILE", settings.payload_keys_file)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "it is no text").lower()
        raise ConfigError(f"PAYLOAD_KEYS_FILE names {str(path)!r}, which cannot be read: {why}.") from None
    ring = _parsed("PAYLOAD_KEYS_FILE", text)
    if ring.first is None:
        raise ConfigError(f"PAYLOAD_KEYS_FILE names {str(path)!r}, which holds no key.")
    return ring


def _expanded(name: str, path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ConfigError(f"{name} is {str(path)!r}, but this user has no home folder; give a whole path.") from None


def _parsed(name: str, text: str) -> KeyRing:
    try:
        return parse_keys(text)
    except InvalidKeys as error:
        raise ConfigError(f"{name} {error}.") from None
