"""Serves the pages of the `miniwob` package on loopback and takes what they tell of their episodes.

The environment's side only: it starts episodes and reads rewards. Solvers never speak to it.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_HARNESS = Path(__file__).with_name("harness.js").read_text(encoding="utf-8")


def installed_version() -> str | None:
    """The version of the package with the pages; None if it is not installed."""
    try:
        return metadata.version("miniwob")
    except metadata.PackageNotFoundError:
        return None


def pages_folder() -> Path:
    """The folder with the package's pages."""
    return Path(str(metadata.distribution("miniwob").locate_file("miniwob/html")))


@dataclass(frozen=True)
class Award:
    """How the page says that an episode ended."""

    reward: float
    """What the page awards for the outcome alone, from -1 to 1; the benchmark's own discount for time is left out."""
    elapsed_s: float
    limit_s: float
    """The page's own time limit, which was put off."""


class Episode:
    """One try at one task with one seed."""

    def __init__(self, number: int, url: str) -> None:
        self.number = number
        self.url = url
        self.started: Future[str] = Future()
        """Done with the instruction, as the page's own benchmark gives it to agents."""
        self.award: Future[Award] = Future()

    def hear(self, told: dict[str, Any]) -> None:
        """Takes what the page tells first; a page that was loaded anew within a try tells it all over again."""
        if told.get("started"):
            if not self.started.done():
                self.started.set_result(told["instruction"])
        elif not self.award.done():
            self.award.set_result(Award(told["reward"], told["elapsed_ms"] / 1000, told["limit_ms"] / 1000))


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, episodes: dict[int, Episode], directory: str) -> None:
        self.episodes = episodes
        super().__init__(*args, directory=directory)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/episodes/"):
            self._tell(self.episodes[int(path.rpartition("/")[2])])
            return
        if not (path.startswith("/miniwob/") and path.endswith(".html")):
            super().do_GET()
            return
        file = Path(self.translate_path(path))
        if not file.is_file():
            self.send_error(404)
            return
        page = file.read_text(encoding="utf-8").replace("</body>", f"<script>{_HARNESS}</script>\n</body>")
        data = page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _tell(self, episode: Episode) -> None:
        """Whether an episode is won, for who cannot ask it in this process."""
        won = episode.award.done() and episode.award.result().reward >= 1
        data = json.dumps({"won": won}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.episodes[int(self.path.rpartition("/")[2])].hear(told)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keeps the output clean."""


class Site:
    """A running server of the package's pages."""

    def __init__(self) -> None:
        self._episodes: dict[int, Episode] = {}
        handler = partial(_Handler, episodes=self._episodes, directory=str(pages_folder()))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def episode(self, task: str, seed: int) -> Episode:
        """A new episode, which begins when its address is opened."""
        number = len(self._episodes) + 1
        address = f"http://127.0.0.1:{self._server.server_port}/miniwob/{task}.html?seed={seed}&episode={number}"
        self._episodes[number] = Episode(number, address)
        return self._episodes[number]

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
