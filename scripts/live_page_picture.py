"""Takes the picture of the live page for the documentation: a run in the middle of its work, in a real Chromium."""

import asyncio
import tempfile
from pathlib import Path

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails

from packages.server.tests.browser import LivePage, live_page
from packages.server.tests.http_server import HttpServer

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "live-page.png"
PARCEL = "/do/2/parcels/for/do/0/label"
DOCUMENT = """\
document: {dsl: '1.0.0', namespace: shop, name: ship-order, version: '2.1.0'}
input:
  schema: {document: {type: object, required: [order], properties: {order: {type: string}}}}
do:
- check:
    set: {total: '${ .lines | map(.price) | add }'}
- stock-and-risk:
    fork:
      branches:
      - stock: {call: http, with: {method: get, endpoint: {uri: 'https://stock.example.com/'}}}
      - risk: {call: http, with: {method: get, endpoint: {uri: 'https://risk.example.com/'}}}
- parcels:
    for: {each: line, in: '${ .lines }'}
    do:
    - label: {call: http, with: {method: post, endpoint: {uri: 'https://carrier.example.com/'}}}
- size:
    switch:
    - large: {when: '${ .total > 500 }', then: approve}
    - small: {then: notify}
- approve:
    listen: {to: {one: {with: {id: approved, type: signal}}}}
- notify:
    set: {done: 'yes'}
"""


async def run(server: HttpServer) -> str:
    """A run that has come to its second parcel."""
    workflow = await server.register(DOCUMENT)
    given = {"order": "A-1017", "lines": [{"sku": "cup", "price": 12}, {"sku": "lamp", "price": 140}]}
    execution = await server.start(workflow, given, metadata={"tags": ["europe", "priority"]})
    await server.report(execution, "workflow_started", message="started")
    await server.report(execution, "task_started", "/do/0/check", payload={"input": given})
    await asyncio.sleep(0.4)
    await server.report(execution, "task_completed", "/do/0/check", payload={"output": {"total": 152}})
    branches = "/do/1/stock-and-risk/fork/branches"
    await server.report(execution, "task_started", "/do/1/stock-and-risk")
    stock, risk = f"{branches}/0/stock", f"{branches}/1/risk"
    for reference in (stock, f"{stock}/do/0/stock", risk, f"{risk}/do/0/risk"):
        await server.report(execution, "task_started", reference)
    await asyncio.sleep(0.7)
    for reference in (f"{risk}/do/0/risk", risk):
        await server.report(execution, "task_completed", reference, payload={"output": {"risk": "low"}})
    await asyncio.sleep(0.6)
    for reference in (f"{stock}/do/0/stock", stock):
        await server.report(execution, "task_completed", reference, payload={"output": {"cup": 31}})
    await server.report(execution, "task_completed", "/do/1/stock-and-risk")
    await server.report(execution, "task_started", "/do/2/parcels")
    await server.report(execution, "task_started", PARCEL, payload={"input": {"line": {"sku": "cup"}}})
    await asyncio.sleep(0.6)
    await server.report(execution, "task_completed", PARCEL, payload={"output": {"parcel": "P-1"}})
    await server.report(execution, "task_started", PARCEL, payload={"input": {"line": {"sku": "lamp"}}})
    await asyncio.sleep(0.5)
    away = ErrorDetails(
        message="the carrier answered 503", type="https://open-workflow-specification.org/errors/communication"
    )
    await server.report(execution, "task_retry", PARCEL, error=away)
    await asyncio.sleep(0.4)
    await server.report(
        execution, "task_started", PARCEL, attempt=2, payload={"input": {"line": {"sku": "lamp", "price": 140}}}
    )
    return execution


async def picture(live: LivePage) -> None:
    """Show the run and take the picture."""
    execution = await run(live.server)
    await live.show(f"/executions/{execution}", "ship-order")
    await live.page.locator(f'g.node[data-reference="{PARCEL}"].state-running').click()
    await live.page.mouse.move(0, 0)
    await asyncio.sleep(0.3)
    PICTURE.parent.mkdir(exist_ok=True)
    await live.page.screenshot(path=PICTURE)


async def main() -> None:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        async with live_page(
            Path(folder), viewport={"width": 1280, "height": 1240}, reduced_motion="reduce", timezone_id="UTC"
        ) as live:
            await picture(live)


if __name__ == "__main__":
    asyncio.run(main())
