"""Writes the table of the injection suite into docs/policy.md: `make injection` runs the suite and then this."""

from __future__ import annotations

import json
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"
BEGIN, END = "<!-- injection table: begin -->", "<!-- injection table: end -->"
COLUMNS = ("attack", "wanted", "stopped by", "result")


def written(rows: list[dict[str, str]]) -> str:
    """The table as Markdown."""
    head = (
        f"| attack | what the model was made to want | what stopped it | what it was told |\n|{'---|' * len(COLUMNS)}"
    )
    return "\n".join([head, *("| " + " | ".join(row[column] for column in COLUMNS) + " |" for row in rows)])


def main(source: str) -> None:
    """Puts the rows of a run into the page."""
    rows = json.loads(Path(source).read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{written(rows)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
