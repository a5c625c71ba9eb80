r"""The declaration language: what the letters of a document mean.

In:  the lines of declaration blocks or of a file `<stem>.check` (docs/check.md has the grammar).
Out: `Declarations`: the scope at every place of the document.

A line is a directive and what it says; `#` starts a comment.  `from 57:3` says that what
follows holds from there on.  LaTeX in a declaration is read by the same parser as the
document's.  Raises `BadDeclaration` with file and line.
To extend: add a function to `DIRECTIVES`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from symbolic.model import Equation, Model, variables
from symbolic.models.gru import GRU
from symbolic.models.head import HEAD, HEAD_SQUARED
from symbolic.models.lstm import LSTM, LSTM_SQUARED
from symbolic.models.minibatch import MINIBATCH
from symbolic.models.rnn import RNN, RNN_SQUARED
from symbolic.notation import AXES, Axis, Step
from symbolic.reader import syntax
from symbolic.reader.readings import Grid, Misfit, Reading
from symbolic.reader.resolve import readings
from symbolic.reader.scope import Key, Meaning, Scope
from symbolic.reader.statements import statements
from symbolic.reader.syntax import Name, Tokens, parse, unstyled
from symbolic.reader.tokens import Token, Unread, plain, tokens
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import LOSS, Div, Mul, Neg, Reciprocal, SumSteps, Term, Var
from symbolic.terms import term as number

MODELS = {m.name: m for m in (RNN, RNN_SQUARED, LSTM, LSTM_SQUARED, GRU, HEAD, HEAD_SQUARED, MINIBATCH)}
Place = tuple[int, int]


class BadDeclaration(ValueError):
    """A declaration that is not in order: where, and why."""


@dataclass(frozen=True)
class Draft:
    """A model in the making: its equations so far, and which names are targets."""

    equations: tuple[Equation, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """The scope as far as it has been declared."""

    scope: Scope = field(default_factory=Scope)
    draft: Draft = field(default_factory=Draft)
    styles: Mapping[Key, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One directive: the file and line it stands in, and from which place of the document it holds."""

    where: str
    since: Place
    text: str


@dataclass
class Declarations:
    """The scope from each place on, and the left sides that formulas without one continue."""

    places: list[Place] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    lefts: dict[Place, Tokens] = field(default_factory=dict)
    forward: set[Place] = field(default_factory=set)

    def at(self, place: Place) -> Scope:
        """What holds at a line and column."""
        position = bisect_right(self.places, place)
        return self.scopes[position - 1] if position else Scope()


def lines(text: str, name: str, first_line: int, since: Place) -> list[Line]:
    """The directives of a block or file; `since` is where the first of them begins to hold."""
    found = []
    for position, raw in enumerate(text.split("\n"), first_line):
        line = re.sub(r"(?:^|\s)#.*", "", raw).strip()
        where = f"{name}:{position}"
        if match := re.fullmatch(r"from\s+(\d+)(?::(\d+))?", line):
            since = (int(match[1]), int(match[2] or 1))
        elif line:
            found.append(Line(where, since, line))
    return found


def declare(given: Iterable[Line], formula_at: Callable[[Place], str | None] = lambda place: None) -> Declarations:
    """Scopes from directives; `formula_at` gives the LaTeX of the formula at a place.  Raises BadDeclaration."""
    found, state = Declarations(), State()
    for line in sorted(given, key=lambda each: each.since):
        word, _, rest = line.text.partition(" ")
        if word not in DIRECTIVES:
            raise BadDeclaration(f"{line.where}: {word} is no directive; there are {', '.join(sorted(DIRECTIVES))}")
        try:
            state = DIRECTIVES[word](_Context(found, formula_at), state, rest.strip())
        except Unread as why:
            raise BadDeclaration(f"{line.where}: {word}: {why}") from None
        except (Misfit, ShapeMismatch, ValueError, TypeError) as why:
            raise BadDeclaration(f"{line.where}: {word}: {why}") from None
        except (LookupError, ArithmeticError, RecursionError):
            raise BadDeclaration(f"{line.where}: {word}: what follows is not in the grammar") from None
        if found.places and found.places[-1] == line.since:
            found.scopes[-1] = state.scope
        else:
            found.places.append(line.since)
            found.scopes.append(state.scope)
    return found


@dataclass(frozen=True)
class _Context:
    found: Declarations
    formula_at: Callable[[Place], str | None]

    def latex(self, text: str) -> tuple[Tokens, Place | None]:
        """The tokens of LaTeX, or of the formula at `line:column`."""
        if match := re.fullmatch(r"(\d+)(?::(\d+))?", text):
            place = (int(match[1]), int(match[2] or 1))
            latex = self.formula_at(place)
            if latex is None:
                raise ValueError(f"no formula starts at {text}")
            return tokens(latex), place
        return tokens(text), None


Directive = Callable[[_Context, State, str], State]


def _model(context: _Context, state: State, rest: str) -> State:
    if rest == "own":
        return replace(state, scope=replace(state.scope, model=None), draft=Draft())
    if rest not in MODELS:
        raise ValueError(f"there is no model {rest}; there are own, {', '.join(sorted(MODELS))}")
    return replace(state, scope=with_model(state.scope, MODELS[rest]))


def with_model(scope: Scope, model: Model) -> Scope:
    """The scope with a model and its arrays' names, as they are printed."""
    time = scope.time or ("sub" if model.subscript_time else "sup")
    scope = replace(scope, model=model)
    for var in model.arrays.values():
        base, sub, _ = spelled(var.latex or printed_name(var.name), scope)
        if var == replace(model.step_loss, step=None) and var.sequence:
            scope = scope.with_name((base, sub), Meaning(var, time, LOSS))
        elif var.sequence:
            scope = scope.with_name((base, sub), Meaning(var, time))
        else:
            scope = scope.with_name((base, sub), Meaning(LOSS if var == model.step_loss else var))
    for var in model.arrays.values():
        small = (var.name.lower(), "")
        if len(var.name) == 1 and len(var.axes) == 2 and not var.sequence and small not in scope.names:
            scope = scope.with_name(small, Meaning(var, entries_only=True))
    return scope


def printed_name(name: str) -> str:
    return f"\\{name}" if f"\\{name}" in syntax.GREEK else name


def _dims(context: _Context, state: State, rest: str) -> State:
    axes = dict(state.scope.axes)
    for part in re.split(r"[,\s]\s*(?=\S+\s*(?:=|\bas\b))", rest):
        if match := re.fullmatch(r"(\S+?)\s*=\s*(\d+)", part.strip()):
            size = int(match[2])
            if not 1 <= size <= 64:
                raise ValueError(f"{part}: a size is a number from 1 to 64")
            axes[match[1]] = Axis(AXES[match[1]].name if match[1] in AXES else match[1], size)
        elif match := re.fullmatch(r"(\S+)\s+as\s+(\S+)", part.strip()):
            if match[2] not in axes:
                raise ValueError(f"there is no dimension {match[2]}")
            axes[match[1]] = axes[match[2]]
        else:
            raise ValueError(f"{part!r} is not of the form H = 5, nor h as H")
    return replace(state, scope=replace(state.scope, axes=axes))


def _name(context: _Context, state: State, rest: str) -> State:
    """`name W_{xh} : H×D`, `name y_t : K target`, `name \\alpha_t = o`."""
    latex, mark, meaning = _cut(rest)
    base, sub, time = spelled(latex, state.scope)
    scope = state.scope
    if mark == "=":
        model = scope.model
        if model is None:
            raise ValueError("a name is that of a model's array, and no model is declared")
        if meaning not in model.arrays and meaning != "L":
            raise ValueError(f"{model.name} has no array {meaning}; it has {', '.join(model.arrays)}")
        var = model.arrays.get(meaning, LOSS)
        old = scope.names.get((base, sub), Meaning(None))
        if var.sequence and not time:
            raise ValueError(f"{meaning} changes with time: write {latex} with its step")
        if time:
            return replace(state, scope=scope.with_name((base, sub), Meaning(var, time, old.untimed)))
        return replace(
            state, scope=scope.with_name((base, sub), replace(old, untimed=var) if old.time else Meaning(var))
        )
    words = meaning.split()
    if not words:
        raise ValueError(f"{latex}: its shape is not said")
    axes = _shape(words[0], scope)
    sequence = bool(time)
    name = _python(base, sub)
    var = Var("L_t" if name == LOSS.name and sequence else name, axes, sequence=sequence, latex=_untimed(latex))
    draft = replace(state.draft, targets=(*state.draft.targets, var.name)) if "target" in words else state.draft
    known = scope.names.get((base, sub))
    if known is not None and known.time and not time:
        untimed = replace(known, untimed=replace(var, name=f"{name}_"))
        return replace(state, scope=scope.with_name((base, sub), untimed), draft=draft)
    style = _style(latex)
    if known is not None and state.styles.get((base, sub), style) != style and _axes(known) != axes:
        raise ValueError(f"{latex} has another shape in another style, and bold and plain letters are one name")
    styles = {**state.styles, (base, sub): style}
    return State(scope.with_name((base, sub), Meaning(var, time)), draft, styles)


def _style(latex: str) -> str:
    match = re.search(r"\\(math[a-z]+|boldsymbol|bm)", latex)
    return match[1] if match else ""


def _axes(meaning: Meaning) -> tuple[Axis, ...] | None:
    return meaning.term.axes if isinstance(meaning.term, Var) else None


def _also(context: _Context, state: State, rest: str) -> State:
    """`also Z_t = L_t`: a second meaning of a name; both are read."""
    base, sub, _ = spelled(_cut(rest)[0], state.scope)
    old = state.scope.names.get((base, sub))
    if old is None:
        raise ValueError("a second meaning, and there is no first")
    without = {key: meaning for key, meaning in state.scope.names.items() if key != (base, sub)}
    new = _name(context, replace(state, scope=replace(state.scope, names=without)), rest)
    meaning = new.scope.names[base, sub]
    return replace(new, scope=new.scope.with_name((base, sub), replace(meaning, other=old)))


def _let(context: _Context, state: State, rest: str) -> State:
    r"""`let S = \sum_k \exp(o_k)`: a name for a formula; a name with its step t is one at every step."""
    latex, mark, meaning = _cut(rest)
    if mark != "=":
        raise ValueError("a name and its meaning are written NAME = LATEX")
    if not isinstance(parse(tokens(latex), syntax.Grammar()), Name):
        phrase = (tokens(latex), tokens(meaning))
        return replace(state, scope=replace(state.scope, phrases=(*state.scope.phrases, phrase)))
    base, sub, time = spelled(latex, state.scope)
    reading = _only(tokens(meaning), state.scope)
    old = state.scope.names.get((base, sub))
    if old is not None and old.time and not time:
        return replace(state, scope=state.scope.with_name((base, sub), replace(old, untimed=reading)))
    untimed = old.term if old is not None and time and not old.time else None
    return replace(state, scope=state.scope.with_name((base, sub), Meaning(reading, time, untimed)))


def _entries(context: _Context, state: State, rest: str) -> State:
    """`entries w of W`: another letter for the same array."""
    match = re.fullmatch(r"(\S+)\s+of\s+(\S+)", rest)
    if not match:
        raise ValueError("write: entries w of W")
    new, old = (spelled(each, state.scope)[:2] for each in match.groups())
    if old not in state.scope.names:
        raise ValueError(f"{match[2]} is not declared")
    return replace(state, scope=state.scope.with_name(new, state.scope.names[old]))


def _index(context: _Context, state: State, rest: str) -> State:
    letters, _, axis = rest.partition(":")
    over = _axis(axis.strip(), state.scope) if axis.strip() else None
    names = [t.strip() for t in re.split(r"[,\s]+", letters) if t.strip()]
    steps = {name: step for name, step in state.scope.steps.items() if name not in names}
    indices = {**state.scope.indices, **dict.fromkeys(names, over)}
    return replace(state, scope=replace(state.scope, indices=indices, steps=steps))


def _step(context: _Context, state: State, rest: str) -> State:
    """`step k` or `step t from 0 to T-1`, what Σ_t without limits runs over; `step \\tau = T`."""
    scope = state.scope
    if match := re.fullmatch(r"(\S+)\s+from\s+(\d+)\s+to\s+(\S+?)(?:-(\d+))?", rest):
        last = scope.steps.get(match[3])
        if last is None:
            raise ValueError(f"{match[3]} is no step")
        ends = (Step("", int(match[2])), last - int(match[4] or 0))
        return replace(state, scope=replace(scope, ranges={**scope.ranges, match[1]: ends}))
    if match := re.fullmatch(r"(\S+)\s*=\s*(\S+)", rest):
        if match[2] not in scope.steps:
            raise ValueError(f"{match[2]} is no step")
        return replace(state, scope=replace(scope, steps={**scope.steps, match[1]: scope.steps[match[2]]}))
    names = re.split(r"[,\s]+", rest)
    indices = {name: axis for name, axis in scope.indices.items() if name not in names}
    return replace(
        state, scope=replace(scope, steps={**scope.steps, **{n: Step(n.lstrip("\\")) for n in names}}, indices=indices)
    )


READ = {
    "beside": {"hadamard", "inner", "outer", "any"},
    r"\cdot": {"hadamard", "inner", "outer", "any"},
    "vectors": {"columns", "rows", "either"},
    r"\circ": {"hadamard", "product"},
    "*": {"hadamard", "product"},
    r"\partial": {"total", "immediate", "either"},
    "d": {"gradient", "differential", "name"},
}
FIELDS = {
    "beside": "beside",
    r"\cdot": "dot",
    "vectors": "vectors",
    r"\circ": "circ",
    "*": "star",
    r"\partial": "partial",
    "d": "d",
}


def _read(context: _Context, state: State, rest: str) -> State:
    what, _, how = rest.partition(" as ")
    what, how, *more = what.strip(), *(how.split() or [""])
    if what not in READ:
        raise ValueError(f"{what!r} has no choice of reading; {', '.join(READ)} have")
    if how not in READ[what]:
        raise ValueError(f"{what} is read as {', '.join(sorted(READ[what]))}, not as {how!r}")
    value = "" if how in {"either", "name"} and what in {"d", r"\partial"} else how
    scope = replace(state.scope, **{FIELDS[what]: value})  # type: ignore[arg-type]
    if more[:1] == ["along"] and len(more) == 2:
        scope = replace(scope, along=spelled(more[1], scope)[0])
    return replace(state, scope=scope)


def _depends(context: _Context, state: State, rest: str) -> State:
    r"""`depends \Theta`: what may stand in parentheses after a name and only says on what it depends."""
    return replace(state, scope=replace(state.scope, depends=state.scope.depends | {plain(tokens(rest))}))


def _function(context: _Context, state: State, rest: str) -> State:
    name, _, meaning = (part.strip() for part in rest.partition("="))
    known = {"softmax", "tanh", "sigmoid", "exp", "log", "argument", "any"}
    if meaning not in known:
        raise ValueError(f"a function is one of {', '.join(sorted(known))}, not {meaning!r}")
    return replace(state, scope=replace(state.scope, functions={**state.scope.functions, name: meaning}))


def _label(context: _Context, state: State, rest: str) -> State:
    return replace(state, scope=replace(state.scope, labels=(*state.scope.labels, tokens(rest))))


def _time(context: _Context, state: State, rest: str) -> State:
    if rest not in {"subscript", "superscript", "call"}:
        raise ValueError(f"time is written as subscript, superscript or call, not {rest!r}")
    scope = replace(state.scope, time={"subscript": "sub", "superscript": "sup"}.get(rest, rest))
    return replace(
        state, scope=with_model(scope, scope.model) if scope.model is not None and scope.model.name in MODELS else scope
    )


def _forward(context: _Context, state: State, rest: str) -> State:
    """The equations of the document's own model, by place or written here."""
    given, place = context.latex(rest)
    if place:
        context.found.forward.add(place)
    equations = list(state.draft.equations)
    for statement in statements(given, state.scope.labels):
        if len(statement.sides) < 2 or statement.continues:
            raise ValueError("an equation has two sides")
        left = _only(statement.sides[0], state.scope)
        right = _of_shape(statement.sides[1], state.scope, left)
        if not isinstance(left, Var):
            raise ValueError(f"{left} is no name that an equation can make")
        equations.append(Equation(left, right))
    return replace(state, draft=replace(state.draft, equations=tuple(equations)))


def _loss(context: _Context, state: State, rest: str) -> State:
    r"""`loss L = \sum_t L_t` ends the document's own model."""
    given, place = context.latex(rest)
    if place:
        context.found.forward.add(place)
    found = statements(given, state.scope.labels)
    if len(found) != 1 or len(found[0].sides) != 2 or found[0].continues:
        raise ValueError("the loss is one equation: its name, =, and a sum over the steps")
    (statement,) = found
    node = parse(statement.sides[0], state.scope.grammar)
    if not isinstance(node, Name):
        raise ValueError("the left side is the name of the loss")
    right = _of_shape(statement.sides[1], state.scope, LOSS)
    model = _built(state.draft, right, state.scope)
    key = (node.base, unstyled(node.sub))
    old = state.scope.names.get(key)
    meaning = replace(old, untimed=LOSS) if old and old.time else Meaning(LOSS)
    return replace(state, scope=replace(state.scope.with_name(key, meaning), model=model))


def _at(context: _Context, state: State, rest: str) -> State:
    """`at 18:1964 \\nabla_o L =`: what a formula without a left side continues."""
    match = re.fullmatch(r"(\d+):(\d+)\s+(.+?)\s*=", rest)
    if not match:
        raise ValueError("write: at LINE:COLUMN LATEX =")
    context.found.lefts[int(match[1]), int(match[2])] = tokens(match[3])
    return state


def _assume(context: _Context, state: State, rest: str) -> State:
    r"""`assume k \neq j`: two subscripts that are never the same."""
    match = re.fullmatch(r"(\S+?)\s*(=|≠|\\neq?)\s*(\S+)", rest)
    if not match or not {match[1], match[3]} <= {*state.scope.indices}:
        raise ValueError(r"write: assume k \neq j or assume k = j, of two declared subscripts")
    return replace(state, scope=state.scope.assuming(match[1], match[3], match[2] == "="))


def _forget(context: _Context, state: State, rest: str) -> State:
    return State()


def _built(draft: Draft, loss: Term, scope: Scope) -> Model:
    """The model of these equations and this loss."""
    scale, sign, each = _peeled(loss)
    equations = draft.equations
    if isinstance(each, SumSteps):
        body = each.body if sign > 0 else -each.body
        if isinstance(body, Var) and any(eq.left.name == body.name for eq in equations):
            step_loss = replace(body, step=None)
        else:
            step_loss = Var("L_t", (), sequence=True, latex="L")
            equations = (*equations, Equation(step_loss[Step("t")], body))
    else:
        step_loss = LOSS
        equations = (*equations, Equation(LOSS, loss))
    made = {eq.left.name for eq in equations}
    used = {v.name: replace(v, step=None) for eq in equations for v in variables(eq.right) if v.name not in made}
    targets = tuple(v for name, v in used.items() if name in draft.targets)
    return Model(
        name="the document's own",
        title="the document's own",
        source="the document",
        parameters=tuple(v for v in used.values() if not v.sequence and v not in targets),
        inputs=tuple(v for v in used.values() if v.sequence and v not in targets),
        targets=targets,
        equations=equations,
        step_loss=step_loss,
        scale=scale,
        subscript_time=not any(meaning.time == "sup" for meaning in scope.names.values()),
    )


def _peeled(loss: Term) -> tuple[Term, int, Term]:
    """1/T or another number, the sign, and what is left."""
    match loss:
        case Neg(arg):
            scale, sign, each = _peeled(arg)
            return scale, -sign, each
        case Mul(Reciprocal() as left, right):
            return left, *_peeled(right)[1:]
        case Div(left, right) if not variables(right):
            return number(1) / right, *_peeled(left)[1:]
    return number(1), 1, loss


DIRECTIVES: dict[str, Directive] = {
    "model": _model,
    "dims": _dims,
    "name": _name,
    "let": _let,
    "entries": _entries,
    "index": _index,
    "step": _step,
    "read": _read,
    "depends": _depends,
    "function": _function,
    "label": _label,
    "time": _time,
    "forward": _forward,
    "loss": _loss,
    "at": _at,
    "also": _also,
    "assume": _assume,
    "forget": _forget,
}


def _cut(rest: str) -> tuple[str, str, str]:
    """NAME, = or :, meaning."""
    match = re.fullmatch(r"(.+?)\s*(?:\s:|=)\s*(.*)", rest)
    if not match:
        raise ValueError(f"{rest!r} is neither NAME : SHAPE nor NAME = MEANING")
    mark = rest[match.end(1) : match.start(2)].strip()
    return match[1].strip(), mark, match[2].strip()


def spelled(latex: str, scope: Scope) -> tuple[str, str, str]:
    """Base letter, own subscript, and how the name shows time."""
    given = tokens(latex)
    called = (
        [t.text for t in given[-3:]] == ["(", "t", ")"]
        and (len(given) < 4 or given[-4].text != "^")
        and given[-4].text != "{"
    )
    if called:
        given = given[:-3]
    node = parse(given, syntax.Grammar())
    if not isinstance(node, Name):
        raise ValueError(f"{latex} is not a name")
    base = node.base
    sub, time = _without_time(node.sub), "call" if called else ""
    if len(sub) != len(node.sub):
        time = "sub"
    above = plain(node.sup)
    if above in {"(t)", "t"}:
        time = "sup"
    elif above.strip("'"):
        raise ValueError(f"{latex}: a name has no superscript but its step")
    elif above:
        base += above
    return base, unstyled(sub), time


def _without_time(sub: Tokens) -> Tokens:
    if sub and sub[-1].text == "t" and (len(sub) == 1 or sub[-2].text == ","):
        return sub[: max(0, len(sub) - 2)] if len(sub) > 1 else ()
    return sub


def _untimed(latex: str) -> str:
    return re.sub(r"\s*(?:_\{?t\}?|\^\{?\(t\)\}?|\(t\))$", "", latex)


def _python(base: str, sub: str) -> str:
    accent = re.fullmatch(r"\\([a-z]+)\{(.+)\}", base)
    name = f"{accent[2]}{accent[1]}" if accent else base
    return re.sub(r"[^A-Za-z0-9]", "", name) + (f"_{re.sub(r'[^A-Za-z0-9]', '', sub)}" if sub else "")


def _shape(text: str, scope: Scope) -> tuple[Axis, ...]:
    if text in {"number", "scalar"}:
        return ()
    return tuple(_axis(part, scope) for part in re.split("[×x]", text))


def _axis(name: str, scope: Scope) -> Axis:
    if name not in scope.axes:
        raise ValueError(f"there is no dimension {name}; there are {', '.join(scope.axes)}")
    return scope.axes[name]


def _only(given: Tokens, scope: Scope) -> Term:
    return _terms(
        readings(parse(given, scope.grammar), scope, "immediate" if scope.partial == "immediate" else "total")
    )[0]


def _of_shape(given: Tokens, scope: Scope, left: Term) -> Term:
    node = parse(given, scope.grammar)
    found = [t for t in _terms(readings(node, scope)) if shape(t) == shape(left)]
    found = found or [t for t in _terms(readings(node, scope, inner_squares=True)) if shape(t) == shape(left)]
    if len(found) != 1:
        raise ValueError(f"{len(found)} readings of the right side have the shape of {left}")
    return found[0]


def _terms(found: list[Reading]) -> list[Term]:
    terms = [r.term for r in found if not isinstance(r.term, Grid)]
    if not terms:
        raise ValueError("a matrix that is written out has no name")
    return terms


__all__ = ["BadDeclaration", "Declarations", "Key", "Token", "declare", "lines"]
