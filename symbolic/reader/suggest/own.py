"""The equations of a document -> those that make its loss, in the order in which a model has them.

In:  `Seen`.
Out: `Own`: the equations that the loss depends on, each after what it uses; the loss; and what is missing, in words.
An equation makes a name at the step t, or without a step; what holds derivatives, or what comes later, makes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from symbolic.reader.suggest.seen import GRAMMAR, Equation, Key, Seen, Strange, Written, names_of, spelling
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Node, Tokens, spelled_alike
from symbolic.reader.syntax.vocabulary import DOTS, unstyled
from symbolic.reader.tokens import Unread, plain, tokens

LOSSES = frozenset({"L", "E", "J", "C", r"\ell", "loss"})
STEP_LOSSES = LOSSES - {"C"}  # which is a cell state
GIVEN = frozenset("xyu")  # what one looks back at, and no equation makes: inputs, and targets that are fed back
COUNTED = frozenset({"t", "T", "i", "j", "k", "l", "m", "n", "s", r"\tau", r"\sigma", r"\theta", r"\Theta"})
Made = tuple[Key, bool]  # a name, with time or without


@dataclass(frozen=True)
class Forward:
    """One equation of the model: what it makes, from which side."""

    left: Written
    equation: Equation
    side: int

    @property
    def right(self) -> Node:
        return multiplied_out(self.equation.sides[self.side])

    @property
    def sides(self) -> tuple[Tokens, Tokens]:
        return self.equation.given[0], self.equation.given[self.side + 1]

    @property
    def latex(self) -> str:
        return f"{self.equation.latex[0]} = {self.equation.latex[self.side + 1]}"

    @property
    def makes(self) -> Made:
        return self.left.key, bool(self.left.time)


@dataclass
class Own:
    """The document's own model, as far as it is written; `loss` is LaTeX, `total` the equation that it is.

    `summand` is the name of the loss of a step, if it has one; the lines that are not read, and the names that are used
    as if something made them, are what it lacks.
    """

    equations: list[Forward] = field(default_factory=list)
    total: Forward | None = None
    loss: str = ""
    summand: Made | None = None
    missing: list[str] = field(default_factory=list)
    unread_lines: set[int] = field(default_factory=set)
    unmade: list[str] = field(default_factory=list)

    @property
    def lacks(self) -> str:
        """What is known to be lacking, in words."""
        numbers = ", ".join(map(str, sorted(self.unread_lines)))
        are = f"lines {numbers} are" if len(self.unread_lines) > 1 else f"line {numbers} is"
        unread = [f"{are} not read"] * bool(self.unread_lines)
        return "; ".join((*unread, *(f"no equation makes {name}" for name in dict.fromkeys(self.unmade))))

    def made(self) -> set[Made]:
        return {each.makes for each in self.equations}

    def written(self) -> list[Forward]:
        """The equations, and that of the whole loss."""
        return [*self.equations, *([self.total] if self.total else [])]


def own(found: Seen) -> Own:
    """The document's own model."""
    known = _definitions(found)
    result = Own(total=_total(found, known))
    known = {made: each for made, each in known.items() if made[1] or each is result.total or not _has_steps(known)}
    step = _step_loss(found, known)
    if result.total is not None:
        result.loss, start = result.total.latex, [result.total]
    elif step is not None:
        name = next((key[0] for (key, timed), _ in found.tops.most_common() if not timed), step.left.key[0])
        result.loss, start = rf"{name} = \sum_t {step.equation.latex[0]}", [step]
        result.missing.append(f"the whole loss is not written: {name} is meant as its sum over the steps")
    else:
        start = [each for made, each in known.items() if _is_forward(made)]
    needed = _needed(found, start, known)
    holes = list(_holes(found, known))
    if (
        holes
        or _unmade(found, known)
        or not needed & {made for made, each in known.items() if each is not result.total}
    ):
        needed |= {made for made in known if _is_forward(made)}
    visited: set[Made] = set()
    for made, each in known.items():
        if made in needed and each is not result.total:
            _visit(found, each, known, visited, result.equations)
    summand = _summand(result.total.right) if result.total else step.equation.left if step else None
    if isinstance(summand, s.Name):
        result.summand = found.written(summand).key, True
    if not result.loss:
        result.missing.append(r"the loss is missing: write loss L = \sum_t …")
    _say_missing(found, result, known, holes)
    result.missing += _unused(result, known)
    result.missing += _others(found, result)
    return result


def _has_steps(known: dict[Made, Forward]) -> bool:
    return any(timed for _, timed in known)


def _definitions(found: Seen) -> dict[Made, Forward]:
    """The first equation that makes each name."""
    on_right = {
        found.written(name).key for each in found.equations for side in each.sides[:1] for name in names_of(side)
    }
    lefts = {found.written(each.left).key for each in found.equations}
    known: dict[Made, Forward] = {}
    for each in found.equations:
        left = found.written(each.left)
        is_counted = left.key[0] in COUNTED and not left.time
        if (each.left.call is not None and left.time != "call") or is_counted or r"\times" in left.key[1]:
            continue
        if any(differentiates(side) for side in each.sides) or left.is_entry or left.step not in {"", "t"}:
            continue
        sides = [n for n, side in enumerate(each.sides) if _makes(found, side) and not uses_itself(found, left, side)]
        if not sides or unstyled(each.left.sup) not in {"", "(t)", "[t]", "<t>", r"\langlet\rangle"}:
            continue
        unknown = {
            n: {w.key for name in names_of(each.sides[n]) if (w := found.written(name)).time} - (lefts | on_right)
            for n in sides
        }
        best = next((n for n in sides if not unknown[n]), sides[-1])
        if _is_step_of_itself(found, left, each.sides[best]) and best != sides[-1]:
            best = sides[-1]
        known.setdefault((left.key, bool(left.time)), Forward(left, each, best))
    has_steps = _has_steps(known)
    return {made: each for made, each in known.items() if made[1] or not has_steps or _is_loss(found, made)}


def _is_step_of_itself(found: Seen, left: Written, side: Node) -> bool:
    r"""L = \sum_t L_t, where nothing else says what L_t is."""
    body = _summand(side)
    if not isinstance(body, s.Name) or left.time:
        return False
    each = found.written(body)
    return not any(found.written(other.left) == each for other in found.equations)


def _summand(side: Node) -> Node:
    """What a sum, with a number before it, is the sum of."""
    if isinstance(side, s.Tight):
        return _summand(side.factors[-1])
    return side.body if isinstance(side, s.Big) else side


def differentiates(node: object) -> bool:
    return any(isinstance(each, s.Derivative | s.Nabla | s.Differential) for each in all_inside(node))


def _makes(found: Seen, side: Node) -> bool:
    """Whether a side may be that of a forward equation."""
    inside = list(all_inside(side))
    if isinstance(side, s.Number) or (isinstance(side, s.Group) and side.bracket == r"\{"):
        return False
    if any(
        isinstance(each, s.Dots | Strange) or (isinstance(each, s.Big) and each.operator == r"\prod") for each in inside
    ):
        return False
    if any(isinstance(each, s.Tight) and is_differential(each) for each in inside):
        return False
    names = [each for each in inside if isinstance(each, s.Name)]
    return not any("+" in found.written(name).step or name.base in DOTS or name.style == "function" for name in names)


def is_differential(product: s.Tight) -> bool:
    """Whether d x is one of its factors."""
    return any(
        isinstance(a, s.Name) and a.base == "d" and not (a.sub or a.sup) and isinstance(b, s.Name)
        for a, b in pairwise(product.factors)
    )


def uses_itself(found: Seen, left: Written, side: Node) -> bool:
    """W = W - u: an update, or what says nothing."""
    return any(found.written(name) == left for name in names_of(side))


def all_inside(node: object) -> Iterator[Node]:
    if isinstance(node, Node):
        yield node
        for value in vars(node).values():
            yield from all_inside(value)
    elif isinstance(node, tuple):
        for each in node:
            yield from all_inside(each)


def _total(found: Seen, known: dict[Made, Forward]) -> Forward | None:
    """The equation of the whole loss: of what is differentiated, or is called like one."""
    has_steps = _has_steps(known)
    whole = [each for (key, timed), each in known.items() if not timed and _is_loss(found, (key, False))]
    whole = [each for each in whole if not has_steps or any(map(_runs_over_steps, all_inside(each.right)))]
    return max(whole, key=lambda each: (each.makes[0][0] in LOSSES, found.tops[each.makes]), default=None)


def _runs_over_steps(node: Node) -> bool:
    return isinstance(node, s.Big) and (not node.lower or bool({"t", r"\tau"} & {token.text for token in node.lower}))


def _step_loss(found: Seen, known: dict[Made, Forward]) -> Forward | None:
    timed = [each for made, each in known.items() if made[1] and made[0][0] in STEP_LOSSES]
    return max(timed, key=lambda each: found.tops[each.makes], default=None)


def _is_loss(found: Seen, made: Made) -> bool:
    return found.tops[made] > 0 or made[0][0] in LOSSES


def _is_forward(made: Made) -> bool:
    """Whether an equation may belong to a model whose loss is not written: letters of gradients do not."""
    return not made[0][0].startswith((r"\delta", r"\Delta", r"\epsilon", r"\partial"))


def _needed(found: Seen, start: Sequence[Forward], known: dict[Made, Forward]) -> set[Made]:
    """What the start depends on, at any step."""
    needed, open_ = set[Made](), list(start)
    while open_:
        each = open_.pop()
        if each.makes not in needed:
            needed.add(each.makes)
            open_ += [before for before in _uses(found, each, known) if before.makes not in needed]
    return needed


def _uses(found: Seen, each: Forward, known: dict[Made, Forward], at_its_step: bool = False) -> Iterator[Forward]:
    """The equations of what an equation uses."""
    for name in names_of(each.right):
        used = found.written(name)
        before = known.get((used.key, bool(used.time)))
        if before is not None and not (at_its_step and "-" in used.step):
            yield before


def _visit(found: Seen, each: Forward, known: dict[Made, Forward], visited: set[Made], order: list[Forward]) -> None:
    """Put an equation behind those of the values that it uses at its own step."""
    if each.makes not in visited:
        visited.add(each.makes)
        for before in _uses(found, each, known, at_its_step=True):
            _visit(found, before, known, visited, order)
        order.append(each)


def _say_missing(found: Seen, result: Own, known: dict[Made, Forward], holes: list[Hole]) -> None:
    """What is not read, and what is used as if an equation made it: one looks back at it, or differentiates by it."""
    made = result.made() | {each.makes for each in result.written()}
    used = [found.written(name) for each in result.written() for name in names_of(each.right)]
    free = [each for each in used if (each.key, bool(each.time)) not in made]
    looked_back_at = _looked_back_at(found, known)
    not_read = {each for hole in holes for each in hole.makes}
    for hole in holes:
        result.missing.append(hole.why)
        if not hole.makes or hole.is_needed or not hole.makes <= made:
            result.unread_lines.add(hole.line)
    for key, time in dict.fromkeys((each.key, each.time) for each in free):
        latex = spelling(key, time)
        is_given = key[0] in GIVEN
        if (key, bool(time)) in not_read or not time:
            continue
        if key in looked_back_at and is_given:
            result.missing.append(f"no equation makes {latex}: it is taken as given, at every step")
        elif key in looked_back_at:
            result.unmade.append(latex)
        if not is_given and key in found.bottoms | looked_back_at | {result.summand and result.summand[0]}:
            result.missing.append(f"no equation makes {latex}: write forward {latex} = …, unless it is an input")


def _unused(result: Own, known: dict[Made, Forward]) -> Iterator[str]:
    """The equations that the loss does not depend on."""
    used = {each.makes for each in result.written()}
    for made, each in known.items() if result.loss else ():
        if made not in used and _is_forward(made) and not _is_loss_name(made):
            yield f"the loss does not use {each.equation.latex[0]}, whose equation is in line {each.equation.line}"


def _is_loss_name(made: Made) -> bool:
    return made[0][0] in LOSSES


def _unmade(found: Seen, known: dict[Made, Forward]) -> bool:
    """Whether one looks back at what no equation makes."""
    return any(key[0] not in GIVEN and (key, True) not in known for key in _looked_back_at(found, known))


def _looked_back_at(found: Seen, known: dict[Made, Forward]) -> set[Key]:
    everywhere = (found.written(name) for each in known.values() for name in names_of(each.right))
    return {each.key for each in everywhere if "-" in each.step}


@dataclass(frozen=True)
class Hole:
    """A line that is not read, and why; `makes` is what it would make, none if that is not known.

    `is_needed`: another equation for the same name does not stand for it.
    """

    makes: frozenset[Made]
    line: int
    why: str
    is_needed: bool = False


def _holes(found: Seen, known: dict[Made, Forward]) -> Iterator[Hole]:
    """The equations that are not read, not of a whole array, or at another step than t."""
    for line in found.unread:
        why = f"line {line.line} is not read: {line.latex}: {line.why}"
        yield Hole(frozenset(made_by(line.left, found)), line.line, why)
    for each in found.equations:
        left = found.written(each.left)
        if any(each is other.equation for other in known.values()) or not _is_forward((left.key, True)):
            continue
        if any(differentiates(side) or isinstance(side, s.Number) for side in each.sides):
            continue
        here = f"line {each.line}"
        strange = next((side.why for side in each.sides if isinstance(side, Strange)), "")
        is_said = (left.key, bool(left.time)) in known
        makes = frozenset({(left.key, bool(left.time))})
        name = spelling(left.key, left.time)
        if is_initial(each, left) and not is_zero(each.given[1]):
            why = f"the initial state {each.latex[0]} in {here} is made of something: a model takes it as given"
            yield Hole(makes, each.line, why, is_needed=True)
        elif left.step not in {"", "t"}:
            continue
        elif strange:
            yield Hole(makes, each.line, f"the equation of {name} in {here} is not read: {strange}")
        elif left.is_entry and not is_said and any(t.kind == "letter" for t in each.left.sub if t.text != "t"):
            why = f"the equation of {name} in {here} is that of an entry: write it for the whole array"
            yield Hole(makes, each.line, why)
        elif not left.time and unstyled(each.left.sub)[-1:] in found.steps and _has_steps(known):
            step = unstyled(each.left.sub)[-1:]
            why = f"the equation of {each.latex[0]} in {here} has the step {step}: a model has one step, t"
            yield Hole(makes, each.line, why)


def made_by(left: Tokens, found: Seen) -> set[Made]:
    """The names on a left side that is not read; none where that cannot be told."""
    try:
        names = [found.written(name) for name in s.names_in(parse(left, GRAMMAR))]
    except (Unread, RecursionError):
        return set()
    return {(each.key, bool(each.time)) for each in names}


def is_initial(each: Equation, left: Written) -> bool:
    """Of h_0."""
    return left.step == "0" or unstyled(each.left.sub) == "0"


def is_zero(side: Tokens) -> bool:
    return unstyled(side) in {"0", r"\vec0"}


def _others(found: Seen, result: Own) -> Iterator[str]:
    """The lines where a name of the model has another equation."""
    for each in result.equations:
        for other in found.equations:
            is_same = found.written(other.left) == each.left and other is not each.equation
            sides = [spelled_alike(side) for side in each.equation.sides]
            is_other = is_same and not any(
                spelled_alike(side) in sides or differentiates(side) for side in other.sides[:1]
            )
            if is_other and _makes(found, other.sides[0]):
                yield f"{each.equation.latex[0]} has another equation in line {other.line}: a second block is for that"
                break


def multiplied_out(node: Node) -> Node:
    """W [h, x] as W_h h + W_x x, with a name of its own for each block."""
    match node:
        case s.Tight(at, (*before, s.Name() as whole, s.Group(items=items) | s.Matrix(rows=items))) if is_row(
            whole, items
        ):
            parts = [each[0] if isinstance(each, tuple) else each for each in items]
            named = zip(blocks(whole, parts), parts, strict=True)
            summed = s.Sum(at, tuple((1, s.Tight(at, (block, part))) for block, part in named))
            return s.Tight(at, (*before, summed)) if before else summed
        case s.Name(call=s.Group(items=(only,)) as call):
            return replace(node, call=replace(call, items=(multiplied_out(only),)))
        case s.Group(items=(only,)):
            return replace(node, items=(multiplied_out(only),))
        case s.Applied(argument=argument):
            return replace(node, argument=multiplied_out(argument))
        case s.Sum(at, parts):
            return s.Sum(at, tuple((sign, multiplied_out(part)) for sign, part in parts))
        case s.Infix(left=left, right=right):
            return replace(node, left=multiplied_out(left), right=multiplied_out(right))
    return node


def blocks(whole: s.Name, parts: Sequence[Node | tuple[Node, ...]]) -> list[s.Name]:
    """W_{fh}, W_{fx}: the blocks of W_f, called by what each is multiplied with, if that can be told."""
    sub = unstyled(whole.sub)
    first = [part[0] if isinstance(part, tuple) else part for part in parts]
    letters = [part.base for part in first if isinstance(part, s.Name) and re.fullmatch("[a-hn-z]", part.base)]
    if len({*letters}) < len(parts):
        letters = list("abcdefgh"[: len(parts)])
    return [replace(whole, sub=tokens(sub + letter), sup=()) for letter in letters]


def is_row(whole: s.Name, items: Sequence[object]) -> bool:
    """Whether a matrix stands before several things."""
    return whole.base.isupper() and 1 < len(items) < len("abcdefgh")


def functions(found: Seen) -> dict[Key, str]:
    r"""Which function a letter is that is called like one: \phi = \tanh."""
    known = {"tanh", "sigmoid", "softmax", "exp", "log"}
    said = [(found.written(each.left).key, each.sides[0], plain(each.given[1])) for each in found.equations]
    named = {key: side.base for key, side, _ in said if isinstance(side, s.Name) and side.style == "function"}
    named |= {key: "sigmoid" for key, _, latex in said if latex == r"\sigma"}
    return {key: name for key, name in named.items() if key in found.called and name in known}


def lets(model: Own) -> list[str]:
    """What each matrix that stands before a list of vectors is made of."""
    found: dict[str, str] = {}
    for each in model.written():
        for node in all_inside(each.equation.sides[each.side]):
            match node:
                case s.Tight(factors=(*_, s.Name() as whole, s.Group(items=items) | s.Matrix(rows=items))) if is_row(
                    whole, items
                ):
                    named = ", ".join(_plainly(block) for block in blocks(whole, items))
                    found[_plainly(whole)] = f"[{named}]"
    return [f"{name} = {row}" for name, row in found.items()]


def _plainly(name: s.Name) -> str:
    return spelling((name.base, unstyled(name.sub)))
