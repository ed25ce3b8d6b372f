"""Tells whether two requests ask for the same execution, without keeping what they bring."""

import hashlib
import json
from collections.abc import Collection

from stigmer_runner.executions.request import ExecutionRequest

MEMO: str = "stigmer-request"
"""The memo of Temporal that holds the fingerprint of the request an execution was started by."""


def durable_fingerprint(request: ExecutionRequest, secret_names: Collection[str]) -> str:
    """Equal for requests with the same document, input, plain environment, limit and names of secrets.

    Values of secrets are left out: a hash that is kept for long could be guessed from a short one. `request.env` holds
    none of the secrets any more.
    """
    parts = [
        request.document,
        request.input,
        dict(request.env),
        sorted(secret_names),
        request.max_timeout_seconds,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
