"""A person's own NumPy backward pass, run on symbols and proved or refuted.

In:  a callable `run(**arrays) -> (loss, {name: gradient})`, the shapes of its arrays.
Out: a `Proof`; or `GradientError` from `assert_gradient`.

The truth is the derivative of the very forward code that computed the loss: reverse accumulation
over its tape.  Arrays without a returned gradient are held constant.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numeric.trace import kinks
from numeric.trace.causes import causes
from numeric.trace.execute import BadRun, OnSymbolsOnly, Trace, traces
from numeric.trace.judge import judge
from numeric.trace.places import Refused, TimedOut
from numeric.trace.proof import Finding, GradientError, ParameterVerdict, Proof
from numeric.trace.recheck import Mismatch, recheck
from numeric.trace.scaled_down import decided
from numeric.trace.stand_in import given
from numeric.trace.tape import Maxima

Shapes = Mapping[str, Any]
LARGEST = 3_000_000
"""Entries of one array: with some 300 bytes for each operation a gigabyte."""


def prove_gradient(run: Callable[..., Any], shapes: Shapes, *, timeout: float | None = None) -> Proof:
    """Whether the gradients that `run` returns are the derivatives of the loss that it returns.

    `shapes`: for every array its shape, or an array of the person's own, at whose values and in whose
    precision the code is then also run.  `timeout` in seconds; when it is over the verdict is unknown.
    Raises BadRun where `run` does not return what it must, and whatever `run` itself raises.
    """
    __tracebackhide__ = True
    try:
        return _proof(run, shapes, timeout)
    except BadRun as error:
        raise BadRun(str(error)) from None  # one line, and none of our frames


def _proof(run: Callable[..., Any], shapes: Shapes, timeout: float | None) -> Proof:
    __tracebackhide__ = True
    started = time.monotonic()
    if not callable(run) or not isinstance(shapes, Mapping):
        raise BadRun("prove_gradient takes a function and {name: shape}, not " + repr(shapes if callable(run) else run))
    given(run)
    sizes = {name: _shape(name, value) for name, value in shapes.items()}
    if not sizes:
        raise BadRun("shapes is empty: name every array that run takes, with its shape")
    entries, largest_name = max((math.prod(size), name) for name, size in sizes.items())
    if entries > LARGEST:
        raise BadRun(
            f"{largest_name} has {entries:,} entries, more than {LARGEST:,}: give smaller sizes to prove it at"
        )
    deadline = None if timeout is None else started + timeout
    own = {name: value for name, value in shapes.items() if isinstance(value, np.ndarray | float)}
    branches: list[Trace] = []
    proofs: list[Proof] = []
    before: list[Proof] = []
    operations = 0
    notes: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    reason, place = "", None
    try:
        for largest in Maxima:
            traced, before, proofs = branches, proofs, []
            branches = []
            try:
                for trace in traces(run, sizes, deadline, largest):
                    operations += len(trace.tape)
                    proofs.append(_judged(trace))
                    branches.append(trace)
            except Refused as refusal:
                if isinstance(refusal, TimedOut) or not before or any(proof.deciding or proof.open for proof in before):
                    raise
                branches, proofs = traced, before  # only the causes are not known
                break
            if not any(proof.deciding for proof in proofs) and (largest is Maxima.FREE or all(map(_is_known, proofs))):
                break
        notes = recheck(run, branches, own, deadline)
        between = kinks.between(branches)
    except Refused as refusal:
        reason = f"{'out of time' if isinstance(refusal, TimedOut) else 'not supported'}: {refusal}"
        place = refusal.place
        proofs = [replace(proof, parameters=_refuted(proof)) for proof in (*before, *proofs)]
    except Mismatch as mismatch:
        reason, proofs = str(mismatch), []
    except OnSymbolsOnly as error:
        reason, place, proofs = str(error), error.place, []
    proof = _together(proofs)
    if any(p.finding == Finding.PROVED for p in proof.parameters):
        proof = replace(proof, hypotheses=tuple(dict.fromkeys(proof.hypotheses + between)))
    seconds = time.monotonic() - started
    return replace(proof, notes=notes, reason=reason, place=place, seconds=seconds, operations=operations)


def _is_known(proof: Proof) -> bool:
    """Every verdict, and a cause of each refutation."""
    return not proof.open and all(p.finding != Finding.REFUTED or p.cause is not None for p in proof.parameters)


def _refuted(proof: Proof) -> tuple[ParameterVerdict, ...]:
    """What stands although not every branch was seen."""
    return tuple(p for p in proof.parameters if p.finding == Finding.REFUTED)


def assert_gradient(run: Callable[..., Any], shapes: Shapes, *, timeout: float | None = None) -> None:
    """Raises GradientError, with the report, unless every gradient is proved."""
    __tracebackhide__ = True
    proof = prove_gradient(run, shapes, timeout=timeout)
    if not proof.proved:
        raise GradientError(proof)


def _judged(trace: Trace) -> Proof:
    """The verdicts on one branch; where a factor shortens gradients, on each side of where it begins to."""
    proof = _judged_as_it_is(trace)
    if not proof.clipped or trace.decisions:
        return proof
    branches = decided(trace)
    inside = next(map(_judged_as_it_is, branches), proof)
    if not inside.proved:
        return proof
    outside = list(map(_judged_as_it_is, branches))
    return _together([inside, *outside]) if all(branch.clipped for branch in outside) else proof


def _judged_as_it_is(trace: Trace) -> Proof:
    """With a likely cause of what is wrong; none while a maximum is a symbol."""
    judged = judge(trace)
    wrong = [p.name for p in judged.parameters if p.finding == Finding.REFUTED and p.entries]
    likely, begins = causes(trace, judged.outcomes, wrong) if wrong and not judged.deciding else ({}, {})
    parameters = [replace(p, cause=likely.get(p.name), wrong_from=begins.get(p.name)) for p in judged.parameters]
    place = trace.decisions[-1].place if trace.decisions else None
    return Proof(tuple(parameters), judged.hypotheses, place=place, deciding=judged.deciding)


def _shape(name: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, np.ndarray | float):
        if np.asarray(value).dtype.kind not in "iuf" or not np.isfinite(value).all() or not np.size(value):
            raise BadRun(f"the array {name} must be of finite real numbers")
        return np.shape(value)
    if isinstance(value, int | np.integer):
        value = (value,)
    if isinstance(value, Sequence) and all(isinstance(n, int | np.integer) and n > 0 for n in value):
        return tuple(int(n) for n in value)
    raise BadRun(f"the shape of {name} must be a tuple of positive integers or an array, not {value!r}")


def _together(branches: list[Proof]) -> Proof:
    """The verdict over all branches: what is proved is proved on each, but those where gradients are clipped."""
    clipped = [branch for branch in branches if branch.clipped]
    if clipped and len(clipped) < len(branches):
        rest = _together([branch for branch in branches if not branch.clipped])
        places = dict.fromkeys(str(branch.place) for branch in clipped)
        return replace(rest, hypotheses=rest.hypotheses + tuple(f"nothing is clipped at {p}" for p in places))
    if len(branches) == 1:
        return branches[0]
    names = dict.fromkeys(p.name for branch in branches for p in branch.parameters)
    parameters = [_worst([p for branch in branches for p in branch.parameters if p.name == name]) for name in names]
    hypotheses = tuple(dict.fromkeys(h for branch in branches for h in branch.hypotheses))
    return Proof(tuple(parameters), hypotheses)


def _worst(verdicts: list[ParameterVerdict]) -> ParameterVerdict:
    order = [Finding.REFUTED, Finding.UNKNOWN, Finding.PROVED]
    worst = min(verdicts, key=lambda p: order.index(p.finding))
    if worst.finding == Finding.PROVED:
        return replace(worst, error=sum(p.error or 0.0 for p in verdicts))
    return worst
