"""Who calls, and what their key may do."""

from starlette.requests import HTTPConnection

from stigmer_server.access import Caller, Role
from stigmer_server.application import Application


class Callers:
    """The check of API keys for the routes. Every method raises Refused."""

    def __init__(self, core: Application) -> None:
        self._core = core

    async def reader(self, connection: HTTPConnection) -> Caller:
        """Somebody with any valid key."""
        return await self._core.authentication.check(connection.headers.get("authorization"), address_of(connection))

    async def writer(self, connection: HTTPConnection) -> Caller:
        """Somebody who may register, start and control workflows."""
        caller = await self.reader(connection)
        caller.require(Role.CLIENT, Role.ADMIN)
        return caller


def address_of(connection: HTTPConnection) -> str:
    """Where a call comes from; a proxy on this machine says so in `X-Forwarded-For` (uvicorn)."""
    return connection.client.host if connection.client is not None else ""
