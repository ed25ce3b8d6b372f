"""A real S3 server (moto) in a process of its own, for tests of any package."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Final

import boto3
from stigmer_engine.runtimes.temporal.payloads import Bucket

ACCESS_KEY: Final = "test-access-key"
SECRET_KEY: Final = "test-secret-key"
_STOP_SECONDS: Final = 30


@contextlib.contextmanager
def start_s3_server(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """A server on this machine while the context is open; gives its base URL. It keeps everything in memory."""
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore", **(environment or {})},
    )
    assert process.stderr is not None
    try:
        printed = ""
        for line in process.stderr:
            printed += line
            if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
                break
        else:
            raise AssertionError(f"the S3 server did not start: {printed}")
        # Its log of requests would fill the pipe and stop it.
        with contextlib.ExitStack() as stack:
            drain = stack.enter_context(subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL))
            process.stderr.close()
            yield found.group(1)
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_SECONDS)
            drain.wait(_STOP_SECONDS)
    finally:
        process.kill()
        process.wait()


def make_bucket(endpoint: str, name: str) -> Bucket:
    """A new bucket on this server."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    client.create_bucket(Bucket=name)
    return Bucket(bucket=name, endpoint=endpoint, access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY)
