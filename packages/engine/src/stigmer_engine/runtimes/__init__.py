"""Runtimes: where an interpreter runs."""
