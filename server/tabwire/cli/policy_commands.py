"""`tabwire policy …` and `tabwire secret …`: what tasks may do, and what they may have filled in.

The value of a secret comes from a prompt or from standard input, never from the arguments, which every program of this
computer can read.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf import json_format
from rich.markup import escape

from tabwire.cli.console import Json, call, err, out, print_json, print_message, short_enum, table
from tabwire.client.policies import PolicyApi
from tabwire.enums import name_of
from tabwire.v1 import policy_pb2, policy_service_pb2

policy_app = typer.Typer(help="What tasks and direct calls may do, and where.", no_args_is_help=True)
secret_app = typer.Typer(help="Secrets that are filled in without being shown.", no_args_is_help=True)


def read_policy(path: str) -> policy_pb2.Policy:
    """A policy from a file with protobuf JSON; "-" for standard input."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        return json_format.Parse(text, policy_pb2.Policy())
    except OSError as error:
        raise typer.BadParameter(f"the file {path!r} cannot be read: {error.strerror}") from error
    except json_format.ParseError as error:
        raise typer.BadParameter(f"{path!r} holds no policy: {error}") from error


@policy_app.command("show")
def show_policy(json: Json = False) -> None:
    """Show your policy, and what is in force with the defaults."""
    answer = call(lambda client: PolicyApi(client.transport).get_policy(), json=json)
    _show(answer, json=json)


@policy_app.command("set")
def set_policy(
    file: Annotated[str, typer.Argument(help="A file with the policy as JSON; - for standard input.")],
    json: Json = False,
) -> None:
    """Replace your policy. It holds at once, also for tasks that run."""
    policy = read_policy(file)
    answer = call(lambda client: PolicyApi(client.transport).set_policy(policy), json=json)
    _show(answer, json=json)


def _show(answer: policy_service_pb2.GetPolicyResponse | policy_service_pb2.SetPolicyResponse, *, json: bool) -> None:
    if json:
        print_message(answer)
        return
    for title, origins in (("Only at", answer.policy.allowed_origins), ("Never at", answer.policy.denied_origins)):
        if origins:
            out.print(f"{title}: {escape(', '.join(origins))}")
    rows = table("WHERE", "WHAT", "PERMISSION")
    for rule in [*answer.policy.rules, *answer.in_force.defaults]:
        what = ", ".join(short_enum(name_of(policy_pb2.Consequence, one), "CONSEQUENCE_") for one in rule.consequences)
        where = escape(", ".join(rule.origins)) or "everywhere"
        rows.add_row(where, what or "all else", _permission(rule.permission))
    out.print(rows)
    for name in ("private_network", "local_documents", "trusted_input", "plain_http"):
        out.print(f"{name}: {_permission(getattr(answer.in_force, name))}")


def _permission(permission: policy_pb2.Permission.ValueType) -> str:
    return short_enum(name_of(policy_pb2.Permission, permission), "PERMISSION_")


@secret_app.command("put")
def put_secret(
    name: Annotated[str, typer.Argument(help="Its name, by which tasks have it filled in.")],
    origin: Annotated[
        list[str], typer.Option(help="Where it may be filled in, as https://example.com; several times.")
    ],
    totp: Annotated[bool, typer.Option("--totp", help="It makes one-time passwords: base32, or otpauth://…")] = False,
    json: Json = False,
) -> None:
    """Store a secret, or replace the one of that name. Its value is asked for, or read from standard input."""
    if sys.stdin.isatty():
        value = typer.prompt(f"Value of {name}", hide_input=True, err=True)
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise typer.BadParameter("the value is empty")
    kind = policy_pb2.SECRET_KIND_TOTP if totp else policy_pb2.SECRET_KIND_TEXT
    secret = call(lambda client: PolicyApi(client.transport).put_secret(name, value, origin, kind=kind), json=json)
    if json:
        print_message(secret)
        return
    out.print(f"[green]✓[/] {escape(secret.name)} is stored")
    err.print("[dim]Give it to a task with --secret; it is never shown again.[/]")


@secret_app.command("list")
def list_secrets(json: Json = False) -> None:
    """List the secrets, without their values."""
    secrets = call(lambda client: PolicyApi(client.transport).list_secrets(), json=json)
    if json:
        print_message(policy_service_pb2.ListSecretsResponse(secrets=secrets))
        return
    rows = table("SECRET", "KIND", "WHERE", "STORED")
    for secret in secrets:
        kind = short_enum(name_of(policy_pb2.SecretKind, secret.kind), "SECRET_KIND_")
        day = datetime.fromtimestamp(secret.stored_at_s, UTC).strftime("%Y-%m-%d")
        rows.add_row(escape(secret.name), kind, escape(", ".join(secret.origins)), day)
    out.print(rows)


@secret_app.command("delete")
def delete_secret(name: Annotated[str, typer.Argument(help="Its name.")], json: Json = False) -> None:
    """Delete a secret."""
    call(lambda client: PolicyApi(client.transport).delete_secret(name), json=json)
    if json:
        print_json({})
    else:
        out.print(f"[green]✓[/] {escape(name)} is deleted")
