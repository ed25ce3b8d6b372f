"""Readers: text to JSON with positions."""
