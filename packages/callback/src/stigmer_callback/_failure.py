"""Turns what the network stack raises into the errors of this package."""

from __future__ import annotations

import ssl

from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from stigmer_callback._config import CallbackConfig
from stigmer_callback.errors import (
    BrokenAnswerError,
    CallRefusedError,
    ConnectionLostError,
    EndpointUnreachableError,
    NoAnswerError,
    ReportError,
    TlsError,
)


def connect_failure(error: Exception, config: CallbackConfig) -> ReportError:
    """Name the cause of a connection that was not made."""
    where = config.endpoint
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = (
            f"the certificate of {where} is not trusted: {error.verify_message}; "
            "for a private authority set ca_file to its PEM file"
        )
        return TlsError(sentence)
    if isinstance(error, ssl.SSLError):
        sentence = f"no TLS session with {where}: {error.reason or error}; if it speaks plain HTTP/2, set use_tls=False"
        return TlsError(sentence)
    if isinstance(error, TimeoutError):
        sentence = f"no connection to {where} within {config.connect_timeout_seconds:g} s"
        return EndpointUnreachableError(sentence)
    return EndpointUnreachableError(f"no connection to {where}: {error}")


def call_failure(error: BaseException, config: CallbackConfig) -> ReportError:
    """Name the cause of a call that failed after the connection was made.

    The texts of the peer are cleaned of the key, because some services repeat the credentials they refuse.
    """
    where = config.endpoint
    if isinstance(error, ReportError):
        return error
    if isinstance(error, TimeoutError) or (isinstance(error, GRPCError) and error.status is Status.DEADLINE_EXCEEDED):
        # Both ends watch the same deadline; which of them notices first must not make two different errors.
        return NoAnswerError(f"{where} did not answer within {config.call_timeout_seconds:g} s")
    if isinstance(error, GRPCError):
        words = config.api_key.redact(error.message or "no message")
        return CallRefusedError(f"{where} answered {error.status.name}: {words}", error.status)
    if isinstance(error, StreamTerminatedError | OSError):
        hint = "" if config.tls else "; if the endpoint speaks TLS, set use_tls=True"
        return ConnectionLostError(f"the connection to {where} ended before it answered: {error}{hint}")
    return BrokenAnswerError(f"{where} broke the gRPC protocol ({type(error).__name__})")
