"""The commands that look into browsers: `browsers`, `tabs`, `state` and `ping`. Acting is in `act_commands`."""

from __future__ import annotations

import statistics
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from tabwire.cli.console import (
    FAILED,
    BrowserId,
    Json,
    TabId,
    call,
    err,
    out,
    print_json,
    print_message,
    short_enum,
    table,
    tell_error,
)
from tabwire.enums import name_of
from tabwire.errors import TabwireError
from tabwire.v1 import browser_service_pb2, error_pb2, state_pb2

if TYPE_CHECKING:
    from tabwire.client import Client

_TEXT = 60


class Scope(StrEnum):
    """How much of the page."""

    VIEWPORT = "viewport"
    PAGE = "page"


_SCOPES = {Scope.VIEWPORT: state_pb2.STATE_SCOPE_VIEWPORT, Scope.PAGE: state_pb2.STATE_SCOPE_PAGE}


def browsers(json: Json = False) -> None:
    """List the paired browsers, connected ones first."""
    answer = call(lambda client: client.list_browsers(), json=json)
    if json:
        print_message(answer)
        return
    rows = table("BROWSER", "NAME", "CONNECTED", "EXTENSION", "LAST SEEN")
    for one in answer.browsers:
        seen = one.last_seen_at.ToDatetime().strftime("%Y-%m-%d %H:%M:%S") if one.HasField("last_seen_at") else ""
        mark = "[green]yes[/]" if one.is_connected else "[dim]no[/]"
        if one.HasField("error_info"):
            mark = "[red]cannot[/]"
        rows.add_row(one.browser_id, escape(one.display_name), mark, escape(one.extension_version), seen)
    out.print(rows if answer.browsers else "[dim]No browser is paired. `tabwire pair` gives a code.[/]")
    for one in answer.browsers:
        if one.HasField("error_info"):
            err.print(f"[bold]{escape(one.display_name or one.browser_id)}[/] cannot connect.")
            tell_error(one.error_info)


def tabs(browser: BrowserId = "", json: Json = False) -> None:
    """List the tabs of a browser."""
    answer = call(lambda client: client.list_tabs(browser), json=json)
    if json:
        print_message(answer)
        return
    rows = table("TAB", "", "TITLE", "ADDRESS")
    for tab in answer.tabs:
        note = f" [yellow]({escape(tab.error_info.message)})[/]" if tab.HasField("error_info") else ""
        rows.add_row(
            str(tab.tab_id), "*" if tab.is_active else "", escape(tab.title[:_TEXT]), escape(tab.url[:120]) + note
        )
    out.print(rows)


def state(
    tab: TabId = 0,
    browser: BrowserId = "",
    scope: Annotated[Scope, typer.Option(help="The viewport with a margin, or the whole page.")] = Scope.VIEWPORT,
    text: Annotated[bool, typer.Option("--text", help="Also list text that is no part of a control.")] = False,
    max_elements: Annotated[int, typer.Option(min=0, max=20000, help="At most so many; 0 for the default.")] = 0,
    json: Json = False,
) -> None:
    """Show what the agent perceives of a tab."""
    options = state_pb2.StateRequest(scope=_SCOPES[scope], include_text=text, max_elements=max_elements)
    answer = call(lambda client: client.get_page_state(tab, browser_id=browser, options=options), json=json)
    if json:
        print_message(answer)
    else:
        show_state(answer.page_state)
    if answer.page_state.HasField("error_info"):
        raise typer.Exit(FAILED)


def show_state(page: state_pb2.PageState) -> None:
    """Prints a page state for a person."""
    out.print(f"[bold]{escape(page.title)}[/]  {escape(page.url)}")
    if page.HasField("error_info"):
        tell_error(page.error_info)
        return
    rows = table("ID", "WHAT", "NAME", "VALUE", "STATE")
    for element in page.actionable_elements:
        what = element.role or short_enum(name_of(state_pb2.ElementType, element.type), "ELEMENT_TYPE_")
        name = element.name or element.text_content
        value = element.current_value if element.HasField("current_value") else ""
        rows.add_row(
            str(element.id), escape(what), escape(name[:_TEXT]), escape(value[:_TEXT]), _states(element.states)
        )
    out.print(rows)
    if page.truncation.elements_omitted:
        out.print(f"[dim]{page.truncation.elements_omitted} more elements were left out.[/]")
    out.print(
        f"[dim]revision {page.revision}, {len(page.frames)} frames, "
        f"taken in {page.timing.in_page_us / 1000:.1f} ms in the page[/]"
    )


def ping(
    tab: TabId = 0,
    browser: BrowserId = "",
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=10000, help="How often.")] = 1,
    into_page: Annotated[bool, typer.Option("--page/--no-page", help="Also go into the tab's page.")] = True,
    json: Json = False,
) -> None:
    """Measure the round trip to the browser, hop by hop; the median where it is done several times."""

    async def work(client: Client) -> tuple[list[float], list[browser_service_pb2.PingResponse]]:
        # A first one that is not counted: it pays for the connection, and tells if the page can be entered at all.
        enter = into_page and await _can_enter(client, tab, browser)
        if into_page and not enter:
            err.print("[yellow]![/] Chrome lets no extension into this page; measured up to the browser.")
        times, answers = [], []
        for _ in range(count):
            started = time.perf_counter()
            answers.append(await client.ping(tab, browser_id=browser, into_page=enter))
            times.append((time.perf_counter() - started) * 1e6)
        return times, answers

    times, answers = call(work, json=json)
    hops: dict[str, list[float]] = {"command line": times}
    for answer in answers:
        for hop in answer.hops:
            hops.setdefault(hop.name, []).append(hop.round_trip_us)
    if json:
        figures = [
            {
                "name": name,
                "median_us": round(statistics.median(values)),
                "min_us": round(min(values)),
                "max_us": round(max(values)),
            }
            for name, values in hops.items()
        ]
        print_json({"browser_id": answers[-1].browser_id, "count": count, "hops": figures})
        return
    rows = table("FROM", "ROUND TRIP" if count == 1 else "MEDIAN", *(() if count == 1 else ("FASTEST", "SLOWEST")))
    for name, values in hops.items():
        shown = [statistics.median(values)] if count == 1 else [statistics.median(values), min(values), max(values)]
        rows.add_row(escape(name), *(f"{value / 1000:.2f} ms" for value in shown))
    out.print(rows)


async def _can_enter(client: Client, tab: int, browser: str) -> bool:
    try:
        await client.ping(tab, browser_id=browser, into_page=True)
    except TabwireError as error:
        if error.code == error_pb2.ERROR_CODE_RESTRICTED_PAGE:
            return False
        raise
    return True


def _states(states: state_pb2.ElementStates) -> str:
    words = []
    for field, value in states.ListFields():
        if field.enum_type is None:
            words.append(field.name)
        elif value != state_pb2.TOGGLE_OFF:
            words.append(field.name if value == state_pb2.TOGGLE_ON else f"{field.name}: mixed")
    return ", ".join(words)
