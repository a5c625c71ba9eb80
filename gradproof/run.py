"""Records -> verdicts, on as many cores as there are.

In:  records, sizes, a number of steps, a number of processes.
Out: (position, verdict) as each is found.

Claims of one model stay in one process: the derivatives of its equations are taken once
per process.  Where a process cannot be forked, or where it does not pay, all is done here.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

from symbolic.notation import AXES, Axis, Sizes
from symbolic.prove import axes_of, prove
from symbolic.records import Derivation
from symbolic.verdicts import Proved, Unknown, Verdict

FEW = 8


class Unjudged(Exception):
    """A record that makes no sense (a sequence without its step, say): which one, and why."""


@dataclass(frozen=True)
class Judged:
    """A record and its verdict; `own` marks a person's own claim, whose hypotheses need not be declared."""

    record: Derivation
    verdict: Verdict
    own: bool = False

    @property
    def is_expected(self) -> bool:
        """The verdict is the one that the record stands for, under no hypothesis it does not name."""
        if self.verdict.name != self.record.expected:
            return False
        undeclared = isinstance(self.verdict, Proved) and not {*self.verdict.hypotheses} <= {*self.record.hypotheses}
        return self.own or not undeclared


def run(records: Sequence[Derivation], sizes: Sizes, steps: int, jobs: int) -> Iterator[tuple[int, Verdict]]:
    """Every record's position and verdict, in the order in which they are found."""
    task = _Task(records, sizes, steps)
    groups = task.by_model()
    if jobs == 1 or len(groups) == 1 or len(records) <= FEW or "fork" not in multiprocessing.get_all_start_methods():
        for position in range(len(records)):
            yield position, task.verdict(position)
    else:
        yield from _in_processes(task, groups, min(jobs, len(groups)))


def exit_code(judged: Sequence[Judged]) -> int:
    """0: all as expected; 1: some verdict is not the expected one; 3: some is Unknown and none is wrong."""
    undecided = [each for each in judged if isinstance(each.verdict, Unknown)]
    if sum(not each.is_expected for each in judged) > len(undecided):
        return 1
    return 3 if undecided else 0


def usable_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def own_axes(records: Sequence[Derivation]) -> dict[Axis, int]:
    """The default sizes of axes that records declare for themselves; a column's 1 is no choice."""
    axes = dict.fromkeys(axis for record in records for axis in axes_of(record))
    return {axis: axis.size for axis in axes if axis.size > 1 and AXES.get(axis.name) != axis}


@dataclass(frozen=True)
class _Task:
    records: Sequence[Derivation]
    sizes: Sizes
    steps: int

    def verdict(self, position: int) -> Verdict:
        record = self.records[position]
        try:
            return prove(record, self.sizes, self.steps)
        except Exception as error:
            raise Unjudged(f"{record.id}: {type(error).__name__}: {error}") from error

    def by_model(self) -> list[list[int]]:
        """Positions grouped by model, the largest group first."""
        groups: dict[int, list[int]] = {}
        for position, record in enumerate(self.records):
            groups.setdefault(id(record.model), []).append(position)
        return sorted(groups.values(), key=len, reverse=True)


@contextmanager
def processes(jobs: int, start: Callable[..., None] | None = None, *given: object) -> Iterator[ProcessPoolExecutor]:
    """Forked processes, which end at once where anything fails; Ctrl-C is their parent's affair."""
    context = multiprocessing.get_context("fork")
    executor = ProcessPoolExecutor(jobs, context, _start_worker, (start, given))
    try:
        yield executor
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _start_worker(start: Callable[..., None] | None, given: tuple[object, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if start is not None:
        start(*given)


def _in_processes(task: _Task, groups: list[list[int]], jobs: int) -> Iterator[tuple[int, Verdict]]:
    """Each group in one process; each verdict is handed over as soon as it is found."""
    found = multiprocessing.get_context("fork").SimpleQueue()
    with processes(jobs, _keep, task, found) as executor:
        pending = {executor.submit(_work, group) for group in groups}
        while pending:
            done, pending = wait(pending, timeout=0.05, return_when=FIRST_COMPLETED)
            while not found.empty():
                yield found.get()
            for future in done:
                future.result()


_inherited: tuple[_Task, multiprocessing.queues.SimpleQueue[tuple[int, Verdict]]]


def _keep(task: _Task, found: multiprocessing.queues.SimpleQueue[tuple[int, Verdict]]) -> None:
    """What a forked process keeps."""
    global _inherited
    _inherited = task, found


def _work(positions: list[int]) -> None:
    task, found = _inherited
    for position in positions:
        found.put((position, task.verdict(position)))
