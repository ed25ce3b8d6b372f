"""The finding of the law of frames."""


class LawBroken(AssertionError):
    """A run that the law of frames does not allow."""
