"""The commands about the installation itself: `settings`, `paths`, `certs …` and `edge …`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import AliasChoices, SecretStr
from rich.markup import escape

from tabwire import assets
from tabwire.cli import chromium, trust
from tabwire.cli.console import Json, execute, out, print_json, table
from tabwire.cli.console import settings as load_settings
from tabwire.edge import envoy, files, render
from tabwire.edge.keeper import Keeper, make_certificate
from tabwire.errors import TabwireError
from tabwire.security import ca
from tabwire.settings import Settings
from tabwire.v1 import error_pb2

certs = typer.Typer(help="The certificates of this computer.", no_args_is_help=True)
edge = typer.Typer(help="Envoy, which stands in front of the server.", no_args_is_help=True)


def settings(json: Json = False) -> None:
    """List all settings, with their values and what they are for."""
    chosen = load_settings()
    rows = []
    for name, field in Settings.model_fields.items():
        value, default = getattr(chosen, name), field.get_default()
        rows.append(
            {"name": _variable(name), "value": _shown(value), "is_default": value == default, "help": field.description}
        )
    if json:
        print_json({"settings": rows})
        return
    shown = table("SETTING", "VALUE", "WHAT FOR")
    for row in rows:
        style = "dim" if row["is_default"] else "bold"
        shown.add_row(str(row["name"]), f"[{style}]{escape(str(row['value']))}[/]", escape(str(row["help"])))
    out.print(shown, soft_wrap=False)
    out.print("[dim]Set them in the environment or in a file .env in the folder where tabwire is started.[/]")


def paths(json: Json = False) -> None:
    """List where everything is."""
    chosen = load_settings()
    found: dict[str, object] = {
        "home": str(chosen.home_path),
        "database": chosen.database if chosen.database_url else str(chosen.home_path / "tabwire.db"),
        "certificate_authority": str(chosen.ca_path),
        "certificate_authority_for_grpc": str(chosen.grpc_ca_path),
        "token": str(chosen.cli_token_path),
        "extension": str(chosen.home_path / "extension"),
        "managed_profile": str(chromium.profile(chosen)),
        "managed_extension": str(chromium.extension(chosen)),
        "server_socket": str(chosen.socket_path),
        "envoy_config": str(envoy.config_path(chosen)),
        "envoy_admin": render.admin_socket(chosen),
        "status": str(chosen.run_path / "up.json"),
        "logs": str(chosen.logs_path),
    }
    if json:
        print_json(found)
        return
    for name, path in found.items():
        out.print(f"{name.replace('_', ' '):<32} {escape(str(path))}")


@certs.command("make")
def certs_make(json: Json = False) -> None:
    """Make the certificates, or renew them if it is time. `tabwire up` does this by itself."""
    chosen = load_settings()

    async def work() -> ca.Certificates:
        return make_certificate(chosen)

    made = execute(work, json=json)
    if json:
        print_json({"authority_made": made.ca_made, "server_made": made.server_made, "folder": str(chosen.keys_path)})
    else:
        out.print(f"[green]✓[/] The certificates in {escape(str(chosen.keys_path))} are good")


@certs.command("install")
def certs_install(json: Json = False) -> None:
    """Make your own Chrome trust Tabwire on this computer. Start Chrome again afterwards."""
    chosen = load_settings()

    async def work() -> list[Path]:
        certificates = make_certificate(chosen)
        return trust.install(certificates.ca, Path.home())

    done = execute(work, json=json)
    if json:
        print_json({"databases": [str(path) for path in done]})
        return
    for path in done:
        out.print(f"[green]✓[/] Trusted in {escape(str(path))}")
    out.print("[dim]Start Chrome again, so that it reads them.[/]")


@certs.command("uninstall")
def certs_uninstall(json: Json = False) -> None:
    """Take back what `tabwire certs install` did. Start Chrome again afterwards."""

    async def work() -> list[Path]:
        return trust.uninstall(Path.home())

    done = execute(work, json=json)
    if json:
        print_json({"databases": [str(path) for path in done]})
        return
    for path in done:
        out.print(f"[green]✓[/] No longer trusted in {escape(str(path))}")
    if not done:
        out.print("It was trusted nowhere.")


@certs.command("show")
def certs_show(json: Json = False) -> None:
    """Show the certificates and whether your own Chrome trusts them."""
    chosen = load_settings()

    async def work() -> dict[str, object]:
        return {
            "authority": _describe(chosen.ca_path),
            "authority_for_grpc": _describe(chosen.grpc_ca_path),
            "server": {
                **_describe(chosen.keys_path / "server.pem"),
                "hosts": ca.hosts_of(chosen.keys_path / "server.pem"),
            },
            "trusted_in": [str(p) for p in trust.databases(Path.home()) if trust.is_installed(chosen.ca_path, p)],
        }

    found = execute(work, json=json)
    if json:
        print_json(found)
        return
    for name in ("authority", "authority_for_grpc", "server"):
        out.print(f"[bold]{name.replace('_', ' ')}[/]")
        for key, value in _rows(found[name]):
            out.print(f"  {key.replace('_', ' '):<12} {escape(value)}")
    trusted = found["trusted_in"]
    where = ", ".join(trusted) if isinstance(trusted, list) and trusted else "nowhere yet: tabwire certs install"
    out.print(f"[bold]trusted in[/]  {escape(where)}")


Upstream = Annotated[str, typer.Option(help="The server, as host:port; empty for this computer's socket.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on, with --upstream.")]


@edge.command("render")
def edge_render(upstream: Upstream = "", port: Port = 8443) -> None:
    """Print Envoy's configuration: for containers with --upstream, else the one of `tabwire up`."""
    chosen = load_settings()

    async def work() -> str:
        return _rendered(chosen, upstream, port)

    print(execute(work))


@edge.command("keep")
def edge_keep(upstream: Upstream = "server:50051", port: Port = 8443) -> None:
    """For containers: write all that Envoy reads, then renew the certificate and hand over new keys, until it is ended.

    `tabwire up` does this by itself.
    """
    chosen = load_settings()

    async def work() -> None:
        chosen.edge_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        keeper = Keeper(chosen, lambda text: out.print(escape(text)))
        while not chosen.jwks_path.exists():  # noqa: ASYNC110 - the server, another container, makes it
            await asyncio.sleep(0.5)
        await keeper.once()
        # Last, because it is what Envoy's container waits for.
        files.write(chosen.edge_path / files.CONFIG, _rendered(chosen, upstream, port))
        out.print(f"Envoy's files are in {escape(str(chosen.edge_path))} and are looked after.")
        await keeper.run()

    execute(work)


def _rendered(chosen: Settings, upstream: str, port: int) -> str:
    host, _, upstream_port = upstream.rpartition(":")
    if upstream and not (host and upstream_port.isdigit()):
        raise typer.BadParameter("--upstream must be host:port, as server:50051")
    if not upstream:
        return render.for_laptop(chosen)
    return render.for_container(chosen, upstream_host=host, upstream_port=int(upstream_port), listen_port=port)


@edge.command("extension-id")
def edge_extension_id() -> None:
    """Print the id of the extension, whose origin the edge lets in."""

    async def work() -> str:
        return assets.extension_id()

    print(execute(work))


@edge.command("admin")
def edge_admin(
    path: Annotated[str, typer.Argument(help="As /clusters, /stats, /config_dump, /listeners.")] = "/help",
) -> None:
    """Ask the running Envoy's admin page, which only this user can reach."""
    chosen = load_settings()

    async def work() -> str:
        status, body = await envoy.admin(chosen, path if path.startswith("/") else f"/{path}")
        if status == 0:
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAVAILABLE, "Envoy does not run for this home.", remedy="Start it: tabwire up"
            )
        return body

    print(execute(work).rstrip())


def _describe(path: Path) -> dict[str, object]:
    return {
        "file": str(path),
        "ends": f"{ca.expires_at(path):%Y-%m-%d}",
        "fingerprint": ca.fingerprint(path),
        "spki_sha256": ca.spki_sha256(path),
    }


def _rows(value: object) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return []
    return [(key, ", ".join(one) if isinstance(one, list) else str(one)) for key, one in value.items()]


def _variable(name: str) -> str:
    alias = Settings.model_fields[name].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"TABWIRE_{name.upper()}"


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "(set)" if value.get_secret_value() else ""
    return value if isinstance(value, int | float | str) else str(value)
