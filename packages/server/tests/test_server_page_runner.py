"""The whole way through a real browser, a real server and a real runner."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect
from stigmer_runner.testing import RunnerProcess
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests.browser import browser_page
from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import RUNNER_COMMAND, Peer
from packages.server.tests.http_server import ORDER

pytestmark = pytest.mark.browser


@pytest.fixture
def server_with_runner(contract: Contract, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server and a runner that is registered with it."""
    with ServerProcess(tmp_path, {"STIGMER_RUNNER_CHECK_SECONDS": "0.2"}) as server:
        settings = {
            "STIGMER_SERVICE_ENDPOINT": server.grpc_target,
            "STIGMER_SERVICE_API_KEY": RUNNER_KEY,
            "STIGMER_SERVICE_TLS_ENABLED": "false",
        }
        with RunnerProcess(settings) as runner, Peer(contract, server.grpc_target, ADMIN_KEY) as admin:
            spec = {"type": "grpc", "endpoint": f"grpc://{runner.grpc_target}"}
            admin.call(RUNNER_COMMAND, "Create", {"metadata": {"name": "r", "ownerScope": "platform"}, "spec": spec})
            yield server


async def test_a_workflow_is_registered_run_paused_and_watched(server_with_runner: ServerProcess) -> None:
    waiting = ORDER.replace("- wrap:\n    set: {wrapped: 'yes'}", "- wrap:\n    wait: {seconds: 3}")
    async with browser_page() as (_, page, _complaints):
        await page.goto(server_with_runner.http_url)
        await page.get_by_label("API key").fill(CLIENT_KEY)
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name="Register a workflow first.").click()
        await page.get_by_label("Document").fill(waiting)
        await page.get_by_role("button", name="Register").click()
        await page.get_by_role("link", name="Start a run").click()
        await page.get_by_label("Item").fill("cup")
        await page.get_by_role("button", name="Start").click()
        wrap = page.locator('g.node[data-reference="/do/2/wrap"]')
        await expect(wrap).to_have_attribute("data-status", "running")
        await page.get_by_role("button", name="Pause").click()
        await expect(page).to_have_title("‖ order · paused · Stigmer")
        await page.get_by_role("button", name="Resume").click()
        await expect(page).to_have_title("✓ order · completed · Stigmer")
        for reference in ("/do/0/price", "/do/1/check", "/do/2/wrap", "/do/3/ship/for/do/0/send", "/do/4/done"):
            box = page.locator(f'g.node[data-reference="{reference}"]')
            await expect(box).to_have_attribute("data-status", "completed")
        await expect(page.get_by_role("region", name="Output as JSON")).to_contain_text('done: "yes"')
        await page.locator('.timeline button[data-reference="/do/0/price"]').click()
        await expect(page.get_by_role("region", name="Task")).to_contain_text("total: 7")
