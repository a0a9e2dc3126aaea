"""The part of docs/performance.md about load, from the raw results of `measure.py`. Verdicts are worked out here."""

from __future__ import annotations

import statistics
import textwrap
from typing import TYPE_CHECKING, Any

from bench.figures import Figure
from bench.load.measure import RATE_COUNTS, SIDES
from bench.markdown import ms, safe, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_BYTES = 64 * 1024
_MOST_CORE = 0.0005
_LEAST_RATIO = 0.6
_CARRIERS = {"native": "native gRPC", "web": "gRPC-web"}
_SIDE_WORDS = {"tabwire": "Tabwire", "echo": "bare echo", "relay": "bare relay"}
_RESTARTS = {"SIGTERM": "told to stop", "SIGKILL": "killed"}
_WIDTH = 118


def render(raw: dict[str, Any] | None) -> Iterator[str]:
    """The lines of the section; none if the load was not measured."""
    if raw is None:
        return
    yield "## Load"
    yield ""
    yield from _wrapped(
        f"Simulated browsers, which speak the real protocol through Envoy with TLS. Measured on {raw['date']} from "
        f"{raw['commit']}; load average {raw['load_before']:.1f} before and {raw['load_after']:.1f} after on "
        f"{raw['cpus']} cores, which server, Envoy, browsers and callers share."
    )
    yield ""
    rows = [(one.name, one.goal, one.measured, one.verdict) for one in figures(raw)]
    yield from table(("figure", "to reach", "measured", "verdict"), rows)
    yield from _rates(raw)
    yield from _idle(raw)
    yield from _returns(raw)
    yield from _method()


def figures(raw: dict[str, Any]) -> Iterator[Figure]:
    """What is to be reached."""
    idle = raw.get("idle", [])
    if idle:
        most = max(found["server"]["bytes_each"] for found in idle)
        told = _each(idle, lambda found: f"{found['server']['bytes_each'] / 1024:.1f} KiB")
        name = f"memory of the server for an idle browser, {raw['browsers']:,} attached"
        yield Figure(name, "at most 64 KiB", told, most / _MOST_BYTES)
        core = max(found["server"]["core_each"] for found in idle)
        told = _each(idle, lambda found: f"{found['server']['core_each']:.4%}")
        yield Figure("processor of the server for an idle browser", "at most 0.05 % of a core", told, core / _MOST_CORE)
    for found in raw.get("rate", []):
        for count in RATE_COUNTS:
            own, echo = (_median(found, side, count, "per_second") for side in ("tabwire", "echo"))
            yield Figure(
                f"round trips with {count} {_browsers(count)}, {_CARRIERS[found['carrier']]}",
                "at least 60 % of the bare echo",
                f"{own / echo:.0%} ({own:,.0f} against {echo:,.0f} a second)",
                _LEAST_RATIO / (own / echo),
            )
    for found in raw.get("return", []):
        for restart in found["restarts"]:
            missing = found["browsers"] - len(restart["after_s"])
            yield Figure(
                f"links that failed after the server was {_RESTARTS[restart['how']]}, {_CARRIERS[found['carrier']]}",
                "none",
                f"{missing} of {found['browsers']:,}; all back {restart['after_s'][-1]:.1f} s after the server",
                float(missing + 1 if missing else 0),
            )


def _rates(raw: dict[str, Any]) -> Iterator[str]:
    if not raw.get("rate"):
        return
    yield "### Round trips"
    yield ""
    yield from _wrapped(
        "Each caller looks and acts in turn at a browser of its own, and waits for each answer; medians of the turns. "
        "The bare echo answers at once: half the way, and nothing done. The bare relay sends the message on to a peer "
        "and gets it back over a stream: the way of Tabwire, with nothing but grpcio. Processor time is that of the "
        "process, in microseconds for each round trip."
    )
    yield ""
    rows = []
    for found in raw["rate"]:
        for count in RATE_COUNTS:
            for side in reversed(SIDES):
                cpu = [
                    _median(found, side, count, "cpu_us", name) for name in ("server", "envoy", "browsers", "callers")
                ]
                rows.append(
                    (
                        _CARRIERS[found["carrier"]],
                        str(count),
                        _SIDE_WORDS[side],
                        f"{_median(found, side, count, 'per_second'):,.0f}",
                        *(ms(_median(found, side, count, name)) for name in ("p50_ms", "p99_ms", "max_ms")),
                        *(f"{value:,.0f}" for value in cpu),
                    )
                )
    head = ("carrier", "at once", "what", "a second", "median, ms", "p99, ms", "longest, ms")
    yield from table((*head, "server", "Envoy", "browsers", "callers"), rows)


def _idle(raw: dict[str, Any]) -> Iterator[str]:
    if not raw.get("idle"):
        return
    yield "### Browsers that are only there"
    yield ""
    rows = [
        (
            _CARRIERS[found["carrier"]],
            f"{found['browsers']:,}",
            f"{found['seconds']:.0f} s",
            *(f"{found[party]['bytes_each'] / 1024:.1f} KiB" for party in ("server", "envoy")),
            *(f"{found[party]['core_each']:.4%}" for party in ("server", "envoy")),
            str(sum(found["troubles"].values())),
        )
        for found in raw["idle"]
    ]
    head = ("carrier", "browsers", "for", "server, memory each", "Envoy, memory each")
    yield from table((*head, "server, of a core each", "Envoy, of a core each", "broken streams"), rows)


def _returns(raw: dict[str, Any]) -> Iterator[str]:
    if not raw.get("return"):
        return
    yield "### Everybody comes back"
    yield ""
    yield "Seconds since the server answers again; what the browsers met on the way is below."
    yield ""
    rows, met = [], []
    for found in raw["return"]:
        for restart in found["restarts"]:
            after = restart["after_s"]
            rows.append(
                (
                    _CARRIERS[found["carrier"]],
                    _RESTARTS[restart["how"]],
                    f"{restart['down_s']:.1f} s",
                    *(f"{after[round((len(after) - 1) * part)]:.1f}" for part in (0.1, 0.5, 0.9, 1)),
                    f"{_busiest(after):,}",
                    str(restart["most_troubles"]),
                )
            )
            met += restart["troubles"]
    head = ("carrier", "the server was", "away for", "a tenth", "half", "nine tenths", "all")
    yield from table((*head, "most within a second", "most tries of one browser"), rows)
    yield from _wrapped("Met: " + "; ".join(sorted({safe(one.rstrip(".").casefold()) for one in met})) + ".")
    yield ""


def _method() -> Iterator[str]:
    yield from _point(
        "A simulated browser (`tests/bench/load/simulated.py`) is the real channel with canned answers: hello, "
        "acknowledgements, signs of life every 10 s, the answer of before to a repeated command, full jitter. Each has "
        "its own token and its own TLS connections; natively one Connect stream, else Attach, Send and OpenLink in "
        "gRPC-web over HTTP/1.1."
    )
    yield from _point(
        "Server and Envoy run with their own settings, but for the limits of rates, which are lifted for all sides. "
        "The bare server is behind the same listener and the same filters, its routes are copies of Tabwire's, its "
        "answers have the size of Tabwire's, and the same callers call it. It runs on asyncio's own loop."
    )
    yield from _point(
        "Memory is resident memory with all attached less that with one browser, divided by the browsers. Processor "
        "time is that of the process over the time told."
    )
    yield ""


def _point(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def _median(found: dict[str, Any], side: str, count: int, name: str, part: str = "") -> float:
    cells = [cell for cell in found["cells"] if (cell["side"], cell["count"]) == (side, count)]
    return float(statistics.median(cell[name][part] if part else cell[name] for cell in cells))


def _busiest(after_s: Sequence[float]) -> int:
    """The most that came within one second."""
    return max(sum(1 for other in after_s if at <= other < at + 1) for at in after_s)


def _each(found: Sequence[dict[str, Any]], told: Any) -> str:
    return ", ".join(f"{told(one)} ({_CARRIERS[one['carrier']]})" for one in found)


def _browsers(count: int) -> str:
    return "browser" if count == 1 else "browsers"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_on_hyphens=False)
