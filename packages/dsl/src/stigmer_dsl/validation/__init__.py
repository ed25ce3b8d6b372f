"""Checks of a parsed document."""
