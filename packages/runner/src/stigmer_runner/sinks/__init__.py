"""Where the events of every run go besides the clients that ask for them."""

from stigmer_runner.sinks.callback import CallbackSink
from stigmer_runner.sinks.followers import Followers
from stigmer_runner.sinks.log import LogSink

__all__ = ["CallbackSink", "Followers", "LogSink"]
