"""Starts a program that cannot outlive its parent: `python leash.py PARENT_PID PROGRAM ARGUMENT…`.

`tabwire up` starts its children through this file, so that they end even when `up` itself is killed hard. It replaces
itself with the program, so the process id stays. It imports nothing but the smallest part of Python: it runs before
every child. Where the kernel has no such signal (not Linux), the program simply starts.
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ties this process to its parent and becomes the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            # The parent ended before the signal was ordered.
            sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606 - the caller decides what to run, and no shell is asked


if __name__ == "__main__":
    main()
