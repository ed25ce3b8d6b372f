"""Payloads on Temporal: claim check, encryption, and secrets that stay out of history. See docs/payloads.md."""

from stigmer_engine.runtimes.temporal.payloads.blob_store import BlobInfo, BlobStore
from stigmer_engine.runtimes.temporal.payloads.claim_check import ClaimCheckCodec
from stigmer_engine.runtimes.temporal.payloads.claimed_text import ClaimedText
from stigmer_engine.runtimes.temporal.payloads.codec_chain import CodecChain, OnText
from stigmer_engine.runtimes.temporal.payloads.config import PayloadsConfig
from stigmer_engine.runtimes.temporal.payloads.data_converter import data_converter
from stigmer_engine.runtimes.temporal.payloads.encryption import EncryptionCodec
from stigmer_engine.runtimes.temporal.payloads.filesystem_store import FilesystemStore
from stigmer_engine.runtimes.temporal.payloads.keys import KeyRing, parse_keys
from stigmer_engine.runtimes.temporal.payloads.keys_in_use import keys_in_use
from stigmer_engine.runtimes.temporal.payloads.problems import PayloadProblem
from stigmer_engine.runtimes.temporal.payloads.s3_store import Bucket, S3BlobStore
from stigmer_engine.runtimes.temporal.payloads.secret_store import SealedSecretStore, SecretStore, secret_store
from stigmer_engine.runtimes.temporal.payloads.stores import blob_store
from stigmer_engine.runtimes.temporal.payloads.sweep import KeysInUse, SweepReport, sweep, sweep_periodically

__all__ = [
    "BlobInfo",
    "BlobStore",
    "Bucket",
    "ClaimCheckCodec",
    "ClaimedText",
    "CodecChain",
    "EncryptionCodec",
    "FilesystemStore",
    "KeyRing",
    "KeysInUse",
    "OnText",
    "PayloadProblem",
    "PayloadsConfig",
    "S3BlobStore",
    "SealedSecretStore",
    "SecretStore",
    "SweepReport",
    "blob_store",
    "data_converter",
    "keys_in_use",
    "parse_keys",
    "secret_store",
    "sweep",
    "sweep_periodically",
]
