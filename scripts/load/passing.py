"""Failures that pass: a server that was killed, is gone for a moment, or cannot reach its store."""

from typing import Final

import grpc

PASSING: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED})
RETRY_SECONDS: Final = 0.1
