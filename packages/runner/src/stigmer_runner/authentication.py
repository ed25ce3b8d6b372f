"""Who may call the runner: everybody, or those who know `RUNNER_API_KEY`."""

import hmac

from pydantic import SecretStr

from stigmer_runner.refusals import Reason, Refused


class Authentication:
    """Checks the `authorization` header or metadata of a call."""

    def __init__(self, key: SecretStr | None) -> None:
        self._expected = f"Bearer {key.get_secret_value()}".encode() if key else None

    @property
    def required(self) -> bool:
        """Whether callers need a key at all."""
        return self._expected is not None

    def check(self, authorization: str | None) -> None:
        """Raise Refused unless the header is the right one. Takes the same time for every wrong key."""
        if self._expected is None:
            return
        given = (authorization or "").encode()
        if not hmac.compare_digest(given, self._expected):
            raise Refused(
                Reason.UNAUTHENTICATED, "this runner needs a key: send `authorization: Bearer <RUNNER_API_KEY>`"
            )
