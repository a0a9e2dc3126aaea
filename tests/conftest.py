"""What holds for every test: no deadlines that a busy machine misses, and no worker that is lost unseen.

`make test` runs the tests in several workers (pytest-xdist). A worker that dies while a test runs fails that test, but
one that dies before its first test or after its last is only replaced; and what it had taken over may get lost.
Each worker begins with long tests, so that none of them is still running when all others are done.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xdist.workermanage import WorkerController

hypothesis.settings.register_profile(
    "tabwire", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("tabwire")


class Workers:
    """Watches over the workers of one run, from the process that hands the tests out."""

    def __init__(self) -> None:
        self._collected = 0
        self._reported: set[str] = set()
        self._lost: list[str] = []

    @pytest.hookimpl
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._collected = max(self._collected, len(ids))

    @pytest.hookimpl
    def pytest_testnodedown(self, node: WorkerController, error: object | None) -> None:
        if error is not None:
            self._lost.append(f"worker {node.gateway.id} died: {error}")

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reported.add(report.nodeid)

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        missing = self._collected - len(self._reported)
        if missing and not (session.shouldstop or session.shouldfail):
            self._lost.append(f"{missing} tests were not run")
        if self._lost and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for words in self._lost:
            terminalreporter.write_line(words, red=True)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Workers(), "tabwire-workers")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        items[:] = long_first(items, workers, float(config.getini("timeout")))


def long_first(items: Sequence[pytest.Item], workers: int, usual_s: float) -> list[pytest.Item]:
    """The order in which each worker's part begins with long tests: those that are given more than the usual time.

    With `--dist=worksteal` each worker gets an equal part of the list, in order, and those that are done take over from
    the ends of others' parts. Tests of one file stay together, as they may share what takes long to start.
    """
    long: list[pytest.Item] = []
    usual: list[pytest.Item] = []
    for item in items:
        (long if _given_s(item, usual_s) > usual_s else usual).append(item)
    files = [list(group) for _, group in itertools.groupby(long, key=lambda item: item.path)]
    files.sort(key=lambda group: -max(_given_s(item, usual_s) for item in group))
    ordered: list[pytest.Item] = []
    rest = iter(usual)
    for worker in range(workers):
        size = (len(items) - len(ordered)) // (workers - worker)
        first = list(itertools.chain.from_iterable(files[worker::workers]))
        ordered += [*first, *itertools.islice(rest, max(0, size - len(first)))]
    return [*ordered, *rest]


def _given_s(item: pytest.Item, usual_s: float) -> float:
    """The time after which a test is ended: what its nearest mark says, else the usual."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark is not None and mark.args else usual_s
