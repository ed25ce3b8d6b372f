"""Checks the `authorization` header or metadata of a call, on every port alike."""

import hmac
import time
from collections.abc import Callable
from typing import Final

from stigmer_server.access.caller import Caller, Role
from stigmer_server.access.keys import find_key, key_hash
from stigmer_server.access.peers import peer_name
from stigmer_server.access.rate import RateLimit
from stigmer_server.refusals import Reason, Refused
from stigmer_server.store.database import Database

_REMEMBER_SECONDS: Final = 5.0
_MOST_REMEMBERED: Final = 1000
_BEARER: Final = "bearer "


class Authentication:
    """From the header to the caller. A key that is revoked is refused at the latest some seconds later.

    Calls that fail are counted for the address they come from. Once it has failed too often, only keys that were right
    before are looked up for it: others may share the address.
    """

    def __init__(
        self,
        database: Database,
        *,
        requests: RateLimit,
        runner_requests: RateLimit,
        failed_logins: RateLimit,
        on_failure: Callable[[], None],
    ) -> None:
        self._database = database
        self._requests = requests
        self._runner_requests = runner_requests
        self._failed_logins = failed_logins
        self._on_failure = on_failure
        self._known: dict[str, tuple[Caller, float]] = {}

    async def check(self, authorization: str | None, address: str) -> Caller:
        """The caller, who calls from `address`.

        Raises Refused: UNAUTHENTICATED, TOO_MANY_REQUESTS, or TRY_AGAIN for a runner.
        """
        header = authorization or ""
        if header[: len(_BEARER)].lower() != _BEARER:
            raise self._failed(address, "this server needs a key: send `authorization: Bearer <API key>`")
        digest = key_hash(header[len(_BEARER) :].strip())
        caller = await self._caller(digest, address)
        self._limit(caller, digest)
        return caller

    async def _caller(self, digest: str, address: str) -> Caller:
        remembered = self._known.get(digest)
        if remembered is not None and remembered[1] > time.monotonic():
            return remembered[0]
        if remembered is None and self._failed_logins.spent(peer_name(address)):
            raise _too_many_failures()
        record = await self._database.read(lambda connection: find_key(connection, digest))
        # The comparison of the index is not constant in time; what it compares is a hash that nobody can choose.
        if record is None or not hmac.compare_digest(record.hash, digest):
            self._known.pop(digest, None)
            raise self._failed(address, "the API key is unknown or revoked")
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        caller = Caller(name=record.name, role=record.role)
        self._known[digest] = (caller, time.monotonic() + _REMEMBER_SECONDS)
        return caller

    def _failed(self, address: str, message: str) -> Refused:
        self._on_failure()
        if self._failed_logins.take(peer_name(address)):
            return Refused(Reason.UNAUTHENTICATED, message)
        return _too_many_failures()

    def _limit(self, caller: Caller, digest: str) -> None:
        if caller.role is Role.RUNNER:
            if not self._runner_requests.take(digest):
                # Runners give an event up after some refusals, but wait for a server that is away for a while.
                raise Refused(Reason.TRY_AGAIN, "this key makes too many requests; try again in a second")
        elif not self._requests.take(digest):
            raise Refused(Reason.TOO_MANY_REQUESTS, "this key makes too many requests; try again in a second")


def _too_many_failures() -> Refused:
    return Refused(
        Reason.TOO_MANY_REQUESTS,
        "too many calls without a valid API key came from this address; try again in a second, with a key",
    )
