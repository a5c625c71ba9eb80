"""What a command costs: wall time, CPU time with its children's, peak memory.

In:  a command.  Out: `Cost`.

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
    code: int
    out: str
    err: str
    wall: float
    cpu: float
    megabytes: float


def cost(*command: str) -> Cost:
    """Run a command; its output and what it cost."""
    done = subprocess.run([sys.executable, __file__, *command], capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def main(command: list[str]) -> None:
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss / KILOBYTES / 1024
    print(json.dumps(vars(Cost(done.returncode, done.stdout, done.stderr, wall, used.ru_utime + used.ru_stime, peak))))


if __name__ == "__main__":
    main(sys.argv[1:])
