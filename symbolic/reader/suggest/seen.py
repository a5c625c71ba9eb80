r"""A document -> the names that it writes, the shapes that it states, its equations, and by what it differentiates.

In:  a document's name and content.
Out: `Seen`.  A name is looked at without declarations: `y_{t,k}` is y at the step t, `W_{hh}` has
a subscript of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from symbolic.reader.macros import Macros, macros
from symbolic.reader.scan import Formula, Source, formulas, sources, without_skipped
from symbolic.reader.statements import Statement, statements
from symbolic.reader.suggest.unread import UnreadLine, of_formula, of_statement
from symbolic.reader.syntax import Grammar, parse
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, Tokens, unbraced
from symbolic.reader.syntax.vocabulary import STYLES, unstyled
from symbolic.reader.tokens import Unread, plain, tokens

Key = tuple[str, str]
GRAMMAR = Grammar(called=frozenset({r"\sigma"}))
SHOWN = {"sub": "_t", "sup": "^{(t)}", "sup[": "^{[t]}", "sup<": r"^{\langle t \rangle}", "call": "(t)"}
BRACKETS = {"(": "sup", "[": "sup[", "<": "sup<", r"\langle": "sup<"}
CALLED = re.compile(r"(?<![A-Za-z\\])([A-Za-z]|\\[a-z]+)\s*\(\s*t\s*(?:[-+]\s*1\s*)?\)")
BROUGHT_IN = re.compile(r"\\(?:input|include|subfile)\s*(\{[^{}]*\}|\S+)")
PARAMETERS = re.compile(r"(?<=[A-Za-z}\d])\s*\(\s*(\\[tT]heta)\s*\)")
STEP = r"(?:t|T|\\tau)(?:[-+]\d)?"
OTHER_STEPS = {"next": "t+1", "prev": "t-1", "old": "t-1"}
COUNTING = "ijklmn"
A_LABEL = r"([a-z](?:_t|_\{t\}|\^\{\(t\)\}))"
AT_T = r"(?:_t|_\{t\}|\^\{\(t\)\})"
LABEL = re.compile(
    rf"(?<!\\nabla)(?<!\\partial)(?<=[a-z1\]}}])_\{{(?:t,)?{A_LABEL}(?:,t)?\}}"
    rf"|{AT_T}\[{A_LABEL}\]|\\(?:log|ln)\(?[^()+-]*{AT_T}\({A_LABEL}\)"
)
ONE_HOT = r"write {0}^\top \log p_t with a one-hot {0}"
BETWEEN = re.compile(
    r"[\s$\\()]*(?:to )?(?:be|denotes?|is|stands? for|as|for|means?)(?: (?:the|our|gradient|derivative|error|signal))*"
    r"[\s$\\()]*"
)


@dataclass(frozen=True)
class Written:
    """A name with its own subscript, how it shows time, at which step, and whether it is an entry."""

    key: Key
    time: str = ""
    step: str = ""
    is_entry: bool = False


@dataclass(frozen=True)
class Strange(Node):
    """What cannot be read, and why."""

    why: str


@dataclass(frozen=True)
class Equation:
    """left = sides[0] = sides[1] = …, as syntax, as tokens and as a declaration writes them; and its line."""

    left: s.Name
    sides: tuple[Node, ...]
    given: tuple[Tokens, ...]
    latex: tuple[str, ...]
    line: int


@dataclass
class Seen:
    """What was seen in the document; `tops` and `bottoms` are what it differentiates, and by what."""

    names: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shapes: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    gradients: list[tuple[Written, str]] = field(default_factory=list)
    tops: Counter[tuple[Key, bool]] = field(default_factory=Counter)
    bottoms: set[Key] = field(default_factory=set)
    counted: set[tuple[str, Key | None]] = field(default_factory=set)
    entries: set[tuple[str, Key, bool, int]] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    labelled: frozenset[str] = frozenset()
    unread: list[UnreadLine] = field(default_factory=list)
    brought_in: list[str] = field(default_factory=list)
    labels: dict[str, list[int]] = field(default_factory=dict)
    misnamed: set[str] = field(default_factory=set)
    called: dict[Key, int] = field(default_factory=dict)
    depends: set[str] = field(default_factory=set)
    has_d: bool = False
    has_star: bool = False

    @property
    def indices(self) -> set[str]:
        """The letters that count entries: of h_k only where k is no step, or h has none."""
        timed = {(base, sub) for base, sub, time in self.names if time == "sub"}
        return {letter for letter, key in self.counted if key not in timed or letter not in self.steps}

    def written(self, node: s.Name) -> Written:
        """The name without its step and its entries."""
        sub, sup = unstyled(node.sub), unstyled(node.sup)
        if node.call is not None and re.fullmatch(rf"{STEP}|[01]", plain(node.call.latex)):
            own, is_entry = self._own(node.base, sub)
            return Written((node.base, own), "call", plain(node.call.latex), is_entry)
        for opening, style in BRACKETS.items():
            inner = sup.removeprefix(opening).rstrip(")]>").removesuffix(r"\rangle")
            if sup.startswith(opening) and re.fullmatch(rf"{STEP}|[01]", inner):
                own, is_entry = self._own(node.base, sub)
                return Written((node.base, own), style, inner, is_entry)
        if match := re.fullmatch(rf"({STEP})(?:,?([{COUNTING}\d]*))", sub):
            return Written((node.base, ""), "sub", match[1], bool(match[2]))
        if match := re.fullmatch(rf"(.+),({STEP})", sub):
            own, is_entry = self._own(node.base, match[1])
            return Written((node.base, own), "sub", match[2], is_entry)
        if re.fullmatch(r"[a-z][-+]1", sub):
            return Written((node.base, ""), "sub", sub)
        own, is_entry = self._own(node.base, sub)
        return Written((node.base, own), is_entry=is_entry)

    def _own(self, base: str, sub: str) -> tuple[str, bool]:
        """A subscript that is part of a name, or an entry: digits and the usual letters, unless W_f is beside W_i."""
        counts = bool(sub) and all(letter.isdigit() or letter in f"{COUNTING}," for letter in sub)
        is_entry = counts and not (len(sub) == 1 and base in self.labelled)
        return ("", True) if is_entry else (sub, False)


def seen(name: str, content: str) -> Seen:
    """All that the drafts look at; what cannot be read is left out.  Raises Unscannable."""
    texts = sources(name, content)
    known = macros(without_skipped(text) for text in texts)
    timed = {match[1] for text in texts for match in CALLED.finditer(without_skipped(text))}
    depends = {match[1] for text in texts for match in PARAMETERS.finditer(without_skipped(text))}
    grammar = replace(GRAMMAR, called=GRAMMAR.called | timed, depends=frozenset(depends))
    unread: list[UnreadLine] = []
    parsed = list(_parsed(texts, known, grammar, unread))
    found = Seen(labelled=_labelled(node for _, _, nodes in parsed for node in nodes), depends=depends, unread=unread)
    found.brought_in += (m[1] for t in texts if t.kind == "tex" for m in BROUGHT_IN.finditer(without_skipped(t)))
    for formula, statement, nodes in parsed:
        left, *sides = nodes
        symbols = {relation.symbol for relation in statement.relations}
        for label in filter(None, map(label_in, statement.sides)):
            found.labels.setdefault(label, []).append(_line_of(formula, statement))
        if symbols == {"∈"} and isinstance(left, s.Name):
            texts_ = [token.text for token in statement.sides[1] if token.text not in "{}"]
            sizes = tuple(text for text in texts_[2:] if text not in {"^", r"\times", "(", ")"})
            found.shapes[found.written(left).key] = sizes
            nodes = [left]
        for node in nodes:
            _collect(node, found)
        if symbols == {"="} and isinstance(left, s.Name) and not statement.continues:
            latex = tuple(_latex(formula, side) for side in statement.sides)
            found.equations.append(Equation(left, tuple(sides), statement.sides, latex, _line_of(formula, statement)))
            if (whole := _softmax(found, found.equations[-1], grammar)) is not None:
                found.equations.append(whole)
            if isinstance(unbraced(sides[0]), s.Derivative | s.Nabla):
                found.gradients.append((found.written(left), f"{latex[0]} = {latex[1]}"))
    for (one, statement, nodes), (other, named, more) in pairwise(parsed):
        words = one.source.text[one.start + len(one.latex) : other.start]
        is_alone = len(nodes) == len(more) == 1 and isinstance(nodes[0], s.Name) and one.source is other.source
        if is_alone and isinstance(more[0], s.Derivative | s.Nabla) and BETWEEN.fullmatch(words):
            line = f"{_latex(one, statement.sides[0])} = {_latex(other, named.sides[0])}"
            found.gradients.append((found.written(nodes[0]), line))  # type: ignore[arg-type]
    for key in _only_multiplied(found) & found.called.keys():
        del found.called[key]
    return found


def _softmax(found: Seen, each: Equation, grammar: Grammar) -> Equation | None:
    """p_i = e^{z_i} / Σ_j e^{z_j} as p = softmax(z)."""
    left, side = found.written(each.left), each.sides[0]
    if not isinstance(side, s.Quotient) or not isinstance(side.below, s.Big) or not left.is_entry:
        return None
    above, below = _exponent(side.above, grammar), _exponent(side.below.body, grammar)
    if above is None or below is None or found.written(above) != found.written(below):
        return None
    run, runs = _counted(below), {token.text for token in side.below.lower}
    if _counted(above) != _counted(each.left) or not run <= runs or run == _counted(above) or len(run) != 1:
        return None
    names = [spelling(one.key, one.time) for one in (left, found.written(above))]
    if {left.step, found.written(above).step} - {"", "t"}:
        return None
    given = tokens(names[0]), tokens(rf"\mathrm{{softmax}}({names[1]})")
    nodes = [parse(one, grammar) for one in given]
    latex = names[0], rf"\mathrm{{softmax}}({names[1]})"
    return Equation(nodes[0], (nodes[1],), given, latex, each.line) if isinstance(nodes[0], s.Name) else None


def _exponent(node: Node, grammar: Grammar) -> s.Name | None:
    """z_i of e^{z_i} or exp(z_i)."""
    if isinstance(node, s.Name) and node.base == "e" and not node.sub:
        node = _node(node.sup, grammar)
    elif isinstance(node, s.Applied) and node.function == "exp" and not node.power:
        node = s.inside(node.argument)
    else:
        return None
    return node if isinstance(node, s.Name) else None


def _counted(name: s.Name) -> set[str]:
    return {token.text for token in name.sub if token.text in COUNTING}


def spelling(key: Key, time: str = "") -> str:
    """A name as a declaration writes it: W_{hh}, h_t, h_{f,t}, h^{(t)}."""
    base, sub = key
    if time == "sub" and sub:
        return f"{base}_{{{sub},t}}"
    return (f"{base}_{{{sub}}}" if sub else base) + SHOWN.get(time, "")


def _parsed(
    texts: list[Source], known: Macros, grammar: Grammar, unread: list[UnreadLine]
) -> Iterator[tuple[Formula, Statement, list[Node]]]:
    """The statements of a document as syntax; the lines that are none go into `unread`."""
    above: Tokens = ()
    for formula in (formula for text in texts for formula in formulas(text)):
        if formula.fault:
            unread += of_formula(formula, formula.fault, known)
            continue
        try:
            wholes = [each for each in statements(known.expanded(tokens(formula.latex))) if each.sides]
        except Unread as why:
            unread += of_formula(formula, str(why), known)
            continue
        stated = [each for whole in wholes if not whole.restricts for each in _cut(whole)]
        for statement in stated:
            nodes = _nodes(statement, grammar)
            why_not = nodes[0].why if isinstance(nodes[0], Strange) else ""
            unread += of_statement(formula, statement, nodes[0], why_not, above)
            above = above if statement.continues else statement.sides[0]
            if not why_not:
                yield formula, statement, nodes


def _cut(whole: Statement) -> list[Statement]:
    r"""s_t = W h_t \in \mathbb{R}^k as s_t = W h_t, and s_t \in \mathbb{R}^k."""
    symbols = [relation.symbol for relation in whole.relations]
    equal = next((n for n, symbol in enumerate(symbols) if symbol != "="), len(symbols))
    if not equal or equal == len(symbols) or whole.continues:
        return [whole]
    equation = replace(whole, sides=whole.sides[: equal + 1], relations=whole.relations[:equal])
    if symbols[equal:] != ["∈"]:
        return [equation]
    return [equation, replace(whole, sides=(whole.sides[0], whole.sides[-1]), relations=whole.relations[-1:])]


def _line_of(formula: Formula, statement: Statement) -> int:
    return formula.source.place(formula.start + statement.at)[0]


def _nodes(statement: Statement, grammar: Grammar) -> list[Node]:
    """The sides as syntax, those that cannot be read `Strange`; of ∈ the first alone."""
    sides = statement.sides[:1] if [each.symbol for each in statement.relations] == ["∈"] else statement.sides
    return [_node(side, grammar) for side in sides]


def _node(side: Tokens, grammar: Grammar) -> Node:
    if label := label_in(side):
        return Strange(side[0].at, f"{label} counts the classes: {ONE_HOT.format(label)}")
    try:
        return parse(side, grammar)
    except Unread as why:
        return Strange(why.at, str(why))
    except RecursionError:
        return Strange(0, "too deep")


def label_in(side: Tokens) -> str:
    r"""The integer label y_t of p_{t,y_t}, p_t[y_t], [p_t]_{y_t}, \\log p_t(y_t) and e_{y_t}; else ""."""
    written = "".join(token.text for token in side if token.text not in STYLES)
    match = LABEL.search(written)
    return next((group for group in match.groups() if group), "") if match else ""


def _labelled(nodes: Iterator[Node]) -> frozenset[str]:
    """The letters with subscripts such as f and o, that count nothing: i is one of them there.

    Where n_t is a value, a letter without a step has a subscript n of its own, unless it has two that count.
    """
    names = [name for node in nodes for name in s.names_in(node)]
    plainly = {(name.base, unstyled(name.sub)) for name in names}
    timed = {base for base, sub in plainly if re.fullmatch(rf"{STEP}(?:,.*)?", sub)}
    timed |= {name.base for name in names if name.call or plain(name.sup)[:1] in {*BRACKETS}}
    counted = {base for base, sub in plainly if len(sub.replace(",", "")) > 1 and {*sub} <= {*COUNTING, ","}}
    subs = {(base, re.sub(rf",{STEP}$", "", sub)) for base, sub in plainly}
    own = {base for base, sub in subs if len(sub) == 1 and sub.isalpha() and sub not in f"{COUNTING}stT"}
    of_values = {base for base, sub in subs if sub and sub in timed & {*COUNTING}}
    return frozenset(own | (of_values - timed - counted))


def names_of(node: object) -> Iterator[s.Name]:
    """The names that stand in a node and in what is called, without functions, e and T."""
    if isinstance(node, s.Name):
        is_function = node.base in {r"\sigma", "e"} and (node.call is not None or bool(node.sup))
        if not is_function and not (node.base in {"t", "T"} and not node.sub):
            yield node
        yield from names_of(node.call)
    elif isinstance(node, Node):
        for value in vars(node).values():
            yield from names_of(value)
    elif isinstance(node, tuple):
        for each in node:
            yield from names_of(each)


def _latex(formula: Formula, side: Tokens) -> str:
    """A side as it is written, or with its macros expanded, in one line."""
    written = formula.latex[side[0].at : max(token.end for token in side)] if side else ""
    for latex in (written, re.sub(r"\\\\(?:\s*\[[^\]]*\])?|(?<!\\)&|(?<!\\)%.*", " ", written)):
        if [token.text for token in tokens(latex)] == [token.text for token in side]:
            return " ".join(latex.split())
    ends = (*(token.text[0].isalpha() for token in side[1:]), False)
    return "".join(
        token.text + " " * (token.kind == "command" and token.text[-1].isalpha() and follows)
        for token, follows in zip(side, ends, strict=True)
    )


def _collect(node: object, found: Seen) -> None:
    if isinstance(node, s.Name) and node.style != "function":
        _name(node, found)
    if isinstance(node, s.Name) and node.base == r"\sigma" and node.sub and node.call:
        _called(node, node.call, found)
    if isinstance(node, s.Tight):
        pairs = pairwise(node.factors)
        found.has_d |= any(isinstance(a, s.Name) and a.base == "d" and isinstance(b, s.Name) for a, b in pairs)
    if isinstance(node, s.Big) and {"t", "T"} & {token.text for token in (*node.lower, *node.upper)}:
        found.steps |= {token.text for token in (*node.lower, *node.upper) if token.text in {*COUNTING, "s", r"\tau"}}
    if isinstance(node, s.Infix) and node.operator == "*":
        found.has_star |= all(isinstance(side, s.Name) and found.written(side).time for side in (node.left, node.right))
    if isinstance(node, s.Tight):
        pairs = pairwise(node.factors)
        for a, b in pairs:
            if isinstance(a, s.Name) and isinstance(b, s.Group) and b.bracket == "(" and not plain(a.sup).strip("'"):
                _called(a, b, found)
    if isinstance(node, s.Derivative):
        _differentiated(node.of, node.by, found)
    if isinstance(node, s.Nabla):
        try:
            by = parse(node.by, GRAMMAR)
        except Unread:
            return
        _differentiated(node.of, by, found)
        _collect(by, found)
    if isinstance(node, Node):
        for value in vars(node).values():
            _collect(value, found)
    elif isinstance(node, tuple):
        for each in node:
            _collect(each, found)


def _called(name: s.Name, arguments: s.Group, found: Seen) -> None:
    """What stands before parentheses like a function: a small letter, or any with two arguments."""
    written = found.written(name)
    if not written.time and not written.is_entry and (name.base.islower() or len(arguments.items) > 1):
        found.called[written.key] = max(len(arguments.items), found.called.get(written.key, 0))


def _only_multiplied(found: Seen) -> set[Key]:
    """What stands before parentheses, and elsewhere too: α of (1 - α) h + α (W x)."""
    sides = [side for each in found.equations for side in each.sides]
    return {key for side in sides if not _holds_gradients(side) for key in _alone(side, found)}


def _holds_gradients(node: object) -> bool:
    if isinstance(node, s.Derivative | s.Nabla | s.Differential):
        return True
    parts = vars(node).values() if isinstance(node, Node) else node if isinstance(node, tuple) else ()
    return any(map(_holds_gradients, parts))


def _alone(node: object, found: Seen) -> Iterator[Key]:
    """The names that no parentheses follow."""
    match node:
        case s.Name():
            if node.call is None and node.style != "function":
                yield found.written(node).key
            yield from _alone(node.call, found)
        case s.Tight(factors=factors):
            for factor, after in pairwise((*factors, None)):
                if not (isinstance(factor, s.Name) and isinstance(after, s.Group) and after.bracket == "("):
                    yield from _alone(factor, found)
        case Node():
            for value in vars(node).values():
                yield from _alone(value, found)
        case tuple():
            for each in node:
                yield from _alone(each, found)


def _name(node: s.Name, found: Seen) -> None:
    written = found.written(node)
    if re.fullmatch("[a-su-z]", plain(node.sup)) and (written.time or written.key[0] == r"\delta"):
        found.misnamed.add(f"{node.base}^{plain(node.sup)}_t is no name: write {node.base}_{{{plain(node.sup)},t}}")
    if (word := unstyled(node.sub)) in OTHER_STEPS:
        found.misnamed.add(f"{node.base}_{{{word}}} has no step: write {node.base}_{{{OTHER_STEPS[word]}}}")
    found.names[*written.key, written.time] += 1
    sub = unstyled(node.sub)
    counted = sub.replace(written.step, "", 1) if written.time == "sub" else sub
    if written.is_entry:
        alone = written.key if not written.time and len(counted) == 1 else None
        found.counted |= {(letter, alone) for letter in counted if letter in COUNTING}
        for position, letter in enumerate(each for each in counted if each in COUNTING or each.isdigit()):
            found.entries.add((letter, written.key, bool(written.time), position))
    if match := re.fullmatch(r"([a-su-z]|\\tau)[-+]1", sub):
        found.steps.add(match[1])


def _differentiated(of: Node | None, by: Node, found: Seen) -> None:
    if isinstance(of, s.Name):
        written = found.written(of)
        found.tops[written.key, bool(written.time)] += not written.is_entry
    if isinstance(by, s.Name):
        found.bottoms.add(found.written(by).key)
        if isinstance(of, s.Name) and of.base == by.base and unstyled(of.sub) == "t" and len(plain(by.sub)) == 1:
            found.steps |= {unstyled(by.sub)} - {"t", "T"}
