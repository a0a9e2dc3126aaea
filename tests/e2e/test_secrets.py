"""Secrets by name: typed into the page, and nowhere else to be found; painted over in the pictures a model gets.

What was typed is read from the page itself; that it is nowhere else, from everything the product wrote and sent.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import html
import json
import struct
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

import postgres
from doubles.scripted_model import decide, done, on
from e2e.stack import PANEL_URL, until
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from e2e.agent import Agent
    from e2e.page_server import PageServer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]
_PASSWORD = "correct-horse|battery&91%"
_SHARED = b"a shared secret of 32 bytes long"
_BASE32 = base64.b32encode(_SHARED).decode()
_DIGITS = 8


def one_time_password(at: float) -> str:
    """RFC 6238, written here once more, so that the product is not its own witness."""
    mac = hmac.new(_SHARED, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    offset = mac[-1] & 15
    number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


async def _keep(agent: Agent, name: str, value: str, origin: str, *options: str) -> None:
    code, out, err = await agent.stack.cli("secret", "put", name, "--origin", origin, *options, stdin=value)
    assert code == 0, out + err


def _fill(element: str, secret: str) -> Any:
    return on(element, "input_text", text="", secret=secret)


async def test_a_password_and_a_one_time_password_go_to_the_page_and_nowhere_else(
    agent: Agent, pages: PageServer
) -> None:
    origin = pages.url("").rstrip("/")
    await _keep(agent, "bank", _PASSWORD, origin)
    await _keep(
        agent, "bank_code", f"otpauth://totp/Bank:anna?secret={_BASE32}&digits={_DIGITS}&period=30", origin, "--totp"
    )
    agent.will(
        _fill('textbox "Password"', "bank"),
        _fill('textbox "Code"', "bank_code"),
        on('button "Log in"'),
        decide(screenshot={}),
        decide(read_text={}),
        decide(collect_rows={"table": "typed"}),
        done("Welcome."),
    )
    url = pages.fresh("policy/login.html")
    site, here = await agent.visit(url)
    begun = time.time()
    task = await agent.client.create_task("log in", context=here, secrets=["bank", "bank_code"])
    ended = await agent.succeeded(task.task_id)
    [[user, password, code]] = await site.evaluate("truth.logins")
    assert (user, password) == ("anna", _PASSWORD)
    codes = {one_time_password(at) for at in range(int(begun) - 30, int(time.time()) + 30, 30)}
    assert code in codes
    # The page says both aloud, and the model has read the whole page: what it is told are the names.
    told = "\n".join(request.whole for request in agent.model.requests)
    assert "<secret bank>" in told
    assert "<secret bank_code>" in told
    panel = await agent.context.new_page()
    await panel.goto(PANEL_URL)
    await panel.get_by_role("button", name="History").click()
    await panel.get_by_text("log in").first.click()
    await expect(panel.get_by_test_id("result")).to_be_visible(timeout=45_000)
    shown = await panel.locator("body").inner_text()
    # A part of the password has no signs in it that are written otherwise in addresses, JSON or tables.
    values = [_PASSWORD, "battery", code, _BASE32, _SHARED.decode()]
    everywhere = {
        "the model": json.dumps(agent.model.requests),
        "the task": str(ended),
        "the panel": shown,
        "the journal": "".join([str(event) async for event in agent.client.watch_task(task.task_id)]),
        **await _exports(agent, task.task_id),
        **await _files(agent),
    }
    assert [(where, value) for where, text in everywhere.items() for value in values if value in text] == []
    await panel.close()
    await site.close()


async def _exports(agent: Agent, task_id: str) -> dict[str, str]:
    told = {}
    for ending in ("txt", "json", "csv", "md"):
        path = agent.stack.home / f"out.{ending}"
        code, out, err = await agent.stack.cli("task", "export", task_id, str(path))
        assert code == 0, out + err
        told[f"export {ending}"] = path.read_text(encoding="utf-8")
    book = agent.stack.home / "out.xlsx"
    code, out, err = await agent.stack.cli("task", "export", task_id, str(book))
    assert code == 0, out + err
    with zipfile.ZipFile(book) as parts:
        told["export xlsx"] = "".join(parts.read(name).decode() for name in parts.namelist())
    for ending in ("csv", "xlsx"):
        # The table itself is in it: what stands in the place of the values.
        assert html.unescape(told[f"export {ending}"]).count("<secret bank>") >= 2, told[f"export {ending}"]
    for command in ("show", "effects"):
        told[command] = json.dumps(await agent.stack.cli_json("task", command, task_id))
    return told


async def _files(agent: Agent) -> dict[str, str]:
    """What the product wrote: database, logs, keys. The browser's own profile is left out: the page was told."""
    root = agent.stack.home
    kept = [path for path in root.rglob("*") if path.is_file() and "profile" not in path.parts]
    found = {str(path): (await asyncio.to_thread(path.read_bytes)).decode("latin-1") for path in kept}
    if postgres.SERVER:
        found["database"] = await postgres.contents(agent.stack.env["TABWIRE_DATABASE_URL"])
        assert "log in" in found["database"], "the journal is in it"
    else:
        assert any(path.suffix == ".db" for path in kept)
    return found


async def test_a_secret_is_for_its_own_origin_only_also_in_frames(agent: Agent, pages: PageServer) -> None:
    await _keep(agent, "home", _PASSWORD, pages.url("").rstrip("/"))
    other = pages.url("policy/partner.html", "localhost")
    url = pages.fresh("policy/login.html") + f"&frame={other}"
    agent.will(
        _fill('textbox "Partner password"', "home"),
        decide(navigate={"url": other}),
        _fill('textbox "Partner password"', "home"),
        done("It cannot be filled in.", success=False),
    )
    task = await agent.client.create_task("log in at the partner", start_url=url, secrets=["home"])

    async def ended() -> Any:
        now = await agent.client.get_task(task.task_id)
        return now if now.HasField("finished_at") else None

    over = await until(ended, "the task to end", 90)
    codes = [result.error_info.error_code for step in over.steps for result in step.results]
    assert codes.count(error_pb2.ERROR_CODE_SECRET_UNAVAILABLE) == 2, over.steps
    assert await agent.truth(other, "document.getElementById('field').value") == ""
    assert _PASSWORD not in json.dumps(agent.model.requests)


_PIXELS = """async ([source, areas]) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const scale = image.width / innerWidth;
  return areas.map(({ x, y, width, height }) => {
    const { data } = context.getImageData(
      (x + 2) * scale, (y + 2) * scale, Math.max(1, (width - 4) * scale), Math.max(1, (height - 4) * scale));
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) seen.add(data.slice(at, at + 3).join());
    return [...seen];
  });
}"""


async def test_what_is_secret_is_painted_over_in_the_pictures_a_model_gets(agent: Agent, pages: PageServer) -> None:
    """A filled-in secret, a password that the page shows, a code, and a password in a frame of another site."""
    await _keep(agent, "pin", "pin-of-anna-77", pages.url("").rstrip("/"))
    other = pages.url("policy/partner.html", "localhost")
    url = pages.fresh("policy/login.html") + f"&frame={other}"
    site, here = await agent.visit(url)
    frame = site.frame_locator("iframe")
    await site.locator("[name=password]").fill("typed-by-the-person")
    await frame.locator("#field").fill("in-the-frame")
    agent.will(
        on('textbox "Code"', "input_text", text="", secret="pin"),
        on('button "Show password"'),
        decide(screenshot={}),
        done("The page shows: Log in"),
    )
    task = await agent.client.create_task("look", context=here, secrets=["pin"])
    await agent.succeeded(task.task_id)
    assert await site.locator("[name=code]").input_value() == "pin-of-anna-77"
    assert await site.locator("[name=password]").get_attribute("type") == "text", "the page shows the password"
    pictures = [
        part["image_url"]["url"]
        for request in agent.model.requests
        for message in request["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]
    assert len(pictures) == 1
    secret = [
        await _box(one)
        for one in (site.locator("[name=password]"), site.locator("[name=code]"), frame.locator("#field"))
    ]
    seen = await site.evaluate(_PIXELS, [pictures[0], [*secret, await _box(site.locator("h1"))]])
    assert seen[:3] == [["0,0,0"]] * 3, "nothing but black"
    assert len(seen[3]) > 1, "and the rest is there to be seen"
    user = await site.evaluate(_PIXELS, [pictures[0], [await _box(site.locator("[name=user]"))]])
    assert len(user[0]) > 1, "what is no secret stays"
    await site.close()


async def _box(locator: Locator) -> dict[str, float]:
    box = await locator.bounding_box()
    assert box is not None
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
