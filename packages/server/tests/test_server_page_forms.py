"""Forms in a real browser: signing in, starting from a schema, registering by YAML, lists with filters."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from packages.server.tests.browser import live_page
from packages.server.tests.http_server import ORDER

pytestmark = pytest.mark.browser


async def test_a_key_is_asked_for_and_kept_in_the_tab_only(tmp_path: Path) -> None:
    async with live_page(tmp_path, signed_in=False) as live:
        page = live.page
        await page.goto(live.server.base_url)
        key = page.get_by_label("API key")
        await expect(key).to_be_focused()
        await key.fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.locator(".note.bad")).to_contain_text("unknown or revoked")
        await live.sign_in()
        assert await page.evaluate("Object.values(localStorage).join() + document.cookie") == ""
        await page.reload()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
        other = await live.context.new_page()
        await other.goto(live.server.base_url)
        await expect(other.get_by_label("API key")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("API key")).to_be_visible()


async def test_a_run_is_started_by_the_form_of_its_schema(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        page = live.page
        workflow = await live.server.register()
        await live.show(f"/workflows/{workflow}/start", "Start order")
        await expect(page.get_by_label("amount")).to_have_value("1")
        await expect(page.get_by_label("speed")).to_have_value("0")
        await page.get_by_label("amount").fill("11")
        await page.get_by_label("zip").fill("12")
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_label("Item")).to_be_focused()
        await expect(page.get_by_label("Item")).to_have_attribute("aria-invalid", "true")
        for text in ("This is needed.", "At most 10.", "Must match ^[0-9]{5}$"):
            await expect(page.get_by_text(text).first).to_be_visible()
        await page.get_by_label("Item").fill("cup")
        await page.get_by_label("amount").fill("3")
        await page.get_by_label("Wrap as a gift").select_option("yes")
        await page.get_by_label("speed").select_option("fast")
        await page.get_by_label("city").fill("Ulm")
        await page.get_by_label("zip").fill("89073")
        for note in ("one", "two"):
            await page.get_by_role("button", name="Add to notes").click()
            await page.keyboard.type(note)
        await page.get_by_role("button", name="Remove notes 1").click()
        await page.get_by_label("extra").fill('{"any": [1, null]}')
        await page.get_by_label("Tags").fill("red, urgent")
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("order")
        status = (await live.server.client.get(f"/api/v1/executions/{page.url.rsplit('/', 1)[1]}")).json()
        assert status["input"] == {
            "item": "cup",
            "amount": 3,
            "gift": True,
            "speed": "fast",
            "address": {"city": "Ulm", "zip": "89073"},
            "notes": ["two"],
            "extra": {"any": [1, None]},
        }
        assert status["tags"] == ["red", "urgent"]


async def test_the_form_and_its_json_are_two_views_of_one_input(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        page = live.page
        await live.show(f"/workflows/{await live.server.register()}/start", "Start order")
        await page.get_by_label("Item").fill("cup")
        await page.get_by_role("button", name="Edit as JSON").click()
        await page.get_by_label("Input").fill('{"item": "mug", "amount": 99, "unknown": true}')
        await page.get_by_role("button", name="Start").click()
        await expect(page.locator(".note.bad")).to_contain_text("/amount")
        await page.get_by_label("Input").fill('{"item": "mug", "amount": 9}')
        await page.get_by_role("button", name="Edit as a form").click()
        await expect(page.get_by_label("Item")).to_have_value("mug")
        await expect(page.get_by_label("amount")).to_have_value("9")


async def test_what_only_the_server_can_check_is_shown_at_its_field(tmp_path: Path) -> None:
    document = ORDER.replace("minLength: 1", "minLength: 1, not: {const: bomb}")
    async with live_page(tmp_path) as live:
        page = live.page
        await live.show(f"/workflows/{await live.server.register(document)}/start", "Start order")
        await page.get_by_label("Item").fill("bomb")
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_label("Item")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_label("Item")).to_be_focused()


async def test_a_workflow_without_schema_takes_json(tmp_path: Path) -> None:
    document = ORDER[: ORDER.index("input:")] + ORDER[ORDER.index("do:\n- price") :]
    async with live_page(tmp_path) as live:
        page = live.page
        await live.show(f"/workflows/{await live.server.register(document)}/start", "Start order")
        await page.get_by_label("Input").fill("[1]")
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_text("The input must be a JSON object.")).to_be_visible()
        await page.get_by_label("Input").fill('{"a": 1}')
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_role("region", name="Input as JSON")).to_contain_text("a: 1")


async def test_a_workflow_is_registered_changed_and_deleted_by_its_yaml(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        page = live.page
        await live.show("/workflows", "Workflows")
        await page.get_by_role("link", name="Register a workflow").click()
        await expect(page.get_by_text("The document is valid.")).to_be_visible()
        broken = ORDER.replace("then: wrap", "then: nowhere")
        await page.get_by_label("Document").fill(broken)
        await expect(page.locator(".note.bad")).to_contain_text("1 problem")
        line = broken.split("\n").index("    - small: {then: nowhere}") + 1
        await page.get_by_role("button", name=f"line {line}").click()
        selected = await page.get_by_label("Document").evaluate("area => area.value.slice(0, area.selectionStart)")
        assert selected.count("\n") + 1 == line
        await page.get_by_label("Document").fill(ORDER)
        await expect(page.get_by_text("The document is valid.")).to_be_visible()
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("order")
        await page.get_by_role("link", name="Edit").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Edit order")
        text = await page.get_by_label("Document").input_value()
        await page.get_by_label("Document").fill(text.replace("wrapped", "packed"))
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(".definition")).to_contain_text("packed")
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("No workflows here.")).to_be_visible()


async def test_runs_are_found_by_their_filters(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        page, server = live.page, live.server
        order = await server.register()
        other = await server.register(ORDER.replace("name: order", "name: second"))
        for number in range(26):
            await server.start(order, metadata={"tags": ["even" if number % 2 == 0 else "odd"]})
        last = await server.start(other, metadata={"tags": ["odd"]})
        await server.report(last, "workflow_started")
        await live.show("/executions", "Runs")
        rows = page.locator(".list > li")
        await expect(rows).to_have_count(25)
        await expect(page.get_by_text("Page 1 of 2 · 27 in all")).to_be_visible()
        await page.get_by_role("button", name="Older →").click()
        await expect(rows).to_have_count(2)
        await page.get_by_label("Tags").fill("odd")
        await expect(rows).to_have_count(14)
        await page.get_by_label("State").select_option("running")
        await expect(rows).to_have_count(1)
        assert "phase=running" in page.url
        await page.reload()
        await expect(rows).to_have_count(1)
        await page.get_by_label("State").select_option("All")
        await page.get_by_label("Tags").fill("")
        await page.get_by_label("Workflow").select_option("second")
        await expect(rows).to_have_count(1)
        await page.get_by_label("Workflow").select_option("All")
        await page.get_by_label("Search").fill("SECON")
        await expect(rows).to_have_count(1)
        await page.get_by_label("Tags").fill("nowhere")
        await expect(page.get_by_text("No run fits these filters.")).to_be_visible()
        await page.get_by_role("button", name="Clear filters").click()
        await expect(rows).to_have_count(25)
        await expect(page.get_by_label("Search")).to_be_focused()
        await page.get_by_label("Search").fill("SECON")
        await expect(rows).to_have_count(1)
        await server.report(last, "workflow_completed", payload={"output": {}})
        await expect(rows.locator(".badge")).to_have_text("✓completed")
        await rows.get_by_role("link").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("second")


async def test_ages_in_a_list_grow_while_it_is_looked_at(tmp_path: Path) -> None:
    async with live_page(tmp_path, signed_in=False) as live:
        await live.page.clock.install()
        await live.sign_in()
        await live.server.start(await live.server.register())
        await live.show("/workflows", "Workflows")
        await live.show("/executions", "Runs")
        when = live.page.locator(".list .when")
        await expect(when).to_be_visible()
        await live.page.clock.fast_forward("10:00")
        await expect(when).to_contain_text("10 min")


async def test_a_list_that_could_not_be_read_says_nothing_of_what_is_there(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        await live.context.set_offline(True)
        await live.show("/workflows", "Workflows")
        await expect(live.page.locator(".note.bad")).to_have_text("The server cannot be reached.")
        await expect(live.page.get_by_text("No workflows here.")).to_be_hidden()
        await live.context.set_offline(False)
        await expect(live.page.get_by_text("No workflows here.")).to_be_visible()
        await expect(live.page.locator(".note.bad")).to_have_count(0)
