"""Starts a program that cannot outlive its parent: `python leash.py PARENT_PID PROGRAM ARGUMENT…`.

It also lets it open as many files as it may, up to what any of ours can need.

`tabwire up` starts its children through this file, so that they end even when `up` itself is killed hard. It replaces
itself with the program, so the process id stays. It imports nothing but the smallest part of Python: it runs before
every child. Where the kernel has no such signal (not Linux), the program simply starts.
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_FILES = 65536


def main() -> None:
    """Ties this process to its parent and becomes the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes
        import resource

        # Each connection of Envoy's is a file to the system, and the usual limit of files is low.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            # The parent ended before the signal was ordered.
            sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606 - the caller decides what to run, and no shell is asked


if __name__ == "__main__":
    main()
