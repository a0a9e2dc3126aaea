"""`tabwire pair` and `tabwire token …`: who may speak to the server."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from tabwire.cli.console import Json, as_dict, call, err, out, print_json, print_message, settings, short_enum, table
from tabwire.enums import name_of
from tabwire.v1 import auth_pb2

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

app = typer.Typer(help="Tokens for programs that use the API.", no_args_is_help=True)


class Scope(StrEnum):
    """What a token is good for."""

    TASKS = "tasks"
    READ = "read"
    ADMIN = "admin"
    BROWSER = "browser"


def pair(json: Json = False) -> None:
    """Print a one-time code that pairs a browser."""
    answer = call(lambda client: client.create_pairing_code(), json=json)
    url = settings().server_url
    if json:
        print_json({"server_url": url, **as_dict(answer)})
        return
    minutes = max(1, round((answer.expires_at.ToMilliseconds() / 1000 - datetime.now(UTC).timestamp()) / 60))
    out.print(f"[bold]{answer.code}[/]")
    err.print(f"[dim]Type it into Tabwire's side panel, with the server {url}. Good once, for {minutes} minutes.[/]")


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; several times. Default: tasks, read.")] = (
        None
    ),
    days: Annotated[int, typer.Option(min=0, max=3650, help="How long it lasts; 0 for 90 days.")] = 0,
    json: Json = False,
) -> None:
    """Make a token. The secret is printed this once."""
    scopes = [auth_pb2.Scope.Value(f"SCOPE_{one.upper()}") for one in scope or [Scope.TASKS, Scope.READ]]
    answer = call(lambda client: client.create_api_token(name, scopes, lifetime_days=days), json=json)
    if json:
        print_message(answer)
        return
    print(answer.token)
    err.print(
        f"[dim]Token {answer.api_token.token_id}, good until {_day(answer.api_token.expires_at)}. "
        "Send it as `authorization: Bearer …`. It is not shown again.[/]"
    )


@app.command("list")
def list_tokens(json: Json = False) -> None:
    """List the tokens, without their secrets."""
    answer = call(lambda client: client.list_api_tokens(), json=json)
    if json:
        print_message(answer)
        return
    rows = table("TOKEN", "FOR", "SCOPES", "ENDS", "")
    for token in answer.api_tokens:
        scopes = ", ".join(short_enum(name_of(auth_pb2.Scope, one), "SCOPE_") for one in token.scopes)
        revoked = "[red]revoked[/]" if token.HasField("revoked_at") else ""
        rows.add_row(token.token_id, escape(token.display_name), scopes, _day(token.expires_at), revoked)
    out.print(rows)


@app.command("revoke")
def revoke(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A token's id, or a browser's to end its pairing.")],
    json: Json = False,
) -> None:
    """Revoke a token, or the pairing of a browser, at once."""
    call(lambda client: client.revoke_token(id_), json=json)
    if json:
        print_json({})
    else:
        out.print(f"[green]✓[/] {escape(id_)} is revoked")


@app.command("rotate-key")
def rotate_key(json: Json = False) -> None:
    """Sign tokens with a new key from now on. Nobody has to pair again: older tokens stay good until they end."""
    answer = call(lambda client: client.rotate_signing_key(), json=json)
    if json:
        print_message(answer)
        return
    out.print(f"[green]✓[/] Tokens are signed with the key {answer.key_id} from now on")
    if answer.older_key_ids:
        err.print(f"[dim]Still good are the tokens of {', '.join(answer.older_key_ids)}, until they end.[/]")


def _day(moment: Timestamp) -> str:
    return moment.ToDatetime().strftime("%Y-%m-%d")
