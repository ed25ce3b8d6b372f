"""A real S3 server (moto) in a process of its own, for tests of any package."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import IO, Final

import httpx
from stigmer_engine.runtimes.temporal.payloads import Bucket

ACCESS_KEY: Final = "test-access-key"
SECRET_KEY: Final = "test-secret-key"
_START_SECONDS: Final = 300
_STOP_SECONDS: Final = 300


@contextlib.contextmanager
def start_s3_server(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """A server on this machine while the context is open; gives its base URL. It keeps everything in memory."""
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": "1", **(environment or {})},
        )
        try:
            yield _address(process, printed)
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _address(process: "subprocess.Popen[bytes]", printed: IO[bytes]) -> str:
    """What the server says when it listens."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        printed.seek(0)
        if found := re.search(rb"Running on (http://127\.0\.0\.1:\d+)", printed.read()):
            return found.group(1).decode()
        time.sleep(0.05)
    printed.seek(0)
    raise AssertionError(f"the S3 server did not start: {printed.read().decode()}")


def make_bucket(endpoint: str, name: str) -> Bucket:
    """A new bucket on this server."""
    httpx.put(f"{endpoint}/{name}").raise_for_status()
    return Bucket(bucket=name, endpoint=endpoint, access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY)
