"""A run in a real browser: coloured as it happens, resumed after a cut, controlled."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails

from packages.server.tests.browser import LivePage, live_page
from packages.server.tests.cut_proxy import cut_proxy

pytestmark = pytest.mark.browser

HEAD = "document: {dsl: '1.0.0', namespace: tests, name: many, version: '1.0.0'}\n"
SEND = "/do/3/ship/for/do/0/send"


def box(live: LivePage, reference: str) -> str:
    """The selector of the box of a task."""
    return f'g.node[data-reference="{reference}"]'


async def test_the_graph_is_coloured_as_the_run_goes_on(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        page, server = live.page, live.server
        execution = await server.start(await server.register())
        await live.show(f"/executions/{execution}", "order")
        await expect(page).to_have_title("○ order · pending · Stigmer")
        await server.report(execution, "workflow_started")
        await server.report(execution, "task_started", "/do/0/price", payload={"input": {"amount": 2}})
        price = page.locator(box(live, "/do/0/price"))
        await expect(price).to_have_attribute("data-status", "running")
        await expect(page).to_have_title("▶ order · running · Stigmer")
        before = await price.locator(".shape").first.evaluate("shape => getComputedStyle(shape).fill")
        await server.report(execution, "task_completed", "/do/0/price", payload={"output": {"total": 14}})
        await expect(price).to_have_attribute("data-status", "completed")
        assert await price.locator(".shape").first.evaluate("shape => getComputedStyle(shape).fill") != before
        await expect(price.locator(".mark")).to_have_text("✓")
        await server.report(execution, "task_skipped", "/do/2/wrap")
        await expect(page.locator(box(live, "/do/2/wrap"))).to_have_attribute("data-status", "skipped")
        await server.report(execution, "task_started", "/do/3/ship")
        await server.run_task(execution, SEND, {"sent": 1})
        await server.report(execution, "task_started", SEND)
        await server.report(execution, "task_retry", SEND, error=ErrorDetails(message="503"))
        await expect(page.locator(box(live, SEND))).to_have_attribute("data-status", "retrying")
        await server.report(execution, "task_started", SEND, attempt=2)
        await expect(page.locator(box(live, SEND))).to_have_attribute("aria-label", "send: set, running, 2 runs")
        row = page.locator(f'.timeline button[data-reference="{SEND}"]')
        await expect(row.locator(".bar")).to_have_count(3)
        await expect(row.locator(".bar.failed")).to_have_count(1)
        await server.report(execution, "task_completed", SEND)
        await server.report(execution, "task_completed", "/do/3/ship")
        await server.report(execution, "workflow_completed", payload={"output": {"done": "yes"}})
        await expect(page).to_have_title("✓ order · completed · Stigmer")
        await expect(page.locator("#icon")).to_have_attribute("href", re.compile("^data:image/svg"))
        await expect(page.locator("#status")).to_have_text("The run is completed")
        await expect(page.get_by_role("region", name="Output as JSON")).to_contain_text('done: "yes"')
        await expect(page.locator(".link-state")).to_be_hidden()
        await expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
        await expect(page.get_by_role("button", name="Run again")).to_be_visible()


async def test_a_cut_line_is_taken_up_behind_the_last_event(tmp_path: Path) -> None:
    async with (
        live_page(tmp_path, signed_in=False) as live,
        cut_proxy(int(live.server.base_url.rsplit(":", 1)[1])) as proxy,
    ):
        page, server = live.page, live.server
        direct, server.base_url = server.base_url, proxy.base_url
        asked: list[str] = []
        page.on(
            "request",
            lambda told: asked.append(told.headers.get("last-event-id", "")) if told.url.endswith("/events") else None,
        )
        await live.sign_in()
        execution = await server.start(await server.register())
        await server.report(execution, "workflow_started")
        await live.show(f"/executions/{execution}", "order")
        await server.run_task(execution, "/do/0/price")
        await expect(page.locator(box(live, "/do/0/price"))).to_have_attribute("data-status", "completed")
        await expect(page.locator(".link-state")).to_have_text("live")
        proxy.cut()
        await expect(page.locator(".link-state")).to_contain_text("reconnecting")
        await server.run_task(execution, "/do/1/check")
        await expect(page.locator(box(live, "/do/1/check"))).not_to_have_attribute("data-status", "completed")
        proxy.mend()
        await expect(page.locator(box(live, "/do/1/check"))).to_have_attribute("data-status", "completed")
        await expect(page.locator(".link-state")).to_have_text("live")
        await expect(page.locator(".facts").first).to_contain_text("Events5")
        assert asked[0] == ""
        assert set(asked[1:]) == {"3"}
        server.base_url = direct


async def test_errors_lead_to_the_task_and_its_line(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        page, server = live.page, live.server
        execution = await server.start(await server.register())
        error = ErrorDetails(
            code="RUNTIME", message="the carrier <b>is away</b>", type="https://e/away", status=503, instance=SEND
        )
        await server.report(execution, "workflow_started")
        await server.report(execution, "task_started", "/do/3/ship")
        await server.report(
            execution, "task_started", SEND, payload={"input": {"big": {"truncated": True, "limit": 65536}}}
        )
        await server.report(execution, "task_failed", SEND, error=error)
        await server.report(execution, "task_failed", "/do/3/ship", error=error)
        await server.report(execution, "workflow_failed", error=error)
        await live.show(f"/executions/{execution}", "order")
        note = page.locator(".note.bad").first
        await expect(note).to_contain_text("the carrier <b>is away</b>")
        await expect(note).to_contain_text("https://e/away")
        # The task that failed is shown without being asked for; any other one can be chosen, and it again.
        await expect(page.locator(".definition .chosen")).to_contain_text("send:")
        await page.wait_for_function(
            "(() => { const line = document.querySelector('.definition .chosen'); const box = line.parentElement;"
            " const top = line.offsetTop - box.offsetTop - box.scrollTop;"
            " return top >= 0 && top < box.clientHeight; })()"
        )
        await page.locator(box(live, "/do/0/price")).click()
        await expect(page.locator(".definition .chosen")).to_contain_text("price:")
        await note.get_by_role("button", name=SEND).click()
        await expect(page.locator(box(live, SEND))).to_have_attribute("aria-pressed", "true")
        await expect(page.locator(".definition .chosen")).to_contain_text("send:")
        task = page.get_by_role("region", name="Task")
        await expect(task).to_contain_text("left out: larger than 65,536 bytes")
        await page.locator('.timeline button[data-reference="/do/3/ship"]').click()
        await expect(page.locator(".definition .chosen")).to_contain_text("ship:")


async def test_runs_are_cancelled_and_run_again(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        page, server = live.page, live.server
        execution = await server.start(await server.register())
        await live.show(f"/executions/{execution}", "order")
        await expect(page.get_by_role("button", name="Pause")).to_be_disabled()
        await page.get_by_role("button", name="Cancel").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Reason").fill("not wanted")
        await dialog.get_by_role("button", name="Cancel the run").click()
        await expect(page).to_have_title("⊘ order · cancelled · Stigmer")
        await expect(page.locator(".facts").first).to_contain_text("not wanted")
        await page.get_by_role("button", name="Run again").click()
        await expect(page).to_have_title("○ order · pending · Stigmer")
        assert page.url.split("/")[-1] != execution


async def test_a_refused_order_is_told(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        page, server = live.page, live.server
        execution = await server.start(await server.register())
        await server.take(execution)
        await server.report(execution, "workflow_started")
        await live.show(f"/executions/{execution}", "order")
        await page.get_by_role("button", name="Pause").click()
        await expect(page.locator(".note.bad")).to_contain_text("runner")
        await page.get_by_role("button", name="Send signal").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Name").fill("approve")
        await dialog.get_by_label("Data").fill("{")
        await dialog.get_by_role("button", name="Send", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("no JSON")
        await dialog.get_by_label("Data").fill('{"by": "ann"}')
        await dialog.get_by_role("button", name="Send", exact=True).click()
        await expect(dialog.get_by_role("alert")).not_to_contain_text("no JSON")
        await dialog.get_by_role("button", name="Back").click()
        await expect(page.get_by_role("button", name="Send signal")).to_be_focused()


async def test_many_events_are_shown(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        execution = await live.server.start(await live.server.register())
        await live.server.report(execution, "workflow_started")
        await live.show(f"/executions/{execution}", "order")
        for number in range(150):
            await live.server.run_task(execution, SEND, {"n": number})
        send = live.page.locator(box(live, SEND))
        await expect(send).to_have_attribute("aria-label", "send: set, completed, 150 runs")
        await expect(live.page.locator(f'.timeline button[data-reference="{SEND}"] .bar')).to_have_count(60)


async def test_of_very_many_tasks_the_newest_are_in_the_timeline(tmp_path: Path) -> None:
    steps = "".join(f"- step-{number}: {{set: {{n: '{number}'}}}}\n" for number in range(310))
    async with live_page(tmp_path) as live:
        workflow = await live.server.register(f"{HEAD}do:\n{steps}")
        execution = await live.server.start(workflow)
        await live.server.report(execution, "workflow_started")
        for number in range(310):
            await live.server.run_task(execution, f"/do/{number}/step-{number}")
        await live.show(f"/executions/{execution}", "many")
        rows = live.page.locator(".timeline button")
        await expect(rows.last).to_contain_text("step-309")
        await expect(rows).to_have_count(300)
        await expect(rows.first).to_contain_text("step-10")
        await expect(live.page.get_by_text("10 tasks before")).to_be_visible()


async def test_text_that_turns_what_is_around_it_is_shown_as_what_it_is(tmp_path: Path) -> None:
    turned = "gpj.\u202eexe"
    async with live_page(tmp_path) as live:
        page, server = live.page, live.server
        execution = await server.start(
            await server.register(), {"item": turned, "amount": 1}, metadata={"tags": [turned]}
        )
        await live.show(f"/executions/{execution}", "order")
        await expect(page.get_by_role("region", name="Input as JSON")).to_contain_text(r"gpj.\u202eexe")
        await expect(page.locator(".tag")).to_have_text("gpj.\ufffdexe")
