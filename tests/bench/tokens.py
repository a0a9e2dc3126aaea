"""The token figure: the state of the list page as a model sees it, by each side, in tokens of o200k."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from bench.plan import LIMIT_S, OPEN_S
from bench.side import BENCH

if TYPE_CHECKING:
    from bench.host import PageHost
    from bench.pages import Page
    from bench.side import Side

# What each side calls the states that a model may see.
_MODES = {"tabwire": ("page", "viewport"), "playwright": ("ai", "default"), "browser_use": ("",)}
_COUNTER = BENCH / "tokens" / "count.mjs"


def measure(sides: list[Side], host: PageHost, page: Page) -> list[dict[str, Any]]:
    """One row for each side and kind of state. The texts are kept beside the results."""
    folder = BENCH / "texts"
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    texts: dict[str, str] = {}
    for side in sides:
        opened = side.ask("open", OPEN_S, url=host.url(page))
        for mode in _MODES[side.kind.name]:
            row: dict[str, Any] = {"side": side.kind.name, "mode": mode, "tokens": 0, "lost": ""}
            rows.append(row)
            answer = side.ask("state", LIMIT_S, mode=mode, keep=True) if opened["ok"] else opened
            if not answer["ok"]:
                row["lost"] = answer["error"]
                continue
            name = f"{side.kind.name}-{mode or 'state'}"
            (folder / f"{name}.txt").write_text(answer["text"], encoding="utf-8")
            texts[name] = answer["text"]
            row.update(name=name, elements=answer["elements"], omitted=answer.get("omitted", 0))
        side.ask("close", OPEN_S)
    counts = _count(texts)
    for row in rows:
        row["tokens"] = counts.get(row.pop("name", ""), 0)
    return rows


def _count(texts: dict[str, str]) -> dict[str, int]:
    done = subprocess.run(
        ["node", _COUNTER], input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=120
    )
    counts: dict[str, int] = json.loads(done.stdout)
    return counts
