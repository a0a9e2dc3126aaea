"""The rows that a task has collected so far, as far as one has to know to collect each once. A fold of its journal."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.v1 import extract_pb2, task_pb2


def row_key(row: extract_pb2.Row) -> str:
    """What makes two rows the same: their cells and links."""
    digest = hashlib.blake2b(digest_size=12)
    for part in (*row.cells, "", *row.links):
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()


@dataclass
class Gathered:
    """The rows of one table."""

    total: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    """How often each row was recorded, by its key."""
    by_action: Counter[tuple[int, int]] = field(default_factory=Counter)
    """How many rows each action brought, by its step and its place in the step."""

    def apply(self, collected: task_pb2.RowsCollected) -> None:
        """Takes what was recorded."""
        count = len(collected.rows.rows)
        self.seen.update(map(row_key, collected.rows.rows))
        self.total += count
        self.by_action[collected.step_number, collected.index] += count

    def news(self, rows: Sequence[extract_pb2.Row]) -> list[extract_pb2.Row]:
        """The rows that are new: a list that grows shows its old ones again. A row that stands in it twice is two."""
        met: Counter[str] = Counter()
        new = []
        for row in rows:
            key = row_key(row)
            met[key] += 1
            if met[key] > self.seen[key]:
                new.append(row)
        return new
