"""Executors: one a task kind, each working on its frame."""
