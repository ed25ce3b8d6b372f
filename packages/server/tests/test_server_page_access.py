"""The page for everybody: by keyboard alone, on a phone, in the dark, for screen readers, without motion."""

from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page, expect
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails
from stigmer_server.testing import CLIENT_KEY

from packages.server.tests.browser import PHONE, LivePage, live_page

pytestmark = pytest.mark.browser

SEND = "/do/3/ship/for/do/0/send"


async def a_failed_run(live: LivePage) -> tuple[str, str]:
    """A workflow and a run of it with every state but success."""
    server = live.server
    workflow = await server.register()
    execution = await server.start(workflow, metadata={"tags": ["urgent"]})
    await server.report(execution, "workflow_started")
    await server.run_task(execution, "/do/0/price", {"total": 14}, {"item": "cup"})
    await server.report(execution, "task_skipped", "/do/2/wrap")
    await server.report(execution, "task_started", "/do/3/ship")
    await server.report(execution, "task_started", SEND)
    error = ErrorDetails(message="the carrier is away", type="https://e/away", status=503, instance=SEND)
    await server.report(execution, "task_retry", SEND, error=error)
    await server.report(execution, "task_started", SEND, attempt=2)
    await server.report(execution, "task_failed", SEND, error=error, attempt=2)
    await server.report(execution, "workflow_failed", error=error)
    return workflow, execution


def views(workflow: str, execution: str) -> list[tuple[str, str]]:
    """Every view with its heading."""
    return [
        ("/executions", "Runs"),
        (f"/executions/{execution}", "order"),
        ("/workflows", "Workflows"),
        (f"/workflows/{workflow}", "order"),
        (f"/workflows/{workflow}/edit", "Edit order"),
        (f"/workflows/{workflow}/start", "Start order"),
    ]


async def test_everything_is_done_by_keyboard_alone(tmp_path: Path) -> None:
    async with live_page(tmp_path, signed_in=False) as live:
        page, keys = live.page, live.page.keyboard
        await page.goto(live.server.base_url)
        await expect(page.get_by_label("API key")).to_be_focused()
        await keys.type(CLIENT_KEY)
        await keys.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
        await keys.press("g")
        await keys.press("w")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Workflows")
        await keys.press("n")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Register a workflow")
        await keys.press("Tab")
        await expect(page.get_by_label("Document")).to_be_focused()
        await keys.press("Control+Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("greeting")
        await keys.press("s")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Start greeting")
        await keys.press("Tab")
        await keys.type("Ada")
        await keys.press("Enter")
        await expect(page).to_have_title("○ greeting · pending · Stigmer")
        execution = page.url.rsplit("/", 1)[1]
        await live.server.report(execution, "workflow_started")
        await live.server.report(execution, "task_started", "/do/0/greet")
        await tab_to(page, "g.node")
        await keys.press("Enter")
        await expect(page.get_by_role("region", name="Task")).to_contain_text("greet")
        assert await outline(page) != "none"
        await keys.press("?")
        await expect(page.get_by_role("dialog")).to_contain_text("Cancel the run")
        await keys.press("Escape")
        await keys.press("c")
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_label("Reason")).to_be_focused()
        await keys.press("Escape")
        await expect(dialog).to_have_count(0)
        await live.server.report(execution, "workflow_completed", payload={"output": {"greeting": "Hello, Ada!"}})
        await expect(page.locator("#status")).to_have_text("The run is completed")
        await keys.press("r")
        await expect(page).to_have_title("○ greeting · pending · Stigmer")


async def test_every_control_is_reached_by_tab_and_seen_when_it_is(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        _, execution = await a_failed_run(live)
        await live.show(f"/executions/{execution}", "order")
        await expect(live.page.locator(".link-state")).to_have_text("ended")
        # What the events told is drawn a moment later, and has controls of its own.
        await expect(live.page.get_by_role("region", name="Task", exact=True)).to_contain_text("the carrier is away")
        wanted = await live.page.evaluate(
            "[...document.querySelectorAll('a[href], button:not(:disabled), input, summary, [tabindex=\"0\"]')]"
            ".filter(one => one.checkVisibility()).length"
        )
        seen = set()
        await live.page.evaluate("document.activeElement.blur()")
        for _ in range(wanted + 5):
            await live.page.keyboard.press("Tab")
            found = await live.page.evaluate(
                "(() => { const one = document.activeElement; one.dataset.seen ??= Math.random();"
                " const shape = one.querySelector?.('.shape');"
                " const ring = getComputedStyle(one).outlineStyle !== 'none'"
                " || (shape && getComputedStyle(shape).strokeWidth === '4px');"
                " return one === document.body ? null : [one.dataset.seen, ring, one.outerHTML.slice(0, 90)]; })()"
            )
            if found is not None:
                assert found[1], f"no focus ring: {found[2]}"
                seen.add(found[0])
        assert len(seen) == wanted


async def test_arrow_keys_go_through_the_graph(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        _, execution = await a_failed_run(live)
        await live.show(f"/executions/{execution}", "order")
        await tab_to(live.page, "g.node")
        for key, pointer in (
            ("ArrowDown", "/do/1/check"),
            ("End", "/do/4/done"),
            ("ArrowUp", SEND),
            ("Home", "/do/0/price"),
            ("ArrowUp", "/do/0/price"),
        ):
            await live.page.keyboard.press(key)
            assert await live.page.evaluate("document.activeElement.dataset.reference") == pointer


async def test_shortcuts_can_be_turned_off(tmp_path: Path) -> None:
    async with live_page(tmp_path) as live:
        page = live.page
        await page.keyboard.press("?")
        await page.get_by_label("Shortcuts with single keys").uncheck()
        await page.get_by_role("button", name="Close").click()
        await page.keyboard.press("n")
        await page.keyboard.press("?")
        await page.get_by_label("Shortcuts with single keys").check()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
        await page.keyboard.press("n")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Register a workflow")


async def test_a_phone_of_320_pixels_needs_no_sideways_scrolling(tmp_path: Path) -> None:
    async with live_page(tmp_path, viewport=PHONE, has_touch=True, is_mobile=True) as live:
        for path, heading in views(*await a_failed_run(live)):
            await live.show(path, heading)
            width = await live.page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], (path, width)
            small = await live.page.evaluate(
                "[...document.querySelectorAll('button, .button, nav a')].filter(one => one.checkVisibility())"
                ".filter(one => one.getBoundingClientRect().height < 24).map(one => one.outerHTML)"
            )
            assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(tmp_path: Path, scheme: str) -> None:
    async with live_page(tmp_path, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as live:
        for path, heading in views(*await a_failed_run(live)):
            await live.show(path, heading)
            await no_violations(live.page)
        await live.page.keyboard.press("?")
        await no_violations(live.page)
        await live.page.keyboard.press("Escape")
        await live.page.get_by_role("button", name="Sign out").click()
        await expect(live.page.get_by_label("API key")).to_be_visible()
        await no_violations(live.page)


async def test_the_dark_follows_the_system_and_the_button(tmp_path: Path) -> None:
    async with live_page(tmp_path, color_scheme="dark") as live:
        page = live.page
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = await page.evaluate(ground)
        await page.keyboard.press("t")
        await expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
        light = await page.evaluate(ground)
        assert brightness(dark) < 60 < 200 < brightness(light)
        await page.reload()
        await expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
        assert await page.evaluate(ground) == light
        await page.emulate_media(color_scheme="light")
        await page.get_by_role("button", name="Theme: light").click()
        assert await page.evaluate(ground) == dark
        await page.get_by_role("button", name="Theme: dark").click()
        assert await page.evaluate(ground) == light
        workflow, _ = await a_failed_run(live)
        await live.show(f"/workflows/{workflow}", "order")
        fill = "getComputedStyle(document.querySelector('g.node.task .shape')).fill"
        in_light = await page.evaluate(fill)
        await page.emulate_media(color_scheme="dark")
        assert brightness(await page.evaluate(fill)) < brightness(in_light)


async def test_nothing_moves_for_who_wants_no_motion(tmp_path: Path) -> None:
    async with live_page(tmp_path, reduced_motion="reduce") as live:
        execution = await live.server.start(await live.server.register())
        await live.server.report(execution, "task_started", "/do/0/price")
        await live.show(f"/executions/{execution}", "order")
        shape = live.page.locator("g.node.state-running .shape").first
        assert await shape.evaluate("shape => getComputedStyle(shape).animationName") == "none"
        await live.page.emulate_media(reduced_motion="no-preference")
        assert await shape.evaluate("shape => getComputedStyle(shape).animationName") == "glow"


async def no_violations(page: Page) -> None:
    """Check a view with axe-core by the rules of WCAG 2.2 AA and its best practices."""
    await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate("axe.run(document)")
    told = [
        (one["id"], node["html"][:150], node["any"][:1] and node["any"][0]["message"])
        for one in found["violations"]
        for node in one["nodes"]
    ]
    assert told == [], page.url
    assert len(found["passes"]) > 10


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element of the selector has the focus."""
    await page.locator(selector).first.wait_for()
    for _ in range(100):
        await page.keyboard.press("Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


async def outline(page: Page) -> str:
    """How the element with the focus is shown."""
    return str(await page.evaluate("getComputedStyle(document.activeElement.querySelector('.shape')).stroke"))


def brightness(colour: str) -> float:
    """0 to 255."""
    red, green, blue = (float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (red + green + blue) / 3
