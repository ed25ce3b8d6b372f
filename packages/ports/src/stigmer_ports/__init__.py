"""What stands at the edge of the runner and of the Stigmer service: gRPC, HTTP, settings, logs, signals.

Import the modules themselves: a command that opens no port must not load what a port needs.
"""
