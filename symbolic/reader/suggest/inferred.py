"""The equations of a document, and the shapes that it states -> the shape of every name in them.

In:  `Seen` and `Own`.
Out: for each name the letters of its dimensions.  A capital letter without a step is a matrix, another letter a vector,
a loss a number; what products, sums and equations say of dimensions does the rest.  It is a guess: a draft says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from symbolic.reader.suggest.own import Forward, Own
from symbolic.reader.suggest.seen import COUNTING, Key, Seen, names_of
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node
from symbolic.reader.syntax.vocabulary import GREEK, unstyled
from symbolic.reader.tokens import plain

TRANSPOSES = frozenset({"T", r"\top", r"\intercal", "⊤", "'"})
ONES = "1"  # \mathbf{1} b: a bias for every row
PASSES = 3
Dim = int
Timed = tuple[Key, bool]


@dataclass(frozen=True)
class Form:
    """Dimensions of a value, and whether a vector lies as a row."""

    dims: tuple[Dim, ...]
    is_row: bool = False


@dataclass
class Inferred:
    """Shapes by name; `as_rows`: vectors stand left of matrices."""

    shapes: dict[Timed, tuple[str, ...]] = field(default_factory=dict)
    as_rows: bool = False


def inferred(found: Seen, model: Own, letters: Mapping[str, str]) -> Inferred:
    """The shape of every name of the model; `letters` names the sizes that the document states."""
    forms = _Forms(found, model)
    forms.settle()
    if forms.open:
        forms.take_for_batches()
        forms.settle()
    names = _lettered(forms, model, letters)
    rows, columns = forms.products
    return Inferred(
        {made: tuple(names[forms.root(d)] for d in dims) for made, dims in forms.dims.items()}, rows > columns
    )


class _Forms:
    """What is known of the dimensions of names; equal dimensions have one root."""

    def __init__(self, found: Seen, model: Own) -> None:
        self.found, self.parents = found, list[int]()
        self.products = [0, 0]  # x W, and W x
        self.counted: dict[str, Dim] = {}  # what the letters of one equation's entries count
        self.stated: dict[Dim, str] = {}
        self.dims: dict[Timed, tuple[Dim, ...]] = {}
        self.model, self.open, self.batch = model, dict[Timed, None](), list[Dim]()
        by_size: dict[str, Dim] = {}
        numbers = _numbers(found, model)
        for each in model.written():
            names = [each.equation.left] if each is not model.total else []
            for name in (*names, *names_of(each.right)):
                written = found.written(name)
                made = (written.key, bool(written.time))
                base = written.key[0]
                if made in self.dims or written.key in found.called or base == ONES:
                    continue
                if (sizes := found.shapes.get(written.key)) is not None:
                    self.dims[made] = tuple(by_size.setdefault(size, self.new()) for size in sizes)
                    self.stated |= {by_size[size]: size for size in sizes}
                elif made == model.summand or written.key in numbers:
                    self.dims[made] = ()
                elif is_capital(base):
                    if written.time:
                        self.open[made] = None
                    else:
                        self.dims[made] = (self.new(), self.new())
                else:
                    self.dims[made] = (self.new(),)

    def settle(self) -> None:
        """What the equations say of the shapes that are known, and of those that follow."""
        for _ in range(PASSES):
            for each in self.model.written():
                self.equate(each)
        self.open = {made: None for made in self.open if made not in self.dims}

    def take_for_batches(self) -> None:
        """The capital letters with steps that are no vectors have a row for each example."""
        self.batch.append(self.new())
        for made in self.open:
            self.dims[made] = (self.batch[0], self.new())

    def new(self) -> Dim:
        self.parents.append(len(self.parents))
        return len(self.parents) - 1

    def root(self, dim: Dim) -> Dim:
        while self.parents[dim] != dim:
            dim = self.parents[dim]
        return dim

    def join(self, a: Form | None, b: Form | None) -> None:
        """Two values of one shape."""
        if a is None or b is None or len(a.dims) != len(b.dims):
            return
        for one, other in zip(a.dims, b.dims, strict=True):
            self.same(one, other)

    def same(self, a: Dim, b: Dim) -> None:
        a, b = self.root(a), self.root(b)
        size_a, size_b = self.stated.get(a), self.stated.get(b)
        if a == b or (size_a and size_b):
            return  # the document says that they differ
        if size_b:
            a, b = b, a
        self.parents[b] = a

    def equate(self, each: Forward) -> None:
        self.counted.clear()
        left, right = self.of(each.equation.left), self.of(each.right)
        self.join(left, right)
        if left is None and right is not None:
            self.expect(each.equation.left, right)
        elif right is None and left is not None:
            self.expect(each.right, left)
        elif left is not None and right == Form(()) and self.dims.get(each.makes) == left.dims and left.dims:
            self.dims[each.makes] = ()

    def expect(self, node: Node, form: Form) -> None:
        """The names in what has this shape entry by entry."""
        match node:
            case s.Name(call=s.Group(_, (only,))) if self.found.written(node).time != "call":
                self.expect(only, form)
            case s.Name():
                written = self.found.written(node)
                if not written.is_entry and len(form.dims) == 1:
                    self.dims.setdefault((written.key, bool(written.time)), form.dims)
            case s.Group(_, (only,)) | s.Applied(_, _, only):
                self.expect(only, form)
            case s.Sum(_, parts):
                for _, part in parts:
                    self.expect(part, form)
            case s.Infix(_, operator, left, right) if operator in {"⊙", "∘", "*", "⊘"}:
                self.expect(left, form)
                self.expect(right, form)
            case s.Tight(_, factors) if all(self.of(x) in (None, form, Form(())) for x in factors):
                for factor in factors:
                    if self.of(factor) is None:
                        self.expect(factor, form)

    def of(self, node: Node) -> Form | None:
        """The shape of an expression, its parts' dimensions made equal where they must be; None where unknown."""
        match node:
            case s.Number():
                return Form(())
            case s.Name():
                return self.of_name(node)
            case s.Group(_, (only,)) | s.Braced(_, only, _):
                return self.of(only)
            case s.Applied(_, function, argument):
                inner = self.of(argument)
                return Form(()) if function.startswith(("norm", "trace")) else inner
            case s.Scripted(_, base, sub, sup):
                return Form(()) if sub else _transposed(self.of(base), plain(sup))
            case s.Sum(_, parts):
                forms = [each for _, part in parts if (each := self.of(part)) is not None]
                wide = [form for form in forms if form.dims]
                for a, b in pairwise(wide):
                    self.join(a, b)
                    if len(a.dims) != len(b.dims):  # a bias for every row
                        self.same(a.dims[-1], b.dims[-1])
                return max(forms, key=lambda form: len(form.dims), default=None) if len(forms) == len(parts) else None
            case s.Tight(_, factors):
                return self.product(factors)
            case s.Infix(_, operator, left, right):
                if operator in {"·", "×"}:
                    return self.product((left, right))
                one, other = self.of(left), self.of(right)
                if operator == "⊗":
                    return Form((*one.dims, *other.dims)) if one and other else None
                self.join(one, other)
                return one if one and one.dims else other or one
            case s.Quotient(_, above, below):
                self.of(below)
                return self.of(above)
            case s.Big(_, _, _, _, body):
                return self.of(body)
        return None

    def of_name(self, node: s.Name) -> Form | None:
        written = self.found.written(node)
        if node.call is not None and len(node.call.items) == 1 and written.time != "call":
            return self.of(node.call.items[0])
        dims = self.dims.get((written.key, bool(written.time)))
        if written.key in self.found.called or node.base == ONES:
            return Form(())
        if written.is_entry:
            letters = [letter for letter in unstyled(node.sub) if letter in COUNTING]
            for letter, dim in zip(letters, dims or (), strict=False):
                self.same(self.counted.setdefault(letter, dim), dim)
            return Form(())
        above = "" if written.time.startswith("sup") else plain(node.sup)
        return None if dims is None else _transposed(Form(dims), above)

    def product(self, factors: tuple[Node, ...]) -> Form | None:
        whole: Form | None = Form(())
        for factor in factors:
            form = self.of(factor)
            if whole is None or form is None:
                return None
            whole = self.times(whole, form)
        if isinstance(factors[0], s.Name) and factors[0].base == ONES and whole and len(whole.dims) == 1:
            self.products[0] += not whole.is_row
        return whole

    def times(self, a: Form, b: Form) -> Form:
        match len(a.dims), len(b.dims):
            case 0, _:
                return b
            case _, 0:
                return a
            case 2, 2:
                self.same(a.dims[1], b.dims[0])
                return Form((a.dims[0], b.dims[1]))
            case 2, 1:
                self.products[1] += 1
                self.same(a.dims[1], b.dims[0])
                return Form((a.dims[0],))
            case 1, 2:
                self.products[0] += not a.is_row
                self.same(a.dims[0], b.dims[0])
                return Form((b.dims[1],), a.is_row)
            case 1, 1 if b.is_row and not a.is_row:
                return Form((*a.dims, *b.dims))
            case 1, 1 if a.is_row and not b.is_row:
                self.join(a, b)
                return Form(())
        self.join(a, b)
        return a


def is_capital(base: str) -> bool:
    r"""Y, and \hat{Y}."""
    letter = base[base.find("{") + 1 : -1] if base.endswith("}") else base
    return len(letter) == 1 and letter.isupper()


def _numbers(found: Seen, model: Own) -> set[Key]:
    r"""The Greek letters without a step that are only factors, or added to numbers: \alpha h, (1 - \alpha) h."""
    names = [(name, is_factor) for each in model.written() for name, is_factor in _factors(each.right, False)]
    greek = [(found.written(name), is_factor) for name, is_factor in names if name.base in GREEK and not name.call]
    keys = {written.key for written, _ in greek if not written.time and written.key not in found.called}
    return keys - {written.key for written, is_factor in greek if not is_factor}


def _factors(node: object, is_factor: bool) -> Iterator[tuple[s.Name, bool]]:
    """The names, and whether each is a factor, or one in a sum with numbers."""
    match node:
        case s.Name():
            yield node, is_factor
            yield from _factors(node.call, False)
        case s.Tight(_, factors):
            for factor in factors:
                yield from _factors(factor, True)
        case s.Group(_, (s.Sum(_, parts),)) if is_factor and any(isinstance(part, s.Number) for _, part in parts):
            for _, part in parts:
                yield from _factors(part, len(parts) == 2)
        case s.Sum(_, parts):
            for _, part in parts:
                yield from _factors(part, False)
        case Node():
            for value in vars(node).values():
                yield from _factors(value, False)
        case tuple():
            for each in node:
                yield from _factors(each, False)


def _transposed(form: Form | None, above: str) -> Form | None:
    if form is None or above not in TRANSPOSES:
        return form
    return Form(form.dims[::-1], is_row=not form.is_row) if len(form.dims) == 2 else Form(form.dims, not form.is_row)


def _lettered(forms: _Forms, model: Own, letters: Mapping[str, str]) -> dict[Dim, str]:
    """A letter for each dimension: stated; H of a state, K of a target, D of an input; else another capital."""
    roots = list(dict.fromkeys(forms.root(dim) for dims in forms.dims.values() for dim in dims))
    names = {root: letters[forms.stated[root]] for root in roots if root in forms.stated}
    usual = (
        ("N", [forms.root(dim) for dim in forms.batch]),
        ("H", _states(forms, model)),
        ("K", _beside_loss(forms, model)),
        ("D", _inputs(forms, model)),
    )
    for letter, candidates in usual:
        free = [root for root in candidates if root in roots and root not in names]
        if free and letter not in {*names.values(), *letters.values()}:
            names[free[0]] = letter
    others = iter(x for x in "PQRSABCEFGIJMOUVWXYZ" if x not in {*names.values(), *letters.values()})
    return names | {root: next(others) for root in roots if root not in names}


def _states(forms: _Forms, model: Own) -> list[Dim]:
    """What an equation looks back at; in a document without steps, what is made first."""
    found = [
        forms.root(forms.dims[written.key, True][-1])
        for each in model.equations
        for name in names_of(each.right)
        if "-" in (written := forms.found.written(name)).step and forms.dims.get((written.key, True))
    ]
    return found or [forms.root(dims[0]) for each in model.equations[:1] if (dims := forms.dims.get(each.makes))]


def _beside_loss(forms: _Forms, model: Own) -> list[Dim]:
    """What the loss is made of."""
    last = [model.total] if model.total else model.equations[-1:]
    last += [each for each in model.equations if forms.dims.get(each.makes) == ()]
    written = [forms.found.written(name) for each in last if each for name in names_of(each.right)]
    found = [forms.dims.get((each.key, bool(each.time))) for each in written]
    return [forms.root(dims[-1]) for dims in found if dims]


def _inputs(forms: _Forms, model: Own) -> list[Dim]:
    """What no equation makes, with its step or, in a document without steps, beside a matrix."""
    made = model.made()
    inputs = [(each, dims) for each, dims in forms.dims.items() if each not in made and (len(dims) == 1 or each[1])]
    return [forms.root(dims[-1]) for (_, timed), dims in sorted(inputs, key=lambda each: not each[0][1]) if dims]
