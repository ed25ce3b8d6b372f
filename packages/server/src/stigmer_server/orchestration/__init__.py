"""Hands executions to runners, and keeps at it until one has taken them."""
