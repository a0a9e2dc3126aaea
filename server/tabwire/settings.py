"""Settings from the environment and `.env`, with safe defaults. `tabwire settings` lists them from here.

Names are `TABWIRE_` and the field in upper case; the model's are those of every OpenAI-compatible client.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """All settings. A field's description is what `tabwire settings` shows."""

    model_config = SettingsConfigDict(env_prefix="TABWIRE_", env_file=".env", extra="ignore", populate_by_name=True)

    home: Path = Field(
        default=Path("~/.tabwire"), description="Folder of everything Tabwire keeps: database, keys, logs, profile."
    )
    host: str = Field(default="127.0.0.1", description="Address the edge listens on.")
    port: int = Field(default=8443, ge=1, le=65535, description="Port the edge listens on.")
    listen: str = Field(
        default="",
        description="Address, as host:port, where the server listens without TLS beside its socket: for an Envoy in "
        "another container, on a network that nobody else can reach.",
    )
    host_names: str = Field(
        default="", description="More names and addresses that the certificate is good for, separated by commas."
    )
    browser: str = Field(
        default="auto",
        pattern="^(auto|headed|headless|none)$",
        description="Browser that `tabwire up` starts: auto (headed with a display), headed, headless, or none.",
    )
    browser_path: str = Field(default="", description="Chromium to start; empty to look for one on the PATH.")
    browser_args: str = Field(default="", description="More arguments for it, separated by spaces.")
    extension_flavour: str = Field(
        default="default",
        pattern="^(default|trusted)$",
        description="Build of the extension that `tabwire up` installs: default, or trusted, which can give input that "
        "pages cannot tell from a person's (by Chrome's debugger, which shows a bar while it does).",
    )
    database_url: str = Field(
        default="",
        description="Database: postgresql://user:password@host/database, or empty for SQLite in the home folder.",
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="How much the logs tell."
    )

    model: str = Field(
        default="", description="Model that plans, as its endpoint names it. Empty: plain commands only."
    )
    openai_api_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("OPENAI_API_KEY"),
        description="Key for the model's endpoint.",
    )
    openai_base_url: str = Field(
        default="",
        validation_alias=AliasChoices("OPENAI_BASE_URL"),
        description="The model's endpoint; empty for OpenAI's own.",
    )
    model_output: str = Field(
        default="auto",
        pattern="^(auto|json_schema|json_object|text)$",
        description="How the model is held to the decision's schema; auto finds out.",
    )
    model_profile: str = Field(
        default="auto",
        pattern="^(auto|small|default|strong|reasoning|reasoning_text)$",
        description="How the model is spoken to; auto chooses by its name.",
    )
    price_prompt: float | None = Field(
        default=None, ge=0, description="US dollars for a million tokens read, where the endpoint tells no cost."
    )
    price_cached: float | None = Field(
        default=None, ge=0, description="The same for tokens from the endpoint's cache; else as all others."
    )
    price_completion: float | None = Field(default=None, ge=0, description="The same for tokens written.")
    model_timeout_s: float = Field(
        default=120, gt=0, description="Longest wait for one answer of the model, in seconds."
    )

    # Tokens and keys
    access_token_s: int = Field(default=900, ge=5, description="Life of a browser's access token, in seconds.")
    refresh_token_s: int = Field(
        default=30 * 86400, ge=60, description="Life of a browser's refresh token, in seconds."
    )
    refresh_grace_s: int = Field(
        default=60,
        ge=0,
        le=600,
        description="How long a used refresh token is still taken when the answer to it was lost, in seconds.",
    )
    api_token_days: int = Field(
        default=90, ge=1, le=3650, description="Life of a program's token when none is asked for, in days."
    )
    signing_key_days: int = Field(
        default=30, ge=1, description="Age at which the key that signs tokens is replaced, in days."
    )
    pairing_code_s: int = Field(default=600, ge=10, description="Life of a pairing code, in seconds.")
    pairing_guesses: int = Field(
        default=10,
        ge=1,
        description="Wrong pairing codes from one address in a minute, before it must wait; of all, ten times that.",
    )

    # The link
    heartbeat_ms: int = Field(
        default=10_000, ge=200, description="Time between signs of life on a link, in milliseconds."
    )
    stream_max_age_s: int = Field(
        default=3300, ge=5, description="Age at which the server renews a link's stream, in seconds."
    )
    link_window_s: int = Field(default=300, ge=1, description="How long a link without a stream is kept, in seconds.")
    max_message_bytes: int = Field(default=16 * 2**20, ge=65536, description="Largest message, in bytes.")
    max_part_bytes: int = Field(
        default=256 * 1024, ge=16384, description="Larger messages of a link are sent in parts of this size, in bytes."
    )

    # The edge: who gets in, and how much of everything
    allowed_origins: str = Field(
        default="",
        description="Origins that the edge lets in beside the extension's own, separated by commas: "
        "chrome-extension://… of a copy with another id, or https://… of a web console.",
    )
    certificate_days: int = Field(
        default=90,
        ge=1,
        le=397,
        description="Life of the edge's certificate; it is renewed when a third is left, in days.",
    )
    max_connections: int = Field(default=4096, ge=8, description="Connections that the edge holds at once.")
    edge_memory_mb: int = Field(
        default=512,
        ge=32,
        description="The most that uploads can make Envoy hold, and what it refuses all new at, in MiB.",
    )
    request_timeout_s: int = Field(
        default=120, ge=1, description="Longest time in which a request must have come in whole, in seconds."
    )
    rate_connection: int = Field(
        default=1000, ge=1, description="Calls per second of one connection; twice that for a moment, as all rates."
    )
    rate_links: int = Field(default=10_000, ge=1, description="Calls per second of all links together.")
    rate_calls: int = Field(default=5_000, ge=1, description="Calls per second of all others together.")
    rate_refresh: int = Field(default=100, ge=1, description="Renewals of tokens per second.")
    rate_pairing: int = Field(default=60, ge=1, description="Attempts to pair per minute.")

    javascript_origins: str = Field(
        default="",
        description="Origins (https://example.com) in which JavaScript may be run in pages, separated by commas.",
    )
    trusted_input: str = Field(
        default="when_needed",
        pattern="^(never|when_needed|always)$",
        description="Input that pages cannot tell from a person's, where the extension can give it: never, when_needed "
        "(where nothing else works, or an action asks for it), or always.",
    )

    @field_validator("javascript_origins")
    @classmethod
    def _only_origins(cls, value: str) -> str:
        _check_origins(value, {"http", "https"})
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _only_safe_origins(cls, value: str) -> str:
        _check_origins(value, {"https", "chrome-extension"})
        return value

    @property
    def javascript_origin_list(self) -> list[str]:
        """The origins in which JavaScript may be run."""
        return _split(self.javascript_origins)

    @property
    def allowed_origin_list(self) -> list[str]:
        """The origins that are let in beside the extension's own."""
        return _split(self.allowed_origins)

    @property
    def certificate_hosts(self) -> list[str]:
        """The names and addresses that the edge's certificate must be good for."""
        return [self.host, *_split(self.host_names)]

    @property
    def home_path(self) -> Path:
        """The home folder with `~` resolved."""
        return self.home.expanduser().absolute()

    @property
    def socket_path(self) -> Path:
        """The server's Unix socket."""
        return self.home_path / "run" / "server.sock"

    @property
    def keys_path(self) -> Path:
        """The folder of certificates and keys."""
        return self.home_path / "keys"

    @property
    def run_path(self) -> Path:
        """The folder of sockets and of what describes the running processes."""
        return self.home_path / "run"

    @property
    def edge_path(self) -> Path:
        """The folder of everything that Envoy reads, and of nothing else."""
        return self.home_path / "edge"

    @property
    def logs_path(self) -> Path:
        """The folder of logs."""
        return self.home_path / "logs"

    @property
    def ca_path(self) -> Path:
        """The local authority's certificate, which browsers and other programs trust."""
        return self.keys_path / "ca.pem"

    @property
    def grpc_ca_path(self) -> Path:
        """The same authority's certificate for programs on gRPC, whose TLS library takes no limits of addresses."""
        return self.keys_path / "ca-grpc.pem"

    @property
    def jwks_path(self) -> Path:
        """The public keys that tokens are checked with, for Envoy."""
        return self.keys_path / "jwks.json"

    @property
    def cli_token_path(self) -> Path:
        """The local owner's token, which the command line uses."""
        return self.home_path / "cli-token"

    @property
    def database(self) -> str:
        """The database's URL, never empty."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home_path / 'tabwire.db'}"

    @property
    def server_url(self) -> str:
        """The edge's address as clients on this computer use it."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to connect to where it listens on all
        host = everywhere.get(self.host, self.host)
        return f"https://[{host}]:{self.port}" if ":" in host else f"https://{host}:{self.port}"


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _check_origins(text: str, schemes: set[str]) -> None:
    for origin in _split(text):
        parts = urlsplit(origin)
        if parts.scheme not in schemes or not parts.hostname or origin != _origin_of(parts):
            raise ValueError(f"{origin!r} is no origin; write it as https://example.com")


def _origin_of(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
