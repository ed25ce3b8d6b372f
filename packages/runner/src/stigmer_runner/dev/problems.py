"""What can keep a platform from running."""


class DevProblem(Exception):
    """It cannot start or go on; the text is one sentence that says why, and what to do."""
