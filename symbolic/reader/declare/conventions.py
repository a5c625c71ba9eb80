r"""Directives that say how a document writes: dimensions, subscripts, steps, products, functions, time."""

from __future__ import annotations

import re
from dataclasses import replace

from symbolic.notation import AXES, Axis, Step
from symbolic.reader.declare.names import MODELS, with_model
from symbolic.reader.declare.spelling import axis_said, spelled
from symbolic.reader.declare.state import Context, Directive, State
from symbolic.reader.syntax import Grammar, parse
from symbolic.reader.syntax.nodes import Name
from symbolic.reader.tokens import plain, tokens


def _dims(context: Context, state: State, rest: str) -> State:
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


def _index(context: Context, state: State, rest: str) -> State:
    letters, _, axis = rest.partition(":")
    over = axis_said(axis.strip(), state.scope) if axis.strip() else None
    names = [t.strip() for t in re.split(r"[,\s]+", letters) if t.strip()]
    steps = {name: step for name, step in state.scope.steps.items() if name not in names}
    indices = {**state.scope.indices, **dict.fromkeys(names, over)}
    return replace(state, scope=replace(state.scope, indices=indices, steps=steps))


def _step(context: Context, state: State, rest: str) -> State:
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
    "words": {"conditions", "comments"},
    "inline": {"claims", "quotations"},
}
FIELDS = {
    "beside": "beside",
    r"\cdot": "dot",
    "vectors": "vectors",
    r"\circ": "circ",
    "*": "star",
    r"\partial": "partial",
    "d": "d",
    "words": "words",
    "inline": "inline",
}


def _read(context: Context, state: State, rest: str) -> State:
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


def _depends(context: Context, state: State, rest: str) -> State:
    r"""`depends \Theta`: what may stand in parentheses after a name and only says on what it depends."""
    said = plain(tokens(rest))
    bare = said[1:-1] if said[:1] == "(" and said[-1:] == ")" else said
    return replace(state, scope=replace(state.scope, depends=state.scope.depends | {bare}))


def _function(context: Context, state: State, rest: str) -> State:
    r"""`function \phi = tanh`, `function f_h = tanh`: a letter, with its subscript if it has one."""
    name, _, meaning = (part.strip() for part in rest.partition("="))
    known = {"softmax", "tanh", "sigmoid", "exp", "log", "argument", "any"}
    if meaning not in known:
        raise ValueError(f"a function is one of {', '.join(sorted(known))}, not {meaning!r}")
    node = parse(tokens(name), Grammar())
    letter = str(node) if isinstance(node, Name) and node.sub and not node.sup else name
    return replace(state, scope=replace(state.scope, functions={**state.scope.functions, letter: meaning}))


def _label(context: Context, state: State, rest: str) -> State:
    return replace(state, scope=replace(state.scope, labels=(*state.scope.labels, tokens(rest))))


def _time(context: Context, state: State, rest: str) -> State:
    known = {"subscript": "sub", "superscript": "sup", "[t]": "sup[", "⟨t⟩": "sup<", "call": "call"}
    if rest not in known:
        raise ValueError(f"time is written as {', '.join(known)}, not {rest!r}")
    scope = replace(state.scope, time=known[rest])
    return replace(
        state, scope=with_model(scope, scope.model) if scope.model is not None and scope.model.name in MODELS else scope
    )


def _assume(context: Context, state: State, rest: str) -> State:
    r"""`assume k \neq j`: two subscripts that are never the same."""
    match = re.fullmatch(r"(\S+?)\s*(=|≠|\\neq?)\s*(\S+)", rest)
    if not match or not {match[1], match[3]} <= {*state.scope.indices}:
        raise ValueError(r"write: assume k \neq j or assume k = j, of two declared subscripts")
    return replace(state, scope=state.scope.assuming(match[1], match[3], match[2] == "="))


def _forget(context: Context, state: State, rest: str) -> State:
    return State()


CONVENTIONS: dict[str, Directive] = {
    "dims": _dims,
    "index": _index,
    "step": _step,
    "read": _read,
    "depends": _depends,
    "function": _function,
    "label": _label,
    "time": _time,
    "assume": _assume,
    "forget": _forget,
}
