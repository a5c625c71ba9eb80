r"""A formula's syntax as LaTeX again: the letters, products and derivatives of the document.

In:  a node.  Out: LaTeX that is read as the node; LookupError for what is not written out (dots).
Who uses it reads it back: brackets are set where they may be needed, not only where they are.
"""

from __future__ import annotations

from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, Tokens, inside, unbraced

SUM, PRODUCT, FACTOR = range(3)  # how tightly a node binds
STYLES = {"bf": r"\mathbf", "rm": r"\mathrm", "sf": r"\mathsf", "cal": r"\mathcal", "bb": r"\mathbb",
          "frak": r"\mathfrak"}  # fmt: skip
INFIX = {"⊙": r"\odot", "∘": r"\circ", "⊗": r"\otimes", "·": r"\cdot", "×": r"\times", "*": "*", "⊘": r"\oslash"}
FUNCTIONS = {"softmax": r"\operatorname{softmax}", "diag": r"\operatorname{diag}", "trace": r"\operatorname{tr}"}
DIFFERENTIALS = {"∂": r"\partial", "d": r"\mathrm{d}", "∂+": r"\partial^{+}"}
BRACKETS = {"(": (r"\left(", r"\right)"), "[": (r"\left[", r"\right]"), r"\{": (r"\left\{", r"\right\}"),
            "{": ("{", "}")}  # fmt: skip


def spelled(node: Node) -> str:
    """The node as LaTeX."""
    match node:
        case s.Number(value=value):
            if value.denominator != 1:
                return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
            return str(value)
        case s.Name():
            return _name(node)
        case s.Group(items=(item,), bracket=bracket):
            opening, closing = BRACKETS[bracket]
            return f"{opening}{spelled(item)}{closing}"
        case s.Scripted(base=base, sub=sub, sup=sup):
            return _within(base, FACTOR) + _scripts(sub, sup)
        case s.Applied(function=function, argument=argument, power=power):
            command = FUNCTIONS.get(function, "\\" + function) + _scripts((), power)
            grouped = isinstance(argument, s.Group) and argument.bracket != "{"
            return f"{command}{spelled(argument)}" if grouped else f"{command} {_within(argument, FACTOR)}"
        case s.Sum(parts=((first_sign, first), *others)):
            text = ("-" if first_sign < 0 else "") + _within(first, PRODUCT)
            return text + "".join(f" {'-' if sign < 0 else '+'} {_within(each, PRODUCT)}" for sign, each in others)
        case s.Tight(factors=factors):
            return " ".join(_factor(factor, n == len(factors) - 1) for n, factor in enumerate(factors))
        case s.Infix(operator=operator, left=left, right=right):
            before = _bracketed(left) if _takes_the_rest(left) or _binds(left) == SUM else spelled(left)
            behind = _bracketed(right) if isinstance(right, s.Infix) else _within(right, PRODUCT)
            return f"{before} {INFIX[operator]} {behind}"
        case s.Quotient(above=above, below=below):
            return rf"\frac{{{spelled(above)}}}{{{spelled(below)}}}"
        case s.Differential(d=d, arg=arg):
            return ("d" if d == "d" else DIFFERENTIALS[d]) + (f" {_within(arg, FACTOR)}" if arg is not None else "")
        case s.Derivative():
            return _derivative(node)
        case s.Nabla(by=by, of=of):
            return rf"\nabla_{{{_joined(by)}}} {_within(of, FACTOR)}"
        case s.Big(operator=operator, lower=lower, upper=upper, body=body):
            return f"{operator}{_scripts(lower, upper)} {_within(body, PRODUCT)}"
        case s.Matrix(rows=rows):
            cells = r" \\ ".join(" & ".join(map(spelled, row)) for row in rows)
            return rf"\begin{{pmatrix}} {cells} \end{{pmatrix}}"
        case s.Cases(rows=cases):
            rows_of_cases = r" \\ ".join(f"{spelled(value)}, & {_joined(condition)}" for value, condition in cases)
            return rf"\begin{{cases}} {rows_of_cases} \end{{cases}}"
        case s.Braced(body=body):
            return spelled(body)
    raise LookupError(type(node).__name__)


def _name(name: s.Name) -> str:
    accent, brace, base = name.base.partition("{")
    letter = base.removesuffix("}") if brace else accent
    styled = rf"{STYLES[name.style]}{{{letter}}}" if name.style in STYLES else letter
    text = f"{accent}{{{styled}}}" if brace else styled
    call = f"({_joined(name.call.latex)})" if name.call is not None else ""
    return text + _scripts(name.sub, name.sup) + call


def _derivative(node: s.Derivative) -> str:
    d, by = DIFFERENTIALS[node.d], spelled(node.by)
    if node.of is None or node.is_operator:
        acts_on = "" if node.of is None else f" {_within(node.of, PRODUCT)}"
        return rf"\frac{{{d}}}{{{d.removesuffix('^{+}')} {by}}}{acts_on}"
    return rf"\frac{{{d} {_within(node.of, FACTOR)}}}{{{d.removesuffix('^{+}')} {by}}}"


def _factor(node: Node, is_last: bool) -> str:
    """A factor beside others: what takes all that follows it stands in brackets, unless nothing does."""
    node = unbraced(node)
    if isinstance(node, s.Tight):
        return " ".join(_factor(each, is_last and n == len(node.factors) - 1) for n, each in enumerate(node.factors))
    return _bracketed(node) if _takes_the_rest(node) and not is_last else _within(node, FACTOR)


def _within(node: Node, least: int) -> str:
    """The node, in brackets if it binds less than that."""
    return spelled(node) if _binds(node) >= least else _bracketed(node)


def _bracketed(node: Node) -> str:
    return rf"\left({spelled(node)}\right)"


def _binds(node: Node) -> int:
    match node:
        case s.Sum():
            return SUM
        case s.Tight() | s.Infix():
            return PRODUCT
        case s.Braced(body=body):
            return _binds(body)
    return FACTOR


def _takes_the_rest(node: Node) -> bool:
    match node:
        case s.Big():
            return True
        case s.Derivative(is_operator=True):
            return True
        case s.Tight(factors=(*_, last)) | s.Infix(right=last) | s.Braced(body=last):
            return _takes_the_rest(last)
        case s.Applied(argument=argument):
            return not isinstance(inside(argument), s.Name) and not isinstance(argument, s.Group)
    return False


def _scripts(sub: Tokens, sup: Tokens) -> str:
    primes = sum(token.text == "'" for token in sup)
    above = tuple(token for token in sup if token.text != "'")
    return "'" * primes + (f"_{{{_joined(sub)}}}" if sub else "") + (f"^{{{_joined(above)}}}" if above else "")


def _joined(tokens: Tokens) -> str:
    """The tokens, with a space behind a command before a letter."""
    text = ""
    for token in tokens:
        text += (" " if _ends_in_command(text) and token.text[:1].isalpha() else "") + token.text
    return text


def _ends_in_command(text: str) -> bool:
    _, slash, word = text.rpartition("\\")
    return bool(slash) and word.isalpha()
