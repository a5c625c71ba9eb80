r"""Directives that give names their meaning: of a model, of a shape, of a formula."""

from __future__ import annotations

import re
from dataclasses import replace

from symbolic.model import Model
from symbolic.models.gru import GRU
from symbolic.models.head import HEAD, HEAD_SQUARED
from symbolic.models.lstm import LSTM, LSTM_SQUARED
from symbolic.models.minibatch import MINIBATCH
from symbolic.models.rnn import RNN, RNN_SQUARED
from symbolic.notation import Axis
from symbolic.reader.declare.spelling import (
    cut,
    only_reading,
    plain_name,
    printed_name,
    refuse_misread,
    shape_said,
    spelled,
    style_of,
    without_step,
)
from symbolic.reader.declare.state import Context, Directive, Draft, State
from symbolic.reader.resolve.blocks import blocks
from symbolic.reader.scope import Meaning, Scope
from symbolic.reader.syntax import Grammar, parse
from symbolic.reader.syntax.nodes import Name
from symbolic.reader.tokens import tokens
from symbolic.terms import LOSS, Var

MODELS = {m.name: m for m in (RNN, RNN_SQUARED, LSTM, LSTM_SQUARED, GRU, HEAD, HEAD_SQUARED, MINIBATCH)}


def _model(context: Context, state: State, rest: str) -> State:
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
        base, sub, _ = spelled(var.latex or printed_name(var.name), scope)
        small = (base.lower(), sub)
        if len(base) == 1 and len(var.axes) == 2 and small not in scope.names:
            scope = scope.with_name(small, Meaning(var, time if var.sequence else "", entries_only=True))
    return scope


def _name(context: Context, state: State, rest: str) -> State:
    """`name W_{xh} : H×D`, `name y_t : K target`, `name \\alpha_t = o`."""
    latex, mark, meaning = cut(rest)
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
    axes = shape_said(words[0], scope)
    sequence = bool(time)
    name = plain_name(base, sub)
    var = Var("L_t" if name == LOSS.name and sequence else name, axes, sequence=sequence, latex=without_step(latex))
    draft = replace(state.draft, targets=(*state.draft.targets, var.name)) if "target" in words else state.draft
    known = scope.names.get((base, sub))
    if known is not None and known.time and not time:
        untimed = replace(known, untimed=replace(var, name=f"{name}_"))
        return replace(state, scope=scope.with_name((base, sub), untimed), draft=draft)
    style = style_of(latex)
    if known is not None and state.styles.get((base, sub), style) != style and axes_of(known) != axes:
        raise ValueError(f"{latex} has another shape in another style, and bold and plain letters are one name")
    styles = {**state.styles, (base, sub): style}
    return State(scope.with_name((base, sub), Meaning(var, time)), draft, styles)


def axes_of(meaning: Meaning) -> tuple[Axis, ...] | None:
    return meaning.term.axes if isinstance(meaning.term, Var) else None


def _also(context: Context, state: State, rest: str) -> State:
    """`also Z_t = L_t`: a second meaning of a name; both are read."""
    base, sub, _ = spelled(cut(rest)[0], state.scope)
    old = state.scope.names.get((base, sub))
    if old is None:
        raise ValueError("a second meaning, and there is no first")
    without = {key: meaning for key, meaning in state.scope.names.items() if key != (base, sub)}
    new = _name(context, replace(state, scope=replace(state.scope, names=without)), rest)
    meaning = new.scope.names[base, sub]
    return replace(new, scope=new.scope.with_name((base, sub), replace(meaning, other=old)))


def _let(context: Context, state: State, rest: str) -> State:
    r"""`let S = \sum_k \exp(o_k)`: a name for a formula; a name with its step t is one at every step."""
    latex, mark, meaning = cut(rest)
    if mark != "=":
        raise ValueError("a name and its meaning are written NAME = LATEX")
    if not isinstance(parse(tokens(latex), Grammar()), Name):
        refuse_misread(parse(state.scope.phrased(tokens(meaning)), state.scope.grammar), state.scope)
        phrase = (tokens(latex), tokens(meaning))
        return replace(state, scope=replace(state.scope, phrases=(*state.scope.phrases, phrase)))
    base, sub, time = spelled(latex, state.scope)
    row = blocks(parse(tokens(meaning), state.scope.grammar), as_row=True)
    if len(row) > 1:
        for block in row:
            refuse_misread(block, state.scope)
        return _let_blocks(state, latex, meaning)
    reading = only_reading(tokens(meaning), state.scope)
    old = state.scope.names.get((base, sub))
    if old is not None and old.time and not time:
        return replace(state, scope=state.scope.with_name((base, sub), replace(old, untimed=reading)))
    untimed = old.term if old is not None and time and not old.time else None
    return replace(state, scope=state.scope.with_name((base, sub), Meaning(reading, time, untimed)))


def _let_blocks(state: State, latex: str, meaning: str) -> State:
    r"""`let W_f = [W_{hf}, W_{xf}]`: wherever it is written, with braces or without, the blocks are meant."""
    base, _, sub = latex.partition("_")
    bare = sub.strip("{}")
    written = {latex, f"{base}_{{{bare}}}", f"{base}_{bare}"} if bare else {latex}
    phrases = tuple((tokens(each), tokens(meaning)) for each in sorted(written))
    return replace(state, scope=replace(state.scope, phrases=(*state.scope.phrases, *phrases)))


def _entries(context: Context, state: State, rest: str) -> State:
    """`entries w of W`: another letter for the same array."""
    match = re.fullmatch(r"(\S+)\s+of\s+(\S+)", rest)
    if not match:
        raise ValueError("write: entries w of W")
    new, old = (spelled(each, state.scope)[:2] for each in match.groups())
    if old not in state.scope.names:
        raise ValueError(f"{match[2]} is not declared")
    return replace(state, scope=state.scope.with_name(new, state.scope.names[old]))


NAMES: dict[str, Directive] = {"model": _model, "name": _name, "also": _also, "let": _let, "entries": _entries}
