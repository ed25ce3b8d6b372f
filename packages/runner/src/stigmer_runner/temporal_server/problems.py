"""What can go wrong with a dev server."""


class DevServerProblem(Exception):
    """It is not installed, did not start, or did not end well. The text says which, and what to do."""
