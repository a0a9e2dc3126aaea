"""Ports for the servers that a test starts. Whoever starts one asks here, and binds it a moment later.

They lie below the range from which the system serves outgoing connections and port 0, so that nobody gets one by
chance while its server is still starting. Each worker of a parallel run has a part of the range to itself.
"""

from __future__ import annotations

import itertools
import os
import random
import socket

_FIRST, _PARTS, _PART_SIZE = 20_000, 10, 1_000

_part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PARTS
# Two runs at the same time should not begin at the same place.
_next = itertools.count(random.randrange(_PART_SIZE))


def free_port() -> int:
    """A port that is free, and not given out before in this run."""
    for offset in itertools.islice(_next, _PART_SIZE):
        port = _FIRST + _part * _PART_SIZE + offset % _PART_SIZE
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port is free from {_FIRST + _part * _PART_SIZE} on")
