"""The closed forms that a cell's backward pass is made of, looked up by what they differentiate.

In:  a model, and the records to look in (default: the catalogue).
Out: `Formulas(model)[v]`, the record that says grad(v[t]) most shortly by other adjoints, of a
     parameter as a sum over the steps; `at_the_ends`, what is left of it at T and at 0.

A record of another model that speaks of the same arrays serves too, if it holds in this one.
Whatever is handed out has been proved as it is handed out, for every T and every size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from numeric.arguments import array, leaves
from numeric.proved import proved
from numeric.rewriting import added, at, is_rowwise, moved, outer_factors, rebuilt, total, vectors_first
from symbolic import terms as f
from symbolic.derivations import catalogue
from symbolic.model import Model
from symbolic.notation import Step, T, t
from symbolic.records import Derivation
from symbolic.shapes import ShapeMismatch
from symbolic.terms import LOSS, Derivative, Term, Var, grad, ones, subterms
from symbolic.verdicts import Hypothesis

Link = tuple[Derivation, Term]


@dataclass(frozen=True)
class Formula:
    """grad(by) = term, from the record with this id; `parts` are the ids of those that have been put into it."""

    by: Var
    term: Term
    id: str
    hypotheses: tuple[Hypothesis, ...]
    parts: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.id} with {', '.join(self.parts)}" if self.parts else self.id

    @property
    def statement(self) -> str:
        return f"{grad(self.by)} = {self.term}"


class Formulas:
    """The proved gradients of one model."""

    def __init__(self, model: Model, records: Iterable[Derivation] | None = None) -> None:
        self.model = model
        self.records = [
            record
            for record in (catalogue() if records is None else records)
            if record.model is not None and record.expected == "proved"
        ]
        self._found: dict[Var, Formula] = {}

    def __getitem__(self, var: Var) -> Formula:
        """The formula for grad(var); ValueError if there is none, or if a record that gives it is not proved."""
        if var not in self._found:
            self._found[var] = self._formula(var)
        return self._found[var]

    def again(self, formula: Formula) -> Formula:
        """The same formula, proved as it has been rewritten."""
        return replace(self._proved(formula.label, at(formula.by, t), formula.term), id=formula.id, parts=formula.parts)

    def at_the_ends(self, formula: Formula) -> tuple[list[Term], list[Term]]:
        """The summands at t, proved to be all there is at T, and those at t + 1, proved to be all at 0."""
        summands = list(added(formula.term))
        later = [s for s in summands if any(_step(leaf).offset > 0 for leaf in leaves(s))]
        now = [s for s in summands if s not in later]
        for end, left in ((T, now), (Step("", 0), later)):
            term = moved(total(left), end) if left else 0 * ones(*formula.by.axes)
            self._proved(f"{formula.id} at {end}", at(formula.by, end), term)
        return now, later

    def _formula(self, var: Var) -> Formula:
        for record in self.records:
            if record.model is self.model and _gradient_by(record) == var:
                proved(record)
        links = self._links[var]
        if not links:
            raise ValueError(f"{self.model.name}: the catalogue has no closed form of grad({at(var, t)})")
        known = {rule: adjoint for other in self._links if other != var for rule, adjoint in self._rules(other)}
        written = [(record.id, self._by_adjoints(term, known)) for record, term in links]
        id, term = min(written, key=lambda each: len(list(subterms(each[1]))))
        return self._proved(id, at(var, t), term)

    def _proved(self, id: str, by: Var, term: Term) -> Formula:
        claim = Derivation(id, "", self.model, (grad(by), term), ("",), "")
        verdict = proved(claim)
        if verdict.every_T is False or verdict.every_size is None:
            raise ValueError(f"{id} is proved only for {verdict.scope}: {claim.statement}")
        return Formula(by, term, id, verdict.hypotheses)

    @cached_property
    def _links(self) -> dict[Var, list[Link]]:
        """What the records say about each gradient: the model's own, or those of others if it has none."""
        found: dict[Var, list[Link]] = {var: [] for var in self.model.arrays.values()}
        for record in self.records:
            if (var := _gradient_by(record)) in found:
                found[var] += [(record, here) for term in record.chain[1:] if (here := self._emittable(record, term))]
        own = {var: [link for link in links if link[0].model is self.model] for var, links in found.items()}
        return {var: own[var] or links for var, links in found.items()}

    def _emittable(self, record: Derivation, term: Term) -> Term | None:
        """A link of a chain at t, if it speaks of adjoints and of this model's arrays only, row by row."""
        first = record.chain[0]
        assert isinstance(first, Derivative)
        try:
            here = vectors_first(moved(term, t - _step(first).offset))
            body = here.body if isinstance(here, f.SumSteps) else here
            speaks = all(self._is_known(leaf) for leaf in leaves(body))
            plain = not any(isinstance(s, f.Indicator | f.SumSteps | f.ProductSteps | f.Entry) for s in subterms(body))
            rows = all(is_rowwise(factor) for factor in outer_factors(body) or (body,))
        except ShapeMismatch:
            return None
        return here if speaks and plain and rows else None

    def _is_known(self, leaf: Var | Derivative) -> bool:
        var = array(leaf)
        near = _step(leaf).anchor == t.anchor and abs(_step(leaf).offset) <= 1
        return (
            near and (isinstance(leaf, Var) or _is_adjoint(leaf)) and self.model.arrays.get(var.name) == at(var, None)
        )

    def _rules(self, var: Var) -> list[tuple[Term, Term]]:
        """The terms that are known to be an adjoint, at t and at t + 1."""
        if not var.sequence:
            return []
        adjoint = grad(at(var, t))
        terms = [term for _, term in self._links[var] if not isinstance(term, Var | Derivative)]
        return [(moved(term, t + n), moved(adjoint, t + n)) for term in terms for n in (0, 1)]

    def _by_adjoints(self, term: Term, known: dict[Term, Term]) -> Term:
        return rebuilt(term, lambda inner: None if inner is term else known.get(inner))


def adjoints(term: Term) -> set[Var]:
    """By what the derivatives in a term are, whatever the step."""
    return {at(leaf.by, None) for leaf in leaves(term) if isinstance(leaf, Derivative)}


def _gradient_by(record: Derivation) -> Var | None:
    """What a record states the loss's gradient by, without its step."""
    first = record.chain[0]
    return at(first.by, None) if isinstance(first, Derivative) and _is_adjoint(first) else None


def _is_adjoint(leaf: Derivative) -> bool:
    return leaf.of == LOSS and leaf.total and leaf.copy is None


def _step(leaf: Var | Derivative) -> Step:
    """Where a leaf stands; what does not change along the sequence stands at t."""
    return array(leaf).step or t
