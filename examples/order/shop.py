"""The shop that the order workflow calls: a small HTTP service on a free port of this machine."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

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


SHOP = Starlette(
    routes=[
        Route("/orders/{id}", order),
        Route("/prices/{sku}", price),
        Route("/stock", stock, methods=["POST"]),
        Route("/fraud/{customer}", fraud),
        Route("/payments", payment, methods=["POST"]),
    ]
)


@contextlib.asynccontextmanager
async def open_shop() -> AsyncIterator[str]:
    """Serve the shop; gives its address, such as `http://127.0.0.1:40001`."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(SHOP, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()
