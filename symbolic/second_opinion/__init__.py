"""The same claims, judged again by an engine that shares no code with the first.

In:  a derivation that the normal form proved, sizes, the hypotheses that were found.
Out: in words what was confirmed, or `Disagreement`.

The whole unrolled model is evaluated at T = 1, 2, 3, and further where a sum in the formula is empty
up to there or something takes longer to arrive, forwards on a tape and backwards by reverse
accumulation; no derivative is kept as a symbol and none comes from SymPy.

- Modular: leaves are random residues modulo the prime 2^61 − 1; tanh, σ, exp and log are
  free functions, a random residue for each argument, with their derivative rules.  Sides
  that agree are the same function: the chance that different ones agree in an entry is
  degree / 2^61 (Schwartz–Zippel).
- At 60 digits: sides that differ may still be the same by what a free function does not
  know (exp(a + b) = exp(a)exp(b), tanh by exp, the log of a quotient).  They are
  evaluated once more at random real points.

An interpreter of its own (`world`), a tape and two arithmetics of its own (`tape`) make it
a second opinion.  To extend: a new term needs a case in `World.read`, a new function one
in `slope` and one in `Reals.function`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from symbolic import terms as f
from symbolic.notation import Index, Sizes, Step
from symbolic.records import Derivation
from symbolic.second_opinion.tape import DIGITS, REALS, RESIDUES, Entries, Field
from symbolic.second_opinion.world import Absent, Disagreement, Side, Steps, World, world_of
from symbolic.terms import Term, subterms
from symbolic.verdicts import ONE_HOT, Hypothesis

__all__ = ["NOTHING", "Disagreement", "agree", "confirm", "lengths"]

FIRST, LONGER, LONGEST = 3, 8, 40
NOTHING = "nothing to compare"


def confirm(derivation: Derivation, sizes: Sizes, hypotheses: Sequence[Hypothesis]) -> str:
    """What was confirmed of every equality, such as "modular, T = 1, 2, 3"; raises Disagreement."""
    try:
        opinion = agree(derivation, sizes, hypotheses)
    except Disagreement:
        opinion = ""
    return opinion or _said(f"{DIGITS} digits", derivation, sizes, hypotheses, REALS)


def agree(derivation: Derivation, sizes: Sizes, hypotheses: Sequence[Hypothesis]) -> str:
    """The same by residues alone; "" where a side has no value.

    Raises Disagreement where some side differs, perhaps only by what is free there.
    """
    try:
        return _said("modular", derivation, sizes, hypotheses, RESIDUES)
    except (Absent, ZeroDivisionError):
        return ""


def lengths(opinion: str) -> frozenset[int]:
    """The lengths T that an opinion speaks of; without a sequence, 1."""
    _, _, listed = opinion.partition("T = ")
    return frozenset(map(int, listed.split(", "))) if listed and not opinion.startswith(NOTHING) else frozenset({1})


def _said(method: str, derivation: Derivation, sizes: Sizes, hypotheses: Sequence[Hypothesis], field: Field) -> str:
    compared = _agree(derivation, sizes, hypotheses, field)
    if derivation.model is None or not derivation.model.is_sequence:
        return method
    if not compared:
        return f"{NOTHING} up to T = {min(_longest(derivation.chain), LONGEST)}"
    return f"{method}, T = {', '.join(map(str, compared))}"


def _agree(derivation: Derivation, sizes: Sizes, hypotheses: Sequence[Hypothesis], field: Field) -> list[int]:
    """The lengths T at which there was something to compare; raises Disagreement.

    Where sums over steps are empty there is nothing: it goes on to lengths at which they are not.  If the
    formula exists at none of these, what was compared is all there is.
    """
    model, chain = derivation.model, derivation.chain
    names = frozenset[Index | str]().union(*map(free, chain))
    indices = sorted((name for name in names if isinstance(name, Index)), key=str)
    anchors = sorted(name for name in names if isinstance(name, str))
    classes = [sizes[h.target.axes[-1]] for h in hypotheses if h.kind == ONE_HOT]
    loops = {id(s) for term in chain for s in subterms(term) if _is_sometimes_run(s)}
    compared: list[int] = []
    telling: list[int] = []
    entered = False
    first = max(FIRST, model.delay + 2) if model is not None else 1
    longest = max(first, _longest(chain))
    for T in range(1, min(longest, LONGEST) + 1) if model is not None and model.is_sequence else (1,):
        if first < T and telling and (telling[0] <= first or telling[0] + 1 < T):
            break
        spoken, ran, begun = False, set[int](), set[int]()
        for draw in range(4 * max(classes) if classes else 1):
            seed = model.name if model is not None else derivation.id
            world = world_of(model, tuple(sizes.items()), T, tuple(hypotheses), draw, field, seed)
            for steps in _places(anchors, T):
                sides = [_side(term, world, steps, indices) for term in chain]
                compares = _compare(derivation, world, steps, [side.entries for side in sides])
                spoken |= compares
                begun |= frozenset[int]().union(*(side.ran for side in sides))
                ran |= frozenset[int]().union(*(side.ran for side in sides if compares and side.entries is not None))
        entered |= loops <= begun
        if spoken:
            compared.append(T)
        if spoken and loops <= ran:
            telling.append(T)
    never_exists = entered and longest <= LONGEST
    return compared if telling or never_exists else []


def _is_sometimes_run(term: Term) -> bool:
    """Whether it is a sum or a product over steps that is not empty everywhere."""
    if not isinstance(term, f.SumSteps | f.ProductSteps):
        return False
    return term.first.anchor != term.last.anchor or term.first.offset <= term.last.offset


def _longest(chain: Sequence[Term]) -> int:
    """The longest sequence to be looked at: longer where a formula speaks of steps far from t and from the ends."""
    steps = (part for term in chain for s in subterms(term) for part in vars(s).values() if isinstance(part, Step))
    return LONGER + sum(abs(step.offset) for step in steps)


def _compare(derivation: Derivation, world: World, steps: Steps, sides: Sequence[Entries | None]) -> bool:
    """Whether both sides of some equality exist at these steps; raises Disagreement where they differ."""
    last = len(sides) - 1
    spoken = False
    equalities = [*zip(range(1, last + 1), sides, sides[1:], strict=False)]
    if last > 1:
        equalities.append((last, sides[0], sides[-1]))
    for n, left, right in equalities:
        if left is None or right is None:
            continue
        spoken = True
        different = world.field.different(left, right)
        if different.any():
            where = ", ".join(str(p + 1) for p in np.argwhere(different)[0])
            what = f"{derivation.id}, equality {n}, entry ({where}), T = {world.T}, {dict(steps)}"
            raise Disagreement(what, (world.T, dict(steps)))
    return spoken


def _side(term: Term, world: World, steps: Steps, indices: Sequence[Index]) -> Side:
    """All entries of a term, those of free subscripts first; None where a variable does not exist."""
    # Links of a chain share a term; by identity, because a term's hash costs as much as reading it.
    key = id(term), tuple(steps.items()), tuple(indices)
    if key not in world.sides:
        world.ran.clear()
        world.sides[key] = Side(term, _read(term, world, steps, indices), frozenset(world.ran))
    return world.sides[key]


def _read(term: Term, world: World, steps: Steps, indices: Sequence[Index]) -> Entries | None:
    try:
        parts = [
            world.entries(term, steps, dict(zip(indices, where, strict=True)))
            for where in product(*(range(world.sizes[index.axis]) for index in indices))
        ]
    except Absent:
        return None
    return np.array(parts, dtype=object).reshape([world.sizes[index.axis] for index in indices] + list(parts[0].shape))


def _places(anchors: Sequence[str], T: int) -> Iterator[dict[str, int]]:
    """Every step that the formula leaves free; t runs over the sequence and all others up to t."""
    for values in product(range(1, T + 1), repeat=len(anchors)):
        steps = dict(zip(anchors, values, strict=True))
        if all(s <= steps.get("t", T) for s in values):
            yield steps


def free(term: Term) -> frozenset[Index | str]:
    """The running subscripts and the steps t, k, … that nothing inside the term binds."""
    found: set[Index | str] = set()
    for part in vars(term).values():
        if isinstance(part, Term):
            found |= free(part)
        for each in part if isinstance(part, tuple) else (part,):
            if isinstance(each, Index):
                found.add(each)
            elif isinstance(each, Step):
                found.add(each.anchor)
    match term:
        case f.SumIndex(index, _):
            found -= {index}
        case f.SumSteps(name, first, last, body) | f.ProductSteps(name, first, last, body):
            found = {*(free(body) - {name}), first.anchor, last.anchor}
    return frozenset(found - {"", "T"})
