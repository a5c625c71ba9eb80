"""What a command costs: wall time, CPU time with its children's, peak memory.

In:  a command and a cap in seconds.  Out: `Cost`.

The command is started from a small process, this file as a script: on Linux a child's peak memory
begins with that of the process that started it.  Of several processes the peak is the largest one's.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass

KILOBYTES = 1024 if sys.platform == "darwin" else 1


@dataclass(frozen=True)
class Cost:
    """`code` is None where the cap was reached."""

    code: int | None
    out: str
    err: str
    wall: float
    cpu: float
    megabytes: float


def cost(*command: str, cap: float = 300) -> Cost:
    """Run a command; its output and what it cost."""
    done = subprocess.run([sys.executable, __file__, str(cap), *command], capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def main(cap: float, command: list[str]) -> None:
    started = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=cap)
        said = {"code": done.returncode, "out": done.stdout, "err": done.stderr}
    except subprocess.TimeoutExpired:
        said = {"code": None, "out": "", "err": ""}
    wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss / KILOBYTES / 1024
    print(json.dumps({**said, "wall": wall, "cpu": used.ru_utime + used.ru_stime, "megabytes": peak}))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
