"""A Temporal dev server of our own, for runs and demos that find none. It is not made for production."""

from stigmer_runner.temporal_server.config import DevServerConfig
from stigmer_runner.temporal_server.dev_server import DevServer, open_dev_server
from stigmer_runner.temporal_server.problems import DevServerProblem

__all__ = ["DevServer", "DevServerConfig", "DevServerProblem", "open_dev_server"]
