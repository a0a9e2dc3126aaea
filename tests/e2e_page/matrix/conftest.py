"""Names each cell of the matrix in the JUnit report, so that table.py can lay the results out."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cell(subject, what): the cell of the matrix that a test fills in")


@pytest.fixture(autouse=True)
def named_cell(request: pytest.FixtureRequest) -> None:
    """Writes the cell's names down, with the test's parameters in place of their names in braces."""
    marker = request.node.get_closest_marker("cell")
    if marker is None:
        return
    call = getattr(request.node, "callspec", None)
    parameters = {} if call is None else {name: str(value) for name, value in call.params.items()}
    subject, what = (text.format(**parameters) for text in marker.args)
    request.node.user_properties += [("subject", subject), ("cell", what)]
