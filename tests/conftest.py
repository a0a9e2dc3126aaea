"""What holds for every test: no deadlines that a busy machine misses, and no worker that is lost unseen.

`make test` runs the tests in several workers (pytest-xdist). A worker that dies while a test runs fails that test, but
one that dies before its first test or after its last is only replaced; and what it had taken over may get lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
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
