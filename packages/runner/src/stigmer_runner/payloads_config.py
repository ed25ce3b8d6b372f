"""Settings to the engine's configuration of payloads."""

from pathlib import Path

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


def _place(settings: PayloadSettings) -> Path | Bucket:
    bucket = settings.bucket_value("bucket")
    if settings.blob_storage_type == "filesystem" or bucket is None:
        return settings.blob_storage_path.expanduser()
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
    path = settings.payload_keys_file.expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "it is no text").lower()
        raise ConfigError(f"PAYLOAD_KEYS_FILE names {str(path)!r}, which cannot be read: {why}.") from None
    ring = _parsed("PAYLOAD_KEYS_FILE", text)
    if ring.first is None:
        raise ConfigError(f"PAYLOAD_KEYS_FILE names {str(path)!r}, which holds no key.")
    return ring


def _parsed(name: str, text: str) -> KeyRing:
    try:
        return parse_keys(text)
    except InvalidKeys as error:
        raise ConfigError(f"{name} {error}.") from None
