"""gRPC service, HTTP status port and command line of the workflow runner."""

__all__: list[str] = []
