"""Where large payloads and secrets of executions on Temporal lie, and how they are encrypted. docs/payloads.md."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from stigmer_ports.config.log_settings import LogSettings
from stigmer_ports.config.value_types import MIB, lower


class PayloadSettings(LogSettings):
    """Must be the same for all workers and clients of a Temporal namespace."""

    claimcheck_enabled: bool = Field(
        default=True, description="Whether large payloads go to the blob store; `false` still reads those that did."
    )
    claimcheck_threshold_bytes: Annotated[int, Field(ge=1024, le=MIB)] = Field(
        default=51200, description="Size from which a payload goes to the blob store."
    )
    claimcheck_compression_enabled: bool = Field(
        default=True, description="Whether payloads are compressed when that makes them smaller."
    )
    claimcheck_ttl_days: Annotated[int, Field(ge=2, le=3650)] = Field(
        default=30,
        description="Days after which a blob that nobody used is deleted. Longer than the namespace keeps histories.",
    )
    blob_storage_type: Annotated[Literal["filesystem", "s3", "r2"], BeforeValidator(lower)] = Field(
        default="filesystem", description="Where blobs and secrets lie: `filesystem`, `s3` or `r2`."
    )
    blob_storage_path: Path = Field(
        default=Path("~/.stigmer/data/blobs"),
        description="Folder of `filesystem`; several machines need one that they share.",
    )
    s3_bucket: str | None = Field(default=None, description="Bucket of `s3`: Amazon S3, MinIO and others.")
    s3_endpoint: str | None = Field(default=None, description="Its URL. Default: Amazon S3.")
    s3_access_key_id: str | None = Field(
        default=None, description="Its access key. Default: `AWS_*` variables or the role of the machine."
    )
    s3_secret_access_key: SecretStr | None = Field(default=None, description="The secret of that key.")
    s3_region: str | None = Field(default=None, description="Its region. Default: `us-east-1`.")
    r2_bucket: str | None = Field(default=None, description="Bucket of `r2`; every `S3_*` stands in for its `R2_*`.")
    r2_endpoint: str | None = Field(default=None, description="`https://ACCOUNT.r2.cloudflarestorage.com`.")
    r2_access_key_id: str | None = Field(default=None, description="Its access key.")
    r2_secret_access_key: SecretStr | None = Field(default=None, description="The secret of that key.")
    r2_region: str | None = Field(default=None, description="Its region. Default: `auto`.")
    payload_keys: SecretStr | None = Field(
        default=None,
        description="`id:base64` keys of 32 bytes, comma-separated: payloads are encrypted with the first, decrypted "
        "with all.",
    )
    payload_keys_file: Path | None = Field(default=None, description="File with such a key on each line, instead.")

    @field_validator("s3_endpoint", "r2_endpoint")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must be a URL such as https://s3.example.com")
        return value

    @model_validator(mode="after")
    def _keys_have_one_source(self) -> "PayloadSettings":
        if self.payload_keys is not None and self.payload_keys_file is not None:
            raise ValueError("PAYLOAD_KEYS and PAYLOAD_KEYS_FILE must not both be set")
        return self

    @model_validator(mode="after")
    def _bucket_is_whole(self) -> "PayloadSettings":
        if self.blob_storage_type == "filesystem":
            return self
        needed = {"BUCKET": "bucket"} if self.blob_storage_type == "s3" else {
            "BUCKET": "bucket", "ENDPOINT": "endpoint", "ACCESS_KEY_ID": "access_key_id",
        }  # fmt: skip
        prefix = self.blob_storage_type.upper()
        missing = [f"{prefix}_{name}" for name, field in needed.items() if self.bucket_value(field) is None]
        if missing:
            raise ValueError(f"{missing[0]} must be set because BLOB_STORAGE_TYPE is {self.blob_storage_type}")
        if (self.bucket_value("access_key_id") is None) != (self.bucket_value("secret_access_key") is None):
            raise ValueError(f"{prefix}_ACCESS_KEY_ID and {prefix}_SECRET_ACCESS_KEY must be set together")
        return self

    def bucket_value(self, field: str) -> str | None:
        """What counts for the bucket: with `r2` its own variable, else that of `s3`."""
        own = getattr(self, f"r2_{field}") if self.blob_storage_type == "r2" else None
        value = own if own is not None else getattr(self, f"s3_{field}")
        return value.get_secret_value() if isinstance(value, SecretStr) else value

    @property
    def payload_ttl(self) -> timedelta:
        """CLAIMCHECK_TTL_DAYS."""
        return timedelta(days=self.claimcheck_ttl_days)
