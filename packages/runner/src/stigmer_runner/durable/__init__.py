"""Executions on Temporal: connected, started, controlled, worked for. Behind the same protocol as those in process."""
