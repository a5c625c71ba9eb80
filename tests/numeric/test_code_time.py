"""The time that is given is kept, whatever the code does, and nothing of the interruption stays behind."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest

from numeric.trace.proof import Proof
from numeric.trace.prove import prove_gradient
from numeric.trace.stand_in import LOCK

X = {"x": (3,)}
PATIENCE = 20


def nothing(x: Any) -> Any:
    while True:
        pass


def numbers(x: Any) -> Any:
    a = np.arange(10)
    while True:
        a = a * 2 % 7


def symbols(x: Any) -> Any:
    while True:
        x = x + 1


def sleeping(x: Any) -> Any:
    for _ in range(100_000):
        time.sleep(0.01)


def catching(x: Any) -> Any:
    while True:
        with contextlib.suppress(Exception):
            time.sleep(0.01)


def catching_all(x: Any) -> Any:
    caught = 0
    while caught < 2:
        try:
            while True:
                x[0] + 1
        except BaseException:
            caught += 1
    while True:
        pass


def only_on_numbers(x: Any) -> Any:
    while type(x) is np.ndarray:
        pass
    return np.sum(x), {"x": np.ones(3)}


def failing_on_symbols(x: Any) -> Any:
    if type(x) is not np.ndarray:
        raise ValueError
    while True:
        pass


ENDLESS = [nothing, numbers, symbols, sleeping, catching, catching_all, only_on_numbers, failing_on_symbols]


@pytest.fixture
def watched() -> Iterator[None]:
    """A hang fails instead of stopping the suite."""
    timer = threading.Timer(PATIENCE, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT))
    timer.start()
    yield
    timer.cancel()


def expect_out_of_time(proof: Proof, run: Any) -> None:
    assert not proof.proved
    assert not proof.refuted
    assert proof.reason.startswith("out of time: ")
    assert "the time is over" in proof.reason
    assert proof.place is not None
    assert proof.place.file == __file__
    start = run.__code__.co_firstlineno
    assert start < proof.place.line <= start + 10


@pytest.mark.parametrize("run", ENDLESS)
def test_code_without_end_is_interrupted_and_its_line_named(run: Any, watched: None) -> None:
    before = signal.getsignal(signal.SIGALRM)
    expect_out_of_time(prove_gradient(run, X, timeout=0.2), run)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert not LOCK.locked()


@pytest.mark.parametrize("run", [nothing, numbers, catching_all, failing_on_symbols])
def test_also_in_another_thread(run: Any, watched: None) -> None:
    proofs: list[Proof] = []
    thread = threading.Thread(target=lambda: proofs.append(prove_gradient(run, X, timeout=0.2)))
    thread.start()
    thread.join()
    expect_out_of_time(proofs[0], run)


def test_a_timer_of_the_person_s_own_goes_on(watched: None) -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.6)
    try:
        expect_out_of_time(prove_gradient(nothing, X, timeout=0.2), nothing)
        assert not rung
        time.sleep(0.6)
        assert rung == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_waiting_for_another_proof_is_counted(watched: None) -> None:
    with LOCK:
        proof = prove_gradient(nothing, X, timeout=0.2)
    assert "another thread's proof was waited for" in proof.reason


def test_enough_time_changes_nothing() -> None:
    proof = prove_gradient(lambda x: (np.sum(x**2), {"x": 2 * x}), X, timeout=60)
    assert proof.proved
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_loop_that_ends_only_for_small_numbers_is_a_note(watched: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numeric.trace.recheck.PATIENCE", 0.2)

    def run(x: Any) -> Any:
        while type(x) is np.ndarray and x[0] > 100:
            pass
        return np.sum(x), {"x": np.ones(3)}

    proof = prove_gradient(run, {"x": np.array([1.0, 2.0, 3.0])})
    assert proof.proved
    assert "not stable: at entries of size 1,000 the code does not come to an end" in proof.notes


def test_a_line_of_python_itself_is_nobodys_line(watched: None) -> None:
    """The interrupt may come while Python's own library runs, called by the code or for it."""

    def run(x: Any) -> Any:
        while True:
            PurePosixPath("a/b/c").relative_to("a")

    for _ in range(5):
        expect_out_of_time(prove_gradient(run, X, timeout=0.05), run)
