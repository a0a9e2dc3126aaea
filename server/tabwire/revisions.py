"""The revisions of the protocol that this version of Tabwire speaks, as a server and as a program that calls one.

How a browser and a server agree on one is in `tabwire.link.revision`; when the range changes, in docs/compatibility.md.
"""

from __future__ import annotations

MIN_REVISION = 1
"""The lowest one."""
MAX_REVISION = 1
"""The highest one."""


def common(lowest: int, highest: int) -> int:
    """The highest revision that this side and one that speaks these share; 0 if there is none."""
    shared = min(highest, MAX_REVISION)
    return shared if shared >= max(lowest, MIN_REVISION) else 0
