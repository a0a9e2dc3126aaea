"""Takes the contract as it is for released: `make release-baseline` runs this (docs/compatibility.md).

The image in proto/baseline.binpb is what later changes are held against. In tests/vectors/released/<version> stay the
samples of every message, and a recorded session of the product, for ever: they are replayed to every later version.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import subprocess
import sys
from pathlib import Path

from compat import released
from compat.record import record
from contract import samples


def release(version: str) -> None:
    """Writes baseline, samples and recording; refuses to change those of a version that is out."""
    folder = released.RECORDINGS / version
    if folder.exists():
        sys.exit(
            f"{version} is released already. Raise the version in pyproject.toml and extension/package.json first."
        )
    subprocess.run(["buf", "breaking", "--against", str(released.BASELINE)], cwd=released.ROOT, check=True)
    folder.mkdir(parents=True)
    asyncio.run(record(folder))
    samples.write(folder / "samples.json", samples.message_types())
    image = ["buf", "build", "--path", "proto/tabwire", "-o", str(released.BASELINE)]
    subprocess.run(image, cwd=released.ROOT, check=True)


def take_samples(folder: Path) -> None:
    """Writes the samples of the baseline as it is, for a contract that was released before there was this program."""
    samples.write(folder / "samples.json", released.message_types())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default=importlib.metadata.version("tabwire"))
    parser.add_argument("--samples-of-baseline", type=Path, metavar="FOLDER", help="only write those, and end")
    chosen = parser.parse_args()
    if chosen.samples_of_baseline:
        take_samples(chosen.samples_of_baseline)
    else:
        release(chosen.version)
