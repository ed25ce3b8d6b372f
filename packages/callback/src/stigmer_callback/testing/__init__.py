"""Real and null peers for the tests of programs that report progress."""

from stigmer_callback.testing._null_client import NullClient
from stigmer_callback.testing._receiver import RecordingReceiver

__all__ = ["NullClient", "RecordingReceiver"]
