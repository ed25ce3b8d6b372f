"""The shop that the order workflow calls: a small HTTP service on a free port of this machine.

It counts what it is asked, so that a call which is made twice does not go unnoticed.
"""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

PRICES = {"tea": 4, "cup": 9, "pot": 31}
TOKEN = "let-me-in"  # noqa: S105 - the demo's own shop


async def order(request: Request) -> JSONResponse:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return JSONResponse({"error": "who are you?"}, status_code=401)
    lines = [{"sku": "tea", "quantity": 3}, {"sku": "cup", "quantity": 2}, {"sku": "pot", "quantity": 1}]
    return JSONResponse({"id": request.path_params["id"], "customer": "ada", "lines": lines})


async def price(request: Request) -> JSONResponse:
    await asyncio.sleep(0.1)
    return JSONResponse({"price": PRICES[request.path_params["sku"]]})


async def stock(request: Request) -> JSONResponse:
    lines = (await request.json())["lines"]
    await asyncio.sleep(0.3)
    return JSONResponse({"reservation": f"R-{len(lines)}"}, status_code=201)


async def fraud(_request: Request) -> JSONResponse:
    await asyncio.sleep(0.2)
    return JSONResponse({"risk": 0.1})


async def payment(_request: Request) -> JSONResponse:
    return JSONResponse({"error": "insufficient funds"}, status_code=402)


ROUTES = [
    Route("/orders/{id}", order),
    Route("/prices/{sku}", price),
    Route("/stock", stock, methods=["POST"]),
    Route("/fraud/{customer}", fraud),
    Route("/payments", payment, methods=["POST"]),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A shop that is open: its address, such as `http://127.0.0.1:40001`, and how often each path was asked for."""

    address: str
    asked: Counter[str] = field(default_factory=Counter)


class CountRequests:
    """Counts requests by path."""

    def __init__(self, app: ASGIApp, asked: Counter[str]) -> None:
        self._app = app
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._asked[scope["path"]] += 1
        await self._app(scope, receive, send)


@contextlib.asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    """Serve the shop."""
    listener = socket.create_server(("127.0.0.1", 0))
    shop = Shop(address=f"http://127.0.0.1:{listener.getsockname()[1]}")
    app = CountRequests(Starlette(routes=ROUTES), shop.asked)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield shop
    finally:
        server.should_exit = True
        await serving
        listener.close()
