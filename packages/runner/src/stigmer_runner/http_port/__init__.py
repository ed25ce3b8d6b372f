"""The HTTP port: status, events and probes, all read from the executions' event logs."""
