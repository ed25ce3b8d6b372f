"""A runner as a real process, for tests of clients and of the runner itself."""

from collections.abc import Mapping

from stigmer_ports.testing import ServiceProcess, inherited

from stigmer_runner.config.reference import variables


class RunnerProcess(ServiceProcess):
    """`stigmer serve` on free ports of this machine. A context manager; leaving it ends the process.

    `settings` are environment variables of the runner (`docs/configuration.md`); none is inherited from this process.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        ours = variables()
        environment = {
            **inherited(lambda name: name not in ours and not name.startswith("TEMPORAL_")),
            "GRPC_PORT": "0",
            "HTTP_PORT": "0",
            **(settings or {}),
        }
        super().__init__(
            ["-m", "stigmer_runner", "serve"],
            environment,
            grpc=environment.get("EXECUTION_MODE") != "temporal",
            http=environment["HTTP_PORT"] != "off",
        )
