"""A syntax tree and a scope -> every reading whose shapes conform.

In:  a node, what its letters mean, and one choice of total or immediate for ∂h/∂W.
Out: readings (`readings`), or `Unread` where a name is not declared or a form not known,
     or `Misfit` where nothing conforms.  Nothing is guessed and nothing is dropped.
To extend: a form of notation is one case of `Resolver.of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce
from itertools import product, takewhile
from typing import Any

from symbolic import terms as f
from symbolic.notation import Axis, Index, Step, Subscript
from symbolic.reader import syntax as s
from symbolic.reader.readings import (
    COLUMN,
    EITHER,
    ROW,
    Grid,
    Misfit,
    Reading,
    added,
    described,
    distinct,
    grid,
    hadamard,
    mapped,
    negated,
    of_term,
    plainest,
    products,
    transposed,
    with_index,
)
from symbolic.reader.scope import COLUMNS, IMMEDIATE, Meaning, Scope
from symbolic.reader.scope import EITHER as AS_FITS
from symbolic.reader.syntax import Node, Tokens
from symbolic.reader.tokens import Token, Unread, plain
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import Term, Var

TRANSPOSES = frozenset(
    {"T", r"\top", r"\intercal", r"\mathsf{T}", r"\mathsfT", r"\mathrmT", r"\rmT", "'", r"{\rmT}", r"\textT", "⊤"}
)
PLUS_TIMES = {"tanh", "log", "exp", "sigmoid"}
LONGEST_PRODUCT = 9


def readings(node: Node, scope: Scope, partial: str = "total", inner_squares: bool = False) -> list[Reading]:
    """Every reading of an expression; raises Unread or Misfit."""
    return Resolver(scope, partial, inner_squares).of(node)


class Resolver:
    """Reads one expression; with `inner_squares` the square of a vector may be the sum of its squares."""

    def __init__(self, scope: Scope, partial: str, inner_squares: bool = False) -> None:
        self.scope, self.partial, self.inner_squares = scope, partial, inner_squares
        self.bound: dict[str, str] = {}
        self.both_kinds_matter = False

    @property
    def transposed_layout(self) -> str:
        """How a vector lies that was transposed."""
        return {COLUMNS: ROW, AS_FITS: ""}.get(self.scope.vectors, COLUMN)

    def of(self, node: Node) -> list[Reading]:
        match node:
            case s.Number(_, value):
                return [Reading(f.Const(value))]
            case s.Name():
                return self.name(node)
            case s.Group(at, (a, b), bracket=r"\langle"):
                return self.all(lambda x, y: [self.frobenius(x, y, at)], self.of(a), self.of(b))
            case s.Group(at, items):
                if len(items) != 1:
                    raise Unread(at, "several things in one pair of brackets")
                return self.of(items[0])
            case s.Braced(_, body, _):
                return self.of(body)
            case s.Sum(at, parts):
                return self.sum(at, parts)
            case s.Tight(at, factors):
                return self.tight(at, factors)
            case s.Infix():
                return self.infix(node)
            case s.Quotient(at, above, below):
                return self.fraction(at, above, below)
            case s.Derivative():
                return self.derivative(node)
            case s.Nabla(at, by, of):
                return self.nabla(at, by, of)
            case s.Differential(at, d, arg):
                return self.differential(at, d, arg)
            case s.Applied():
                return self.applied(node)
            case s.Scripted(at, base, sub, sup):
                return self.scripted(at, self.of(base), sub, sup)
            case s.Big():
                return self.big(node)
            case s.Matrix(at, rows):
                return self.matrix(at, rows)
            case s.Cases(at, rows):
                return self.cases(at, rows)
            case s.Dots(at):
                raise Unread(at, "an ellipsis is not in the grammar")
        raise Unread(node.at, f"{type(node).__name__} is not in the grammar")

    # Sums, products, quotients

    def sum(self, at: int, parts: tuple[tuple[int, Node], ...]) -> list[Reading]:
        found: list[Reading] = []
        for number, (sign, part) in enumerate(parts):
            each = self.of(part)
            signed = each if sign > 0 else [negated(r) for r in each]
            if number == 0:
                found = signed
                continue
            found = self.all(lambda a, b, where=part.at: [added(a, b, where)], found, signed)
        return found

    def all(self, build: Callable[..., list[Reading]], *choices: Iterable[Reading]) -> list[Reading]:
        """What is built from every choice that conforms; raises the last Misfit where none does."""
        found: list[Reading] = []
        last: Misfit | None = None
        for chosen in product(*choices):
            try:
                found += build(*chosen)
            except Misfit as why:
                last = why
            except ShapeMismatch as why:
                last = Misfit(0, *described(why.left, why.right), why.operation)
        if not found and last:
            raise last
        return distinct(found)

    def tight(self, at: int, factors: tuple[Node, ...], beside: str = "") -> list[Reading]:
        """A product; vectors in it are read as `beside` says, or as the declaration does."""
        policy = beside or self.scope.beside
        parts = [(self.telescoped(run), run[0].at) for run in telescopes(factors)]
        if len(parts) > LONGEST_PRODUCT:
            found, _ = parts[0]
            for more, where in parts[1:]:
                found = self.multiplied(found, more, where, policy)
            return found
        memo: dict[tuple[int, int], list[Reading] | Misfit] = {}

        def between(first: int, last: int) -> list[Reading]:
            """Every reading of the factors from first up to last, however they are bracketed."""
            if last - first == 1:
                return parts[first][0]
            key = (first, last)
            if key not in memo:
                found: list[Reading] = []
                why: Misfit | None = None
                for middle in range(last - 1, first, -1):
                    try:
                        found += self.multiplied(
                            between(first, middle), between(middle, last), parts[middle][1], policy
                        )
                    except Misfit as misfit:
                        why = why or misfit
                memo[key] = plainest(found) if found else why or Misfit(at, "", "", "a product")
            known = memo[key]
            if isinstance(known, Misfit):
                raise known
            return known

        return between(0, len(parts))

    def multiplied(self, left: list[Reading], right: list[Reading], at: int, beside: str) -> list[Reading]:
        return self.all(lambda a, b: products(a, b, beside, at, self.transposed_layout), left, right)

    def telescoped(self, run: tuple[Node, ...]) -> list[Reading]:
        """∂a/∂b ∂b/∂c: a chain rule, b is summed over whole; a name with two meanings has one of them in both."""
        found = [(r, _taken_by(r)) for r in self.of(run[0])]
        for node in run[1:]:
            chained = [
                (self.chained(a, b, len(shape(by)), node.at), _taken_by(b))
                for a, by in found
                for b in self.of(node)
                if by is not None and by == _taken_of(b)
            ]
            if not chained:
                return self.multiplied([a for a, _ in found], self.of(node), node.at, self.scope.beside)
            found = chained
        return distinct(r for r, _ in found)

    def chained(self, a: Reading, b: Reading, rank: int, at: int) -> Reading:
        if rank == 1:
            return _derived(f.MatMul(a.array, b.array))
        if rank == 0:
            both = a.rank and b.rank
            return _derived(f.Outer(a.array, b.array) if both else f.Mul(a.array, b.array))
        if a.rank == b.rank == rank:
            return Reading(f.Inner(a.array, b.array))
        raise Unread(at, "a chain rule through a matrix is not in the grammar: write it by entries")

    def infix(self, node: s.Infix) -> list[Reading]:
        operator, at = node.operator, node.at
        if operator in {"·", "×"}:
            chain = tuple(_flat(node, {"·", "×"}))
            factors = tuple(
                _plain_factors(f for part in chain for f in (part.factors if isinstance(part, s.Tight) else (part,)))
            )
            is_chain_rule = all(isinstance(factor, s.Derivative) for factor in factors)
            return self.tight(at, factors if is_chain_rule else chain, self.scope.dot)
        if operator == "∘":
            operator = {"hadamard": "⊙", "product": "·"}[self.scope.circ]
        if operator == "*":
            if not self.scope.star:
                raise Unread(at, "* is not declared: say `read * as hadamard` or `as product`")
            operator = {"hadamard": "⊙", "product": "·"}[self.scope.star]
        left, right = self.of(node.left), self.of(node.right)
        if operator == "·":
            return self.multiplied(left, right, at, self.scope.dot)
        if operator in {"⊙", "⊘"}:
            build: Any = f.Mul if operator == "⊙" else f.Div
            return self.all(lambda a, b: [hadamard(a, b, at, build)], left, right)
        if operator == "⊗":
            return self.all(lambda a, b: [Reading(f.Outer(a.array, b.array))], left, right)
        if operator == ":":
            return self.all(lambda a, b: [self.frobenius(a, b, at)], left, right)
        raise Unread(at, f"{operator} is not in the grammar")

    def frobenius(self, a: Reading, b: Reading, at: int) -> Reading:
        if isinstance(a.term, Grid) or isinstance(b.term, Grid):
            left, right = grid(a), grid(b)
            if left.size != right.size and EITHER in (a.layout, b.layout):
                left = left.T
            if left.size != right.size:
                raise Misfit(at, str(a), str(b), "a Frobenius product")
            pairs: list[Term] = [
                f.Mul(x, y) for p, q in zip(left.rows, right.rows, strict=True) for x, y in zip(p, q, strict=True)
            ]
            return Reading(reduce(f.Add, pairs))
        if a.rank != b.rank or a.axes != b.axes:
            raise Misfit(at, str(a), str(b), "a Frobenius product")
        return Reading(f.MatMul(a.array, b.array) if a.rank == 1 else f.Inner(a.array, b.array))

    def fraction(self, at: int, above: Node, below: Node) -> list[Reading]:
        for part in (below, above):
            if isinstance(part, s.Differential) and part.d.startswith("∂"):
                above_and_below = ("no ∂", "∂") if part is below else ("∂", "no ∂")
                raise Misfit(at, *above_and_below, "above and below the line")
        if self.axis_of(below) is not None and isinstance(above, s.Number):
            return [
                Reading(
                    f.Mul(f.Const(above.value), f.Reciprocal(self.axis_of(below)))
                    if above.value != 1
                    else f.Reciprocal(self.axis_of(below))
                )
            ]
        if (
            isinstance(below, s.Name)
            and not below.sub
            and not below.sup
            and self.scope.steps.get(below.base) == Step("T")
            and isinstance(above, s.Number)
        ):
            return [
                Reading(f.Mul(f.Const(above.value), f.Reciprocal(None)) if above.value != 1 else f.Reciprocal(None))
            ]
        return self.all(lambda a, b: [self.divided(a, b, at)], self.of(above), self.of(below))

    def axis_of(self, node: Node) -> Axis | None:
        """The axis that a letter names, if it is not declared as anything else."""
        if isinstance(node, s.Name) and not (node.sub or node.sup) and (node.base, "") not in self.scope.names:
            return self.scope.axes.get(node.base)
        return None

    def divided(self, a: Reading, b: Reading, at: int) -> Reading:
        if b.is_scalar and isinstance(b.term, Term):
            below = b.term
            if isinstance(a.term, f.Const) and isinstance(below, f.Const) and below.value:
                return Reading(f.Const(a.term.value / below.value))
            return mapped(a, lambda x: f.Div(x, below))
        return hadamard(a, b, at, f.Div)

    # Derivatives

    def derivative(self, node: s.Derivative) -> list[Reading]:
        if node.of is None:
            raise Unread(node.at, "a derivative of nothing")
        return self.all(
            lambda of, by: [self.differentiated(of, by.term, node)],
            self.of(_inside(node.of)),
            self.of(_inside(node.by)),
        )

    def differentiated(self, of: Reading, by: Term | Grid, node: s.Derivative | s.Nabla) -> Reading:
        variable = by.arg if isinstance(by, f.Entry) else by
        if not isinstance(variable, Var) or isinstance(of.term, Grid):
            raise Unread(node.at, "a derivative is taken by a variable or an entry of one")
        assert isinstance(by, Term)
        of = Reading(self.in_terms_of(of.array, variable), of.layout)
        immediate = isinstance(node, s.Derivative) and (
            node.d == "∂+" or (node.d == "∂" and self.is_immediate(of.array, variable))
        )
        if isinstance(by, f.Entry) and of.rank:
            one = f.Derivative(by, variable)
            return _derived(f.MatMul(f.Derivative(of.array, variable, not immediate), one))
        if isinstance(of.term, f.Entry) and not isinstance(by, f.Entry) and variable.axes:
            return _derived(f.Derivative(of.term, variable, not immediate))
        taken = f.immediate if immediate else f.d
        return _derived(taken(of.array, by))

    def in_terms_of(self, of: Term, by: Var) -> Term:
        """What is differentiated, with the right side of the equation that makes `by` written as `by`."""
        made = self.scope.model.by_name.get(by.name) if self.scope.model else None
        if made is None or isinstance(of, Var | f.Entry):
            return of
        right = made.right if by.step is None else moved(made.right, "t", by.step)
        return replaced(of, right, by)

    def is_immediate(self, of: Term, by: Var) -> bool:
        """Whether ∂of/∂by is one of those that are written the same, total or immediate."""
        value = of.arg if isinstance(of, f.Entry) else of
        model = self.scope.model
        if not isinstance(value, Var) or model is None or value.step is None or value.name not in model.by_name:
            return False
        loss = value.name == model.step_loss.name
        before = by.step is not None and by.step == value.step - 1
        if loss or not (by.step is None or before):
            return False
        self.both_kinds_matter = True
        return self.partial == IMMEDIATE

    def nabla(self, at: int, by: Tokens, of: Node) -> list[Reading]:
        parsed = s.parse(by, self.scope.grammar)
        if (copy := self.copied(parsed)) is not None:
            return self.all(lambda r: [_derived(f.Derivative(r.array, *copy))], self.of(_inside(of)))
        variable = self.of(parsed)[0].term
        return self.all(lambda r: [self.differentiated(r, variable, s.Nabla(at, by, of))], self.of(_inside(of)))

    def copied(self, by: Node) -> tuple[Var, bool, Step] | None:
        """W^{(t)}, the use of a parameter at one step: what a gradient is taken by."""
        if not isinstance(by, s.Name):
            return None
        meaning = self.scope.names.get((by.base, s.unstyled(by.sub)))
        texts = [token.text for token in by.sup]
        if (
            meaning is None
            or meaning.time
            or not isinstance(meaning.term, Var)
            or texts[:1] != ["("]
            or texts[-1:] != [")"]
        ):
            return None
        where = self.step(by.sup[1:-1])
        return (meaning.term, True, where) if where is not None else None

    def differential(self, at: int, d: str, arg: Node | None) -> list[Reading]:
        if d != "d" or arg is None or not self.scope.d:
            raise Unread(at, f"{d[0]} alone: a derivative is a fraction")
        return self.all(lambda r: [self.read_d(r, at)], self.of(arg))

    def read_d(self, of: Reading, at: int) -> Reading:
        """d x: the gradient by x, or the differential of x along what varies."""
        if not isinstance(of.term, Term):
            raise Unread(at, "d of a matrix that is written out")
        if self.scope.d == "gradient":
            variable = of.term.arg if isinstance(of.term, f.Entry) else of.term
            if not isinstance(variable, Var):
                raise Unread(at, "d of something that is not a variable")
            return _derived(f.grad(of.term), of.layout)
        along = self.scope.names.get((self.scope.along, ""))
        if along is None or not isinstance(along.term, Var):
            raise Unread(at, "a differential needs what varies: say `read d as differential along X`")
        variation = Var(f"d{along.term.name}", along.term.axes)
        if of.term == along.term:
            return of_term(variation, of.layout or COLUMN)
        whole = f.d(of.term, along.term)
        if of.is_scalar:
            return Reading(f.Inner(whole, variation) if len(along.term.axes) > 1 else f.MatMul(whole, variation))
        if len(along.term.axes) == 1:
            return Reading(f.MatMul(whole, variation), of.layout)
        if of.rank == 1 and len(along.term.axes) == 2:
            return self.differential_by_matrix(of, along.term, variation)
        raise Unread(at, "this differential is not in the grammar")

    def differential_by_matrix(self, of: Reading, along: Var, variation: Var) -> Reading:
        """dx_i = Σ_pq (∂x_i/∂X_pq) dX_pq, entry by entry."""
        (axis,), (p, q) = of.axes, (Index(f"{name}'", axis) for name, axis in zip("pq", along.axes, strict=True))
        entries = [
            f.SumIndex(p, f.SumIndex(q, f.Mul(f.d(f.Entry(of.array, (i,)), along.at(p, q)), variation.at(p, q))))
            for i in range(1, axis.size + 1)
        ]
        column = Grid(tuple((x,) for x in entries))
        return Reading(column.T if of.layout == ROW else column)

    # Functions, scripts, entries

    def applied(self, node: s.Applied) -> list[Reading]:
        argument = self.of(_inside(node.argument))
        found = [self.function(node.function, r, node.at) for r in argument]
        return self.scripted(node.at, found, (), node.power) if node.power else distinct(found)

    def function(self, name: str, r: Reading, at: int) -> Reading:
        if name in PLUS_TIMES:
            return mapped(r, lambda x: f.Call(name, x))
        if name == "sinh":
            return mapped(r, lambda x: (f.exp(x) - f.exp(-x)) / 2)
        if name == "cosh":
            return mapped(r, lambda x: (f.exp(x) + f.exp(-x)) / 2)
        if name == "softmax" and isinstance(r.term, Term) and r.rank:
            return Reading(f.Softmax(r.term), r.layout)
        if name == "diag" and isinstance(r.term, Term) and r.rank == 1:
            return Reading(f.Diag(r.term))
        if name == "trace" and isinstance(r.term, Term) and r.rank == 2:
            return self.trace(r.term, at)
        raise Misfit(at, str(r), "its argument", name)

    def trace(self, term: Term, at: int) -> Reading:
        rows, columns = shape(term)
        if rows != columns:
            raise Misfit(at, str(rows), str(columns), "a trace")
        i = Index("i", rows)
        if isinstance(term, f.MatMul) and isinstance(term.left, f.Transpose):
            return Reading(f.Inner(term.left.arg, term.right))
        return Reading(f.SumIndex(i, f.Entry(term, (i, i))))

    def scripted(self, at: int, found: list[Reading], sub: Tokens, sup: Tokens) -> list[Reading]:
        """Subscripts name an entry, superscripts a power or a transpose."""
        if sub:
            found = self.all(lambda r: [self.entry(r, sub, at)], found)
        above = plain(sup)
        if not above:
            return found
        if above in TRANSPOSES:
            return [transposed(r) for r in found]
        power = above.removeprefix(r"\odot").removeprefix(r"\circ").strip("()")
        if power.lstrip("-").isdigit():
            n, by_entries = int(power), above != power
            return distinct(r for each in found for r in self.powers(each, n, by_entries))
        raise Unread(sup[0].at, f"the superscript {above} is not in the grammar")

    def powers(self, r: Reading, n: int, by_entries: bool) -> list[Reading]:
        """x^n entry by entry; where nothing else conforms, x² of a vector is xᵀx."""
        if abs(n) > 16:
            raise Unread(0, f"the power {n} is not in the grammar")
        plain_power = mapped(r, lambda x: f.Pow(x, n))
        if self.inner_squares and r.rank == 1 and n == 2 and not by_entries and self.scope.beside in {"any", "inner"}:
            return [plain_power, Reading(f.MatMul(r.array, r.array))]
        return [plain_power]

    def entry(self, r: Reading, sub: Tokens, at: int) -> Reading:
        if not isinstance(r.term, Term):
            raise Unread(at, "an entry of a matrix that is written out")
        subscripts = self.subscripts(sub, r.axes)
        return Reading(f.Entry(r.term, subscripts))

    def subscripts(self, tokens: Tokens, axes: tuple[Axis, ...]) -> tuple[Subscript, ...]:
        """Each letter or digit a subscript of its axis; raises Unread."""
        parts: list[Token] = []
        for token in tokens:
            if token.text in {",", "{", "}"} or token.text in s.STYLES:
                continue
            if token.kind == "number" and len(axes) > 1 and len(token.text) > 1 and len(tokens) == 1:
                parts += [replace(token, text=digit) for digit in token.text]
            elif token.text == "'" and parts:
                parts[-1] = replace(parts[-1], text=parts[-1].text + "'")
            else:
                parts.append(token)
        if len(parts) != len(axes):
            raise Unread(tokens[0].at, f"{plain(tokens)} names {len(parts)} subscripts of {len(axes)}")
        return tuple(self.subscript(token, axis) for token, axis in zip(parts, axes, strict=True))

    def subscript(self, token: Token, axis: Axis) -> Subscript:
        if token.text.isdigit():
            if not 1 <= int(token.text) <= axis.size:
                raise Misfit(token.at, f"entry {token.text}", f"{axis} has {axis.size}", "an entry")
            return int(token.text)
        if self.bound.get(token.text) == "index" or token.text in self.scope.indices:
            fixed = None if self.bound.get(token.text) == "index" else self.scope.indices[token.text]
            if fixed is not None and fixed != axis:
                raise Misfit(token.at, f"{token.text} over {fixed}", str(axis), "a subscript")
            return Index(_letter(token.text), axis)
        raise Unread(token.at, f"{token.text} is not declared as a subscript")

    # Names

    def name(self, node: s.Name) -> list[Reading]:
        scope = self.scope
        if node.call is not None and node.base in scope.functions:
            return self.own_function(node, node.call)
        if node.base == r"\sigma" and node.call is not None and (node.base, "") not in scope.names:
            found = [self.function("sigmoid", r, node.at) for r in self.of(_inside(node.call))]
            return self.scripted(node.at, found, (), node.sup) if node.sup else found
        for sub_length in range(len(node.sub), -1, -1):
            own = s.unstyled(node.sub[:sub_length])
            for key in ((f"{node.style}:{node.base}", own), (node.base, own)):
                if (meaning := scope.names.get(key)) is not None:
                    return self.meant(node, meaning, node.sub[sub_length:], own)
        primes = len(list(takewhile(lambda token: token.text == "'", node.sup)))
        if primes and (f"{node.base}{primes * chr(39)}", "") in scope.names:
            return self.name(replace(node, base=node.base + primes * "'", sup=node.sup[primes:]))
        special = self.special(node)
        if special is not None:
            return special
        if node.style == "function":
            raise Unread(node.at, f"{node.base} without an argument")
        raise Unread(node.at, f"{node} is not declared")

    def own_function(self, node: s.Name, call: s.Group) -> list[Reading]:
        meaning = self.scope.functions[node.base]
        if node.sub or node.sup:
            raise Unread(node.at, f"scripts of the function {node.base} are not in the grammar")
        if meaning == "argument":
            return self.of(call.items[0])
        if len(call.items) != 1:
            raise Unread(call.at, f"{node.base} takes one argument")
        return [self.function(meaning, r, node.at) for r in self.of(call.items[0])]

    def meant(self, node: s.Name, meaning: Meaning, rest: Tokens, own: str) -> list[Reading]:
        """Every meaning of a name that its scripts allow."""
        found: list[Reading] = []
        why: Unread | None = None
        one: Meaning | None = meaning
        while one is not None:
            try:
                found += self.named(node, one, rest, own)
            except Unread as error:
                why = why or error
            one = one.other
        if not found and why:
            raise why
        return distinct(found)

    def named(self, node: s.Name, meaning: Meaning, rest: Tokens, own: str) -> list[Reading]:
        """A declared name with its time and entries, then transposes and powers."""
        sup = node.sup
        while rest and rest[0].text == ",":
            rest = rest[1:]
        if self.is_annotation(rest, meaning.term or meaning.untimed):
            rest = ()
        where: Step | None = None
        try:
            if meaning.time == "sub":
                where, rest = self.time_in(rest, node)
            elif meaning.time == "sup" and not sup and rest and meaning.untimed is None:
                where, rest = self.time_in(rest, node, anchored=True)
            elif meaning.time == "sup":
                where, sup = self.time_above(sup, node)
            elif meaning.time == "call":
                where = self.time_called(node)
            term = meaning.term
        except Unread:
            if meaning.untimed is None:
                raise
            where, term = None, meaning.untimed
        if term is None:
            raise Unread(node.at, f"{node} is not declared with a step")
        if where is not None:
            term = at_step(term, where)
        if isinstance(term, Var) and term.sequence and term.step is None:
            raise Unread(node.at, f"{node} stands without its step")
        if node.call is not None and meaning.time != "call":
            return self.sliced(node, term, node.call)
        reading = self.lying(term)
        if rest:
            reading = self.entry(reading, rest, node.at)
        elif meaning.entries_only:
            raise Unread(node.at, f"{node} is not declared")
        return self.scripted(node.at, [reading], (), sup) if sup else [reading]

    def lying(self, term: Term) -> Reading:
        if isinstance(term, f.Derivative):
            return _derived(term)
        vectors = self.scope.vectors
        return of_term(term, {COLUMNS: COLUMN, AS_FITS: EITHER}.get(vectors, ROW))

    def is_annotation(self, rest: Tokens, term: Term | None) -> bool:
        """W_{n×h}: the shape, written as a subscript."""
        if term is None or not any(token.text == r"\times" for token in rest):
            return False
        letters = [token for token in rest if token.text not in {r"\times", "{", "}"}]
        axes = shape(term) if not (isinstance(term, Var) and term.sequence) else term.axes
        for token, axis in zip(letters, axes, strict=False):
            named = self.scope.axes.get(token.text)
            if named != axis and token.text != str(axis.size):
                raise Misfit(token.at, token.text, str(axis), "a shape written as a subscript")
        if len(letters) != len(axes):
            raise Misfit(rest[0].at, plain(rest), "×".join(map(str, axes)), "a shape written as a subscript")
        return True

    def time_in(self, rest: Tokens, node: s.Name, anchored: bool = False) -> tuple[Step, Tokens]:
        """The step at the head of a subscript, and the entries after it (or, after a comma, before it)."""
        for length in range(len(rest), 0, -1):
            if (found := self.step(rest[:length])) is not None and (found.anchor or not anchored):
                left = rest[length:]
                return found, left[1:] if left and left[0].text == "," else left
        texts = [token.text for token in rest]
        if "," in texts and (found := self.step(rest[texts.index(",") + 1 :])) is not None:
            return found, rest[: texts.index(",")]
        if rest and (found := self.step(rest[-1:])) is not None and (found.anchor or not anchored):
            return found, rest[:-1]
        raise Unread(node.at, f"{node} stands without its step")

    def time_above(self, sup: Tokens, node: s.Name) -> tuple[Step, Tokens]:
        texts = [token.text for token in sup]
        if texts[:1] == ["("] and ")" in texts:
            end = texts.index(")")
            if (found := self.step(sup[1:end])) is not None:
                return found, sup[end + 1 :]
        elif sup and (found := self.step(sup)) is not None and plain(sup) != "T":
            return found, ()
        raise Unread(node.at, f"{node} stands without its step")

    def time_called(self, node: s.Name) -> Step:
        if node.call is None or (found := self.step(node.call.latex)) is None:
            raise Unread(node.at, f"{node} stands without its step")
        return found

    def step(self, tokens: Tokens) -> Step | None:
        """t, t-1, T, 0 as a step; None if it is none."""
        texts = [token.text for token in tokens if token.text not in "{}"]
        if not texts or len(texts) not in (1, 3):
            return None
        if texts[0].isdigit():
            return Step("", int(texts[0])) if len(texts) == 1 else None
        if self.bound.get(texts[0]) == "index":
            return None
        anchor = Step(texts[0]) if self.bound.get(texts[0]) == "step" else self.scope.steps.get(texts[0])
        if anchor is None or len(texts) == 1:
            return anchor
        sign = {"+": 1, "-": -1}.get(texts[1])
        return anchor + sign * int(texts[2]) if sign and texts[2].isdigit() else None

    def sliced(self, node: s.Name, term: Term, call: s.Group) -> list[Reading]:
        """W(:, j) and W(i, j)."""
        axes = shape(term)
        items = [item.base if isinstance(item, s.Name) else "" for item in call.items]
        if len(axes) != 2 or len(items) != 2:
            raise Unread(call.at, f"{node} is not called like a function")
        subscripts = [
            Index(f"{node.base}'", axis) if item == ":" else self.subscript(Token(item, call.at, "letter"), axis)
            for item, axis in zip(items, axes, strict=True)
        ]
        if ":" not in items:
            return [Reading(f.Entry(term, tuple(subscripts)))]
        (fixed,) = (x for x, item in zip(subscripts, items, strict=True) if item != ":")
        raise Unread(call.at, f"a slice at the running subscript {fixed}")

    def special(self, node: s.Name) -> list[Reading] | None:
        """e^x, δ_ij, 1_{i=y}, I, the vector of ones, where they are not declared as something else."""
        base, above = node.base, plain(node.sup)
        if base == "e" and node.sup and not node.sub:
            exponent = self.of(s.parse(node.sup, self.scope.grammar))
            return [self.function("exp", r, node.at) for r in exponent]
        if base == r"\delta" and node.sub and not above:
            return [self.delta(node)]
        if base == "1" and node.style in {"bf", "bb"}:
            return self.ones(node)
        if base == "I" and not above:
            axis = self.scope.axes.get(plain(node.sub)) if node.sub else None
            axes = [axis] if axis is not None else [] if node.sub else dict.fromkeys(self.scope.axes.values())
            return [Reading(f.Eye(each)) for each in axes] or None
        return None

    def delta(self, node: s.Name) -> Reading:
        letters = [token for token in node.sub if token.text not in {",", "{", "}"}]
        if len(letters) != 2:
            raise Unread(node.at, "δ has two subscripts")
        axis = next((self.scope.indices[x.text] for x in letters if self.scope.indices.get(x.text)), None)
        if axis is None:
            raise Unread(node.at, "δ needs subscripts that are declared with their axis")
        i, j = (self.subscript(x, axis) for x in letters)
        return Reading(f.Delta(i, j))

    def ones(self, node: s.Name) -> list[Reading]:
        """1_{i=y}, 1_{i, y} or 1: what it counts is declared, or it is not read."""
        texts = [token.text for token in node.sub]
        mark = next((m for m in ("=", ",") if m in texts), None)
        if mark is None:
            axis = self.scope.axes.get(plain(node.sub))
            axes = [axis] if axis is not None else [] if node.sub else dict.fromkeys(self.scope.axes.values())
            if axes:
                return [r for each in axes for r in self.scripted(node.at, [of_term(f.Ones((each,)))], (), node.sup)]
            (whole,) = self.of(s.parse(node.sub, self.scope.grammar))[:1]
            if isinstance(whole.term, Var) and whole.rank:
                return [of_term(f.Indicator(whole.term))]
            raise Unread(node.at, "1 with this subscript is not declared")
        cut = texts.index(mark)
        (target,) = self.of(s.parse(node.sub[cut + 1 :], self.scope.grammar))[:1]
        if not isinstance(target.term, Var) or target.rank != 1:
            raise Unread(node.at, "1 with this subscript is not declared")
        subscripts = self.subscripts(node.sub[:cut], target.axes)
        return [Reading(f.Entry(f.Indicator(target.term), subscripts))]

    # Sums over subscripts and steps

    def big(self, node: s.Big) -> list[Reading]:
        letter, first, mark = self.lower(node)
        upper = plain(node.upper)
        if not letter:
            return (
                self.over_steps(node, "t", Step("", 1), Step("T")) if self.speaks_of_t(node.body) else self.bare(node)
            )
        runs = self.runs(letter, first, node.upper)
        if runs is not None:
            return self.over_steps(node, letter, *runs)
        saved = dict(self.bound)
        self.bound[letter] = "index"
        try:
            found = self.of(node.body)
            other = self.condition(node.lower, letter) if mark == "≠" else None
            return self.all(lambda r: [self.over_index(r, letter, upper, first, other, node)], found)
        finally:
            self.bound = saved

    def lower(self, node: s.Big) -> tuple[str, Tokens, str]:
        """The letter that runs, where it starts, and whether one value is left out."""
        lower = tuple(token for token in node.lower if token.text not in s.STYLES and token.text not in "{}")
        node = replace(node, lower=lower)
        texts = [token.text for token in lower]
        if not texts:
            return "", (), ""
        for mark, symbol in (("=", "="), (r"\neq", "≠"), (r"\ne", "≠")):
            if mark in texts:
                cut = texts.index(mark)
                return plain(node.lower[:cut]), node.lower[cut + 1 :], symbol
        return plain(node.lower), (), ""

    def speaks_of_t(self, body: Node) -> bool:
        anchors = {a for r in self.of(body) if isinstance(r.term, Term) for a in f.free_anchors(r.term)}
        return anchors == {"t"}

    def bare(self, node: s.Big) -> list[Reading]:
        raise Unread(node.at, "a sum without its subscript")

    def runs(self, letter: str, first: Tokens, upper: Tokens) -> tuple[Step, Step] | None:
        """First and last step, if the letter runs over steps."""
        if letter in self.scope.indices:
            return None
        last = self.step(upper) if upper else None
        start = self.step(first) if first else None
        known = letter in self.scope.steps
        if (
            upper
            and last is not None
            and last.anchor
            and (known or last.anchor in {"t", "T"} or last.anchor in self.bound)
        ):
            return start or Step("", 1), last
        if known and not upper:
            return self.scope.ranges.get(letter, (start or Step("", 1), Step("T")))
        if known and start is not None and start.anchor and last is not None:
            return start, last
        return None

    def over_steps(self, node: s.Big, letter: str, first: Step, last: Step) -> list[Reading]:
        saved = dict(self.bound)
        self.bound[letter] = "step"
        try:
            body = self.of(node.body)
        finally:
            self.bound = saved
        if node.operator == r"\prod":
            if _later(first, last):
                first, last = last, first
            return self.all(lambda r: [Reading(f.ProductSteps(letter, first, last, self.term(r, node.at)))], body)
        everywhere = not node.upper and letter not in self.scope.ranges

        def over(r: Reading) -> list[Reading]:
            term = self.term(r, node.at)
            shift = latest(term, letter) if everywhere else 0
            return [Reading(f.SumSteps(letter, first, last, moved(term, letter, Step(letter, -shift))), r.layout)]

        return self.all(over, body)

    def term(self, r: Reading, at: int) -> Term:
        if isinstance(r.term, Grid):
            raise Unread(at, "a sum over steps of a matrix that is written out")
        return r.term

    def over_index(
        self, r: Reading, letter: str, upper: str, first: Tokens, other: Token | None, node: s.Big
    ) -> Reading:
        term = self.term(r, node.at)
        if node.operator == r"\prod":
            raise Unread(node.at, "a product over a subscript is not in the grammar")
        axes = {i.axis for i in with_index(term, _letter(letter))} or self.axes_by_limit(letter, upper)
        if len(axes) != 1:
            raise Unread(node.at, f"the axis that {letter} runs over is not said")
        (axis,) = axes
        if upper and self.scope.axes.get(upper) != axis and upper != str(axis.size):
            raise Misfit(node.at, f"{letter} up to {upper}", f"{axis} has {axis.size}", "a sum")
        if other is None and first and plain(first) != "1":
            raise Unread(node.at, f"a sum that starts at {plain(first)}")
        if r.rank:
            raise Misfit(
                node.at, str(r), "a number", f"a sum over the subscript {letter} of something that is not an entry"
            )
        index = Index(_letter(letter), axis)
        if other is not None:
            return Reading(f.SumIndex(index, f.Mul(1 - f.Delta(index, self.subscript(other, axis)), term)))
        return Reading(f.SumIndex(index, term))

    def axes_by_limit(self, letter: str, upper: str) -> set[Axis]:
        declared = self.scope.indices.get(letter)
        if declared is not None:
            return {declared}
        by_name = self.scope.axes.get(upper)
        return {by_name} if by_name is not None else {a for a in self.scope.axes.values() if str(a.size) == upper}

    def condition(self, lower: Tokens, letter: str) -> Token:
        """In k ≠ j, the letter that is left out."""
        (other,) = [t for t in lower if t.text not in {letter, r"\neq", r"\ne", "{", "}"}][:1] or [lower[0]]
        return other

    # What is written out

    def matrix(self, at: int, rows: tuple[tuple[Node, ...], ...]) -> list[Reading]:
        cells = []
        for row in rows:
            line = []
            for cell in row:
                scalars = [r for r in self.of(cell) if r.is_scalar]
                if not scalars:
                    raise Unread(cell.at, "a block matrix is not in the grammar")
                line.append(scalars[0].term)
            cells.append(tuple(line))
        if not cells or not cells[0]:
            raise Unread(at, "a matrix without entries")
        if len(cells) == 1 and len(cells[0]) == 1:
            return [Reading(cells[0][0])]
        return [Reading(Grid(tuple(cells)))]  # type: ignore[arg-type]

    def cases(self, at: int, rows: tuple[tuple[Node, Tokens], ...]) -> list[Reading]:
        """a where i = j, b where i ≠ j, as δ_ij a + (1 − δ_ij) b."""
        if len(rows) != 2:
            raise Misfit(at, f"{len(rows)} cases", "i = j and i ≠ j", "a distinction of cases")
        values: dict[bool, list[Reading]] = {}
        pairs = []
        for value, condition in rows:
            texts = [t.text for t in condition]
            mark = next((m for m in ("=", r"\neq", r"\ne") if m in texts), None)
            if mark is None:
                raise Unread(condition[0].at, "a case is i = j or i ≠ j")
            cut = texts.index(mark)
            pairs.append((plain(condition[:cut]), plain(condition[cut + 1 :])))
            values[mark == "="] = self.of(value)
        if len(values) != 2 or set(pairs[0]) != set(pairs[1]):
            raise Misfit(at, "one condition twice", "i = j and i ≠ j", "a distinction of cases")
        axis = next((self.scope.indices[x] for x in pairs[0] if self.scope.indices.get(x)), None)
        if axis is None:
            raise Unread(at, "the subscripts of the cases are not declared with their axis")
        i, j = (self.subscript(Token(x, at, "letter"), axis) for x in pairs[0])
        same = f.Delta(i, j)
        return self.all(
            lambda a, b: [Reading(f.Add(f.Mul(same, a.array), f.Mul(1 - same, b.array)))], values[True], values[False]
        )


def telescopes(factors: tuple[Node, ...]) -> list[tuple[Node, ...]]:
    """Runs of factors in which each derivative is by what the next is of."""
    runs: list[tuple[Node, ...]] = []
    for node in _plain_factors(factors):
        last = runs[-1][-1] if runs else None
        if (
            isinstance(last, s.Derivative)
            and isinstance(node, s.Derivative)
            and node.of is not None
            and is_same_node(last.by, node.of)
        ):
            runs[-1] += (node,)
        else:
            runs.append((node,))
    return runs


def _plain_factors(factors: Iterable[Node]) -> Iterable[Node]:
    """The factors without braces, those inside braces among them."""
    for factor in factors:
        node = _unbraced(factor)
        if isinstance(node, s.Tight) and node is not factor:
            yield from _plain_factors(node.factors)
        else:
            yield node


def _taken_by(r: Reading) -> Term | None:
    """What a derivative is taken by, with its entry."""
    term = r.term.arg if isinstance(r.term, f.Entry) else r.term
    if not isinstance(term, f.Derivative):
        return None
    rank = len(shape(term.of))
    own = r.term.subscripts[rank:] if isinstance(r.term, f.Entry) else ()
    return f.Entry(term.by, own) if own else term.by


def _taken_of(r: Reading) -> Term | None:
    """What a derivative is of, with its entry."""
    term = r.term.arg if isinstance(r.term, f.Entry) else r.term
    if not isinstance(term, f.Derivative):
        return None
    rank = len(shape(term.of))
    own = r.term.subscripts[:rank] if isinstance(r.term, f.Entry) else ()
    return f.Entry(term.of, own) if own else term.of


def replaced(term: Term, old: Term, new: Term) -> Term:
    """The term with every occurrence of a part replaced."""
    if term == old:
        return new
    changed = {key: replaced(value, old, new) for key, value in vars(term).items() if isinstance(value, Term)}
    return replace(term, **changed) if changed else term


def _unbraced(node: Node) -> Node:
    """What an underbrace or plain braces hold."""
    while isinstance(node, s.Braced) or (isinstance(node, s.Group) and node.bracket == "{" and len(node.items) == 1):
        node = node.body if isinstance(node, s.Braced) else node.items[0]
    return node


def is_same_node(a: Node, b: Node) -> bool:
    """Whether two nodes are spelled alike, wherever they stand."""
    return _spelled(a) == _spelled(b)


def _spelled(node: object) -> object:
    if isinstance(node, s.Name):
        return (node.base, plain(node.sub), plain(node.sup), plain(node.call.latex) if node.call else "")
    if isinstance(node, Node):
        return (type(node).__name__, *(_spelled(value) for key, value in vars(node).items() if key != "at"))
    if isinstance(node, tuple):
        return tuple(_spelled(each) for each in node)
    return node.text if isinstance(node, Token) else node


def _inside(node: Node) -> Node:
    """Without brackets around it."""
    while isinstance(node, s.Group) and len(node.items) == 1:
        node = node.items[0]
    return node


def _flat(node: Node, operators: set[str]) -> Iterable[Node]:
    if isinstance(node, s.Infix) and node.operator in operators:
        yield from _flat(node.left, operators)
        yield from _flat(node.right, operators)
    else:
        yield node


def _derived(term: Term, layout: str = "") -> Reading:
    """A derivative of a number is written as a column or as a row; a vector by a number is a column."""
    axes = shape(term)
    return Reading(term, EITHER if len(axes) == 1 else "")


def _letter(text: str) -> str:
    return text.lstrip("\\")


def at_step(term: Term, where: Step) -> Term:
    """A sequence at a step; a term written at t, moved there; what does not change with time stays."""
    if isinstance(term, Var):
        return term[where] if term.sequence and term.step is None else (moved(term, "t", where) if term.step else term)
    return moved(term, "t", where)


def moved(term: Term, anchor: str, where: Step) -> Term:
    """The term with every free step at `anchor` taken relative to `where`."""

    def of(value: Any) -> Any:
        if isinstance(value, Step) and value.anchor == anchor:
            return where + value.offset
        return moved(value, anchor, where) if isinstance(value, Term) else value

    fields = vars(term)
    if isinstance(term, f.SumSteps | f.ProductSteps) and term.index == anchor:
        return replace(term, first=of(term.first), last=of(term.last))
    return replace(term, **{key: of(value) for key, value in fields.items()}) if fields else term


def _later(a: Step, b: Step) -> bool:
    """Whether a step is the later of two, as far as their names say it: T after t after k after a number."""
    order = {"T": 3, "t": 2, "": 0}
    ranks = [order.get(step.anchor, 1) for step in (a, b)]
    return ranks[0] > ranks[1] or (a.anchor == b.anchor and a.offset > b.offset)


def latest(term: Term, letter: str) -> int:
    """How far beyond the running step a term looks: Σ_t without limits runs where all of it exists."""
    steps = (value for part in f.subterms(term) for value in vars(part).values() if isinstance(value, Step))
    return max((step.offset for step in steps if step.anchor == letter), default=0)
