"""Settings from the environment and `.env`, with safe defaults. `tabwire settings` lists them from here.

Names are `TABWIRE_` and the field in upper case; the model's are those of every OpenAI-compatible client.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """All settings. A field's description is what `tabwire settings` shows."""

    model_config = SettingsConfigDict(env_prefix="TABWIRE_", env_file=".env", extra="ignore", populate_by_name=True)

    home: Path = Field(
        Path("~/.tabwire"), description="Folder of everything Tabwire keeps: database, keys, logs, profile."
    )
    host: str = Field("127.0.0.1", description="Address the edge listens on.")
    port: int = Field(8443, ge=1, le=65535, description="Port the edge listens on.")
    browser: str = Field(
        "auto",
        pattern="^(auto|headed|headless|none)$",
        description="Browser that `tabwire up` starts: auto (headed with a display), headed, headless, or none.",
    )
    browser_path: str = Field("", description="Chromium to start; empty to look for one on the PATH.")
    browser_args: str = Field("", description="More arguments for it, separated by spaces.")
    database_url: str = Field("", description="Database, as SQLAlchemy writes it; empty for SQLite in the home folder.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="How much the logs tell.")

    model: str = Field("", description="Model that plans, as its endpoint names it. Empty: plain commands only.")
    openai_api_key: SecretStr = Field(
        SecretStr(""), validation_alias=AliasChoices("OPENAI_API_KEY"), description="Key for the model's endpoint."
    )
    openai_base_url: str = Field(
        "",
        validation_alias=AliasChoices("OPENAI_BASE_URL"),
        description="The model's endpoint; empty for OpenAI's own.",
    )
    model_output: str = Field(
        "auto",
        pattern="^(auto|json_schema|json_object|text)$",
        description="How the model is held to the decision's schema; auto finds out.",
    )
    model_timeout_s: float = Field(120, gt=0, description="Longest wait for one answer of the model, in seconds.")

    access_token_s: int = Field(900, ge=30, description="Life of a browser's access token, in seconds.")
    refresh_token_s: int = Field(30 * 86400, ge=60, description="Life of a browser's refresh token, in seconds.")
    pairing_code_s: int = Field(600, ge=10, description="Life of a pairing code, in seconds.")
    heartbeat_ms: int = Field(10_000, ge=200, description="Time between signs of life on a link, in milliseconds.")
    stream_max_age_s: int = Field(3300, ge=5, description="Age at which the server renews a link's stream, in seconds.")
    link_window_s: int = Field(300, ge=1, description="How long a link without a stream is kept, in seconds.")
    max_message_bytes: int = Field(16 * 2**20, ge=65536, description="Largest message, in bytes.")

    @property
    def home_path(self) -> Path:
        """The home folder with `~` resolved."""
        return self.home.expanduser().absolute()

    @property
    def socket_path(self) -> Path:
        """The server's Unix socket."""
        return self.home_path / "run" / "server.sock"

    @property
    def database(self) -> str:
        """The database's URL, never empty."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home_path / 'tabwire.db'}"

    @property
    def server_url(self) -> str:
        """The edge's address as clients use it."""
        return f"https://{self.host}:{self.port}"
