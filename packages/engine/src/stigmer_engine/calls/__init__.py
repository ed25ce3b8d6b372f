"""Calls: the side effects themselves."""
