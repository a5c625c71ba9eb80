"""A derivation as a record: what is claimed, why, and where it is printed.

In:  a derivative, then (reason, term) for each equality, ending in the closed form.
Out: `Derivation`.  Proof, LaTeX, numeric function, page and tests all start from it.
To add a formula: add one `derivation(…)` to a file in `derivations/`.
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from symbolic.model import Model, check_same_array, variables
from symbolic.notation import Axis, Step
from symbolic.terms import LOSS, Derivative, ProductSteps, Reciprocal, SumSteps, Term, Var, free_anchors, subterms
from symbolic.verdicts import Hypothesis

EXPECTED = ("proved", "refuted", "ill_typed")


@dataclass(frozen=True, eq=False, repr=False)
class Derivation:
    """chain[0] = chain[1] = …; reasons[i] justifies chain[i] = chain[i+1].

    `sizes` pins the axes whose size the formula itself fixes (it names y_1, y_2, y_3).
    `expected` is the verdict that the catalogue stands for; a misprint is expected to be
    refuted or ill-typed and `repair` is the id of the formula that is right.
    """

    id: str
    title: str
    model: Model | None
    chain: tuple[Term, ...]
    reasons: tuple[str, ...]
    source: str
    hypotheses: tuple[Hypothesis, ...] = ()
    sizes: Mapping[Axis, int] = field(default_factory=dict)
    expected: str = "proved"
    repair: str = ""

    def __post_init__(self) -> None:
        known = {**self.model.arrays, LOSS.name: LOSS} if self.model else {}
        if self.model and (strange := {h.target.name for h in self.hypotheses} - {y.name for y in self.model.targets}):
            raise ValueError(f"{self.id}: a hypothesis about {min(strange)}, no target of the model {self.model.name}")
        for part in (s for term in self.chain for s in subterms(term)):
            if isinstance(part, Derivative) and part.by == LOSS:
                raise ValueError(f"{self.id}: {part} is a derivative by the loss, which nothing is made from")
            if isinstance(part, Derivative) and part.copy is not None and part.of == part.by:
                raise ValueError(f"{self.id}: {part} is the derivative of a parameter by one use of itself")
            if isinstance(part, SumSteps | ProductSteps) and part.index in ("", "T"):
                raise ValueError(f"{self.id}: {part} runs over {part.index!r}, which is no name for a step: try 's'")
        if not (self.model and self.model.is_sequence):
            for part in (s for term in self.chain for s in subterms(term)):
                if said := _of_steps(part):
                    raise ValueError(f"{self.id}: {part} {said}, and there is no model with steps")
        for term in (*self.chain, *(hypothesis.target for hypothesis in self.hypotheses)):
            for var in variables(term):
                check_same_array(self.id, known.setdefault(var.name, replace(var, step=None)), var)
            by = [
                s.by.name
                for s in subterms(term)
                if isinstance(s, Derivative) and isinstance(s.of, Var) and s.of != s.by
            ]
            if not self.model and LOSS in [s.of for s in subterms(term) if isinstance(s, Derivative)]:
                raise ValueError(f"{self.id}: a gradient of the loss, and there is no model with a loss")
            if self.model and (strange := set(by) - set(self.model.arrays)):
                raise ValueError(f"{self.id}: the model {self.model.name} has no {min(strange)} to differentiate by")

    def __repr__(self) -> str:
        return f"<Derivation {self.id}: {self.statement}>"

    @property
    def statement(self) -> str:
        """First and last term of the chain, as an equality, with the range of a second step k."""
        others = frozenset[str]().union(*map(free_anchors, self.chain)) - {"t"}
        ranges = "".join(f"  ({name} ≤ t)" for name in sorted(others))
        return f"{self.chain[0]} = {self.chain[-1]}{ranges}"

    def _repr_latex_(self) -> str:
        from symbolic.latex import statement_latex

        return f"$\\displaystyle {statement_latex(self)}$"


def _of_steps(term: Term) -> str:
    """What a term by itself says of the steps of a sequence."""
    match term:
        case Var(step=Step()) | Derivative(copy=Step()):
            return "has a step"
        case Reciprocal(None):
            return "counts the steps"
        case SumSteps() | ProductSteps() if free_anchors(term) or "T" in (term.first.anchor, term.last.anchor):
            return "runs over the steps"
    return ""


def derivation(
    id: str,
    title: str,
    first: Term,
    *equalities: tuple[str, Term],
    source: str,
    model: Model | None = None,
    hypotheses: tuple[Hypothesis, ...] = (),
    sizes: Mapping[Axis, int] | None = None,
    expected: str = "proved",
    repair: str = "",
) -> Derivation:
    """first = term = … = closed form, each equality with its reason.

    Raises ValueError where the record itself is not in order (no equality, an unknown
    expected verdict).
    """
    if not equalities:
        raise ValueError(f"{id}: a derivation needs at least one equality")
    if expected not in EXPECTED:
        raise ValueError(f"{id}: expected is one of {', '.join(EXPECTED)}, not {expected!r}")
    for each in equalities:
        if not (isinstance(each, tuple) and len(each) == 2 and isinstance(each[1], Term)):
            raise ValueError(f"{id}: each equality is written (reason, term), not {each}")
    reasons, terms = zip(*equalities, strict=True)
    return Derivation(
        id, title, model, (first, *terms), reasons, source, hypotheses, dict(sizes or {}), expected, repair
    )


class DuplicateId(ValueError):
    """Two records with one id."""


class UnknownId(KeyError):
    """No record with that id; the message lists the nearest ones."""

    def __str__(self) -> str:
        return str(self.args[0])


class Catalogue:
    """Records by id, in order; a duplicate id is refused."""

    def __init__(self, records: Iterable[Derivation]) -> None:
        self.by_id: dict[str, Derivation] = {}
        for record in records:
            if record.id in self.by_id:
                raise DuplicateId(f"two derivations have the id {record.id}; rename one of them")
            self.by_id[record.id] = record

    def __repr__(self) -> str:
        chapters = dict.fromkeys(id.partition(".")[0] for id in self.by_id)
        return f"<Catalogue of {len(self)} derivations: {', '.join(chapters)}>"

    def __iter__(self) -> Any:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def __getitem__(self, id: str) -> Derivation:
        try:
            return self.by_id[id]
        except KeyError:
            raise UnknownId(self._miss(id)) from None

    def select(self, patterns: Iterable[str]) -> list[Derivation]:
        """The records that match an id, a prefix or a glob; all of them for no pattern."""
        wanted = list(patterns)
        if not wanted:
            return list(self)
        chosen: dict[str, Derivation] = {}
        for pattern in wanted:
            matches = {i: r for i, r in self.by_id.items() if i.startswith(pattern) or fnmatch.fnmatch(i, pattern)}
            if not matches:
                raise UnknownId(self._miss(pattern))
            chosen |= {pattern: self.by_id[pattern]} if pattern in self.by_id else matches
        return [record for record in self if record.id in chosen]

    def _miss(self, id: str) -> str:
        near = difflib.get_close_matches(id, self.by_id, n=3, cutoff=0.4)
        first = dict.fromkeys(known.partition(".")[0] for known in self.by_id)
        hint = f"the nearest: {', '.join(near)}" if near else f"the ids begin with {', '.join(first)}"
        return f"no derivation has the id {id}; {hint}"


def records_in(namespace: Mapping[str, Any]) -> list[Derivation]:
    """Every Derivation at the top level of a module, alone or in a list or tuple."""
    found: dict[int, Derivation] = {}
    for value in namespace.values():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, Derivation):
                found[id(item)] = item
    return list(found.values())
