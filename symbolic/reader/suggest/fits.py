"""Which model of ours a document's equations are those of.

In:  what was seen in the document, the equations of its own model, and the declarations before a model.
Out: the model's name if all its equations stand in the document: every line that gives a name of the model a meaning
     was read and is proved of it, and every value that the document writes has such a line; else "".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from symbolic.model import Model
from symbolic.reader.candidates import candidates, verdict_of
from symbolic.reader.declare import BadDeclaration, declare, lines, printed_name, spelled
from symbolic.reader.judge.clock import TooLong, within
from symbolic.reader.readings import Misfit
from symbolic.reader.scope import Scope
from symbolic.reader.suggest.own import Own, differentiates, is_initial, is_zero, made_by, uses_itself
from symbolic.reader.suggest.seen import Equation, Key, Seen, Strange, Written
from symbolic.reader.suggest.unread import UnreadLine
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.tokens import Unread, plain
from symbolic.terms import Var
from symbolic.verdicts import Proved

SECONDS = 5
LOGISTIC = r"\sigma"


def fitting(models: Sequence[str], found: Seen, own: Own, before: Sequence[str]) -> str:
    """The first of the models whose equations are the document's, all of them."""
    for name in models if own.total and not found.brought_in else ():
        try:
            declared = declare(lines("\n".join((*before, f"model {name}")), "", 1, (1, 1)))
        except BadDeclaration:
            continue
        scope = declared.at((1, 1))
        if scope.model is not None and _is_of(found, own, scope.model, scope):
            return name
    return ""


def _is_of(found: Seen, own: Own, model: Model, scope: Scope) -> bool:
    arrays = {key_of(var): var for var in model.arrays.values()}
    if any(_may_say(line, arrays.keys() | {(LOGISTIC, "")}, found) for line in found.unread):
        return False
    stated = list(_meanings(found, arrays.keys()))
    if any(isinstance(side, Strange) for each in stated for side in each.sides):
        return False
    if not all(_is_proved(each.sides, scope) for each in own.written()):
        return False
    if not all(any(_is_proved((each.given[0], side), scope) for side in each.given[1:]) for each in stated):
        return False
    said = {found.written(each.left).key for each in stated} | {each.left.key for each in own.written()}
    return all(
        key in said or not _is_written(found, key, eq.left) for eq in model.equations for key in [key_of(eq.left)]
    )


def key_of(var: Var) -> Key:
    return spelled(var.latex or printed_name(var.name), Scope())[:2]


def _may_say(line: UnreadLine, keys: Collection[Key], found: Seen) -> bool:
    """Whether an unread line may give one of these names a meaning."""
    names = made_by(line.left, found)
    return not names or any(key in keys for key, _ in names)


def _meanings(found: Seen, keys: Collection[Key]) -> Iterator[Equation]:
    """The equations that give these names a meaning, of an entry if not of the whole; no gradients or numbers.

    W = W - u, of a parameter, is an update.
    """
    for each in found.equations:
        left = found.written(each.left)
        is_update = not left.time and any(uses_itself(found, left, side) for side in each.sides)
        if is_update or any(differentiates(side) or isinstance(side, s.Number) for side in each.sides):
            continue
        is_entry = left.is_entry and not is_initial(each, left)
        is_whole_said = is_entry and any(_is_whole(found.written(other.left), left) for other in found.equations)
        if each.left.base == LOGISTIC and each.left.call is not None:
            if not _is_logistic(each):
                yield each
        elif left.key in keys and left.step in {"", "0", "t"} and not is_whole_said and not is_zero(each.given[1]):
            yield each


def _is_logistic(each: Equation) -> bool:
    r"""\sigma(x) = 1/(1 + e^{-x})."""
    x = plain(each.left.call.latex) if each.left.call else ""
    inverse = {f"1+e^-{x}", rf"1+\exp(-{x})", f"1+exp(-{x})"}
    spelled_out = {mark.format(y) for y in inverse for mark in (r"\frac1{}", r"\dfrac1{}", r"\tfrac1{}", "1/({})")}
    return all(plain(side) in spelled_out for side in each.given[1:])


def _is_whole(one: Written, entry: Written) -> bool:
    return one.key == entry.key and not one.is_entry


def _is_written(found: Seen, key: Key, made: Var) -> bool:
    return any((base, sub) == key and bool(time) == made.sequence for base, sub, time in found.names)


def _is_proved(sides: tuple[Tokens, ...], scope: Scope) -> bool:
    try:
        with within(SECONDS):
            left, right = (parse(side, scope.grammar) for side in sides)
            verdicts = (verdict_of(found, scope) for found in candidates(left, right, scope))
            return any(isinstance(verdict, Proved) and not verdict.hypotheses for verdict in verdicts)
    except (Unread, Misfit, TooLong, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return False
