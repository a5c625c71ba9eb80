r"""Directives that point at equations: the document's own model, and left sides that stand elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace

from symbolic.model import Equation, Model, variables
from symbolic.notation import Step
from symbolic.reader.declare.losses import at_every_step
from symbolic.reader.declare.spelling import one_reading, reading_of_shape
from symbolic.reader.declare.state import Context, Directive, Draft, State
from symbolic.reader.scope import Meaning, Scope
from symbolic.reader.statements import statements
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Name
from symbolic.reader.syntax.vocabulary import unstyled
from symbolic.reader.tokens import Unread, tokens
from symbolic.terms import LOSS, SumSteps, Term, Var, subterms
from symbolic.terms import term as number

STEP_LOSS = (
    "; if it is the loss of one step, write it out, or declare it before: `name e_t : number`, `forward e_t = …`,"
    r" `loss L = \sum_t e_t`"
)


def _forward(context: Context, state: State, rest: str) -> State:
    """The equations of the document's own model, by place or written here."""
    given, place = context.latex(rest)
    if place:
        context.found.forward.add(place)
    equations = list(state.draft.equations)
    for statement in statements(given, state.scope.labels):
        if len(statement.sides) < 2 or statement.continues:
            raise ValueError("an equation has two sides")
        left = one_reading(statement.sides[0], state.scope)
        right = reading_of_shape(statement.sides[1], state.scope, left)
        if not isinstance(left, Var):
            raise ValueError(f"{left} is no name that an equation can make")
        equations.append(Equation(left, right))
    return replace(state, draft=replace(state.draft, equations=tuple(equations)))


def _loss(context: Context, state: State, rest: str) -> State:
    r"""`loss L = \sum_t L_t` ends the document's own model."""
    given, place = context.latex(rest)
    if place:
        context.found.forward.add(place)
    found = statements(given, state.scope.labels)
    if len(found) != 1 or len(found[0].sides) != 2 or found[0].continues:
        raise ValueError(
            r"the loss is one equation: its name, =, and a sum over the steps; write it alone: loss L = \sum_t …"
        )
    (statement,) = found
    node = parse(statement.sides[0], state.scope.grammar)
    if not isinstance(node, Name):
        raise ValueError(
            "the left side is the name of the loss alone, L for L(…); `depends` says what may stand in parentheses"
        )
    try:
        right = reading_of_shape(statement.sides[1], state.scope, LOSS)
    except Unread as why:
        raise Unread(why.at, f"{why}{STEP_LOSS}" if str(why).endswith("is not declared") else str(why)) from None
    model = built(state.draft, right, state.scope)
    key = (node.base, unstyled(node.sub))
    old = state.scope.names.get(key)
    meaning = replace(old, untimed=LOSS) if old and old.time else Meaning(LOSS)
    return replace(state, scope=replace(state.scope.with_name(key, meaning), model=model))


def built(draft: Draft, loss: Term, scope: Scope) -> Model:
    """The model of these equations and this loss."""
    equations = draft.equations
    scale = number(1)
    if any(eq.left.sequence for eq in equations) or any(isinstance(part, SumSteps) for part in subterms(loss)):
        scale, body = at_every_step(loss)
        if isinstance(body, Var) and all(eq.left.name != body.name for eq in equations):
            raise ValueError(f"no equation makes {body}: write it before the loss, forward {body} = …")
        if any(eq.left == body for eq in equations):
            assert isinstance(body, Var)
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
        subscript_time=not any(meaning.time.startswith("sup") for meaning in scope.names.values()),
    )


def _at(context: Context, state: State, rest: str) -> State:
    """`at 18:1964 \\nabla_o L =`: what a formula without a left side continues."""
    match = re.fullmatch(r"(\d+):(\d+)\s+(.+?)\s*=", rest)
    if not match:
        raise ValueError("write: at LINE:COLUMN LATEX =")
    context.found.lefts[int(match[1]), int(match[2])] = tokens(match[3])
    return state


EQUATIONS: dict[str, Directive] = {"forward": _forward, "loss": _loss, "at": _at}
