"""What can be wrong with a payload. Every text says what, where, and what to do; none holds data or key material."""


class PayloadProblem(Exception):
    """A payload cannot be written or read. The text is for whoever operates the workers."""


class MissingBlob(PayloadProblem):
    """The blob that a reference names is not in the store."""


class AlteredBlob(PayloadProblem):
    """What the store gave, or the reference itself, is not what was written."""


class PayloadTooLarge(PayloadProblem):
    """The payload is larger than this system passes on."""


class UnknownKey(PayloadProblem):
    """The key that the payload was encrypted with is not among the keys of this process."""


class UndecryptablePayload(PayloadProblem):
    """The key is there, but it does not open the payload: another key under the same id, or an altered payload."""


class StoreProblem(PayloadProblem):
    """The store did not answer, or refused."""


class InvalidKeys(ValueError):
    """The text holds no usable keys; the message is the rest of a sentence that begins with its name."""


class MissingSecrets(PayloadProblem):
    """No secrets are kept for the execution."""


class NoKeyForSecrets(PayloadProblem):
    """Secrets cannot be kept, because there is no key to encrypt them with."""
