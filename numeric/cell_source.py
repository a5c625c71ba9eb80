"""A cell's forward and backward pass over a batch of sequences, as NumPy source.

In:  a `Model` with steps, and the records that its gradients are looked up in.
Out: `cell_source(model)`: `forward`, `backward` and `loss_and_gradients` over (T, N, ·).

What does not need the recurrence is done for all steps at once, before or after the loop.
Arrays that a loop writes have T + 1 entries, so that index t is the t of the formula; the
others begin with step 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from numeric.arguments import identifier, state_key
from numeric.batched import HELPERS, MUL
from numeric.formulas import Formula, Formulas
from numeric.input_source import NAMES, input_source
from numeric.layout import docstring, listed, unpacked
from numeric.recurrence import Backward, Forward, backward, forward, read_from
from numeric.rewriting import added, at, outer_factors
from numeric.scope import Scope, Slot
from symbolic import terms as f
from symbolic.model import Model
from symbolic.notation import N, Step, T, shape_text, t
from symbolic.records import Derivation
from symbolic.terms import Var, grad
from symbolic.verdicts import Hypothesis


def cell_source(model: Model, records: Iterable[Derivation] | None = None) -> str:
    """The source of a cell; ValueError, naming the formula, where one is missing or not proved."""
    if not model.is_sequence:
        raise ValueError(f"{model.name} has no steps: its formulas are functions one by one")
    back = backward(model, Formulas(model, records))
    _refuse_clashes(model, back)
    front = forward(model, [formula.term for formula in back.formulas.values()])
    there, here = Scope(model, front), Scope(model, front)
    last = _backward_pass(here, read_from(back, front.names))
    parameters = {v.name for v in model.parameters}
    cached = [name for name in there.values if name in here.read - parameters]
    first = _forward_pass(there, front, cached, here.spare, supposes=bool(_hypotheses(back)))
    helpers = [HELPERS[name].rstrip() for name in sorted(there.called | here.called)]
    axes, *checks = _checks(model, back, [there.values[name].name for name in cached] + ["room"] * bool(here.spare))
    head = "\n\n".join([_about(model, back), "import numpy as np", axes])
    return "\n\n\n".join([head, *checks, *helpers, first, last, BOTH]) + "\n"


BOTH = '''def loss_and_gradients(parameters, x, y, initial=None):
    """The loss of forward and the gradients of backward."""
    loss, cache = forward(parameters, x, y, initial)
    return loss, backward(parameters, cache)'''


RESERVED = (
    "x",
    "y",
    "T",
    "N",
    "t",
    "np",
    "parameters",
    "cache",
    "initial",
    "final",
    "gradients",
    "loss",
    "dtype",
    "room",
    *NAMES,
    *HELPERS,
)


def _refuse_clashes(model: Model, back: Backward) -> None:
    """ValueError where two arrays would share a name in the source."""
    given = {*model.inputs, *model.targets}
    names = [identifier(var.name) for var in model.arrays.values() if var not in given]
    names += [_adjoint(var) for var in back.formulas if var.sequence] + [_direct(var) for var in back.direct]
    names += [name.name for name in (*back.slopes, *back.names.values())]
    names += [f"{state_key(var)}0" for var in model.arrays.values() if var.name in model.with_initial]
    for name, count in Counter([*names, *RESERVED]).items():
        if count > 1:
            raise ValueError(f"{model.name}: {name} would have two meanings in the source; rename an array")


def _hypotheses(back: Backward) -> list[Hypothesis]:
    """What the formulas are proved under, each once."""
    return list(dict.fromkeys(h for formula in back.formulas.values() for h in formula.hypotheses))


def _checks(model: Model, back: Backward, cached: list[str]) -> list[str]:
    """The axes of all that is handed over, and the functions that `forward` and `backward` show it to."""
    parameters = {v.name: " ".join(axis.name for axis in v.axes) for v in model.parameters}
    data = {"x": _axes(model.inputs[0], "T", "N"), "y": _axes(model.targets[0], "T", "N")}
    states = {state_key(v): _axes(v, "N") for v in model.arrays.values() if v.name in model.with_initial}
    return input_source(parameters, data, states, cached, _hypotheses(back))


def _about(model: Model, back: Backward) -> str:
    under = [str(hypothesis) for hypothesis in _hypotheses(back)]
    where = f", where {', '.join(under)}" if under else ""
    return docstring(
        [
            [f"{model.title}: the loss and its gradients over a batch of sequences."],
            [
                f"The gradients are closed forms that are proved for every number of steps and every size{where}.",
                "Arrays are (T, N, ...): T steps of N sequences, a column vector of the formulas as a row.",
                f"The equations: {model.source}.",
            ],
        ],
        0,
    )


def _forward_pass(scope: Scope, front: Forward, cached: list[str], spare: int, supposes: bool) -> str:
    """`forward`: the loss, and a cache of values, with room for `spare` arrays of `backward`.

    `supposes` where the gradients hold for some targets only.
    """
    model = scope.model
    before = [scope.whole(f"{scope.name(eq.left)} =", eq.right) for eq in front.before]
    before += scope.room([(eq.left, scope.name(eq.left)) for eq in front.loop], spare)
    before += [f'    {scope.name(v)}[0] = initial.get("{state_key(v)}", 0)' for v in scope.states]
    before += ["    # What the inputs give a pre-activation waits where its activation will be."] * bool(front.given)
    for var, term in front.given.items():
        before += scope.into(f"{scope.name(var)}[1:]", var, term, whole=True)
    loop = [line for eq in front.loop for line in scope.into(f"{scope.name(eq.left)}[t]", eq.left, eq.right)]
    after = [scope.whole(f"{scope.name(eq.left)} =", eq.right) for eq in front.after]
    scale = "" if model.scale == f.term(1) else f"{scope.text(model.scale, MUL)} * "
    names = [scope.values[name].name for name in cached]
    left = [f'"room": room[-{spare}:]'] if spare else []
    return "\n".join(
        [
            "def forward(parameters, x, y, initial=None):",
            docstring(_about_forward(scope), 4),
            "    known, initial = {}, {} if initial is None else initial",
            '    check("array", {"x": x, "y": y}, DATA, known)',
            '    check("parameter", parameters, PARAMETERS, known)',
            '    check("initial state", initial, STATES, known)',
            *["    check_targets(y)"] * supposes,
            *unpacked([scope.name(v) for v in model.parameters], "parameters", 4),
            *scope.transposes(),
            "    T, N = x.shape[:2]",
            *scope.sizes(),
            "    dtype = x.dtype",
            *before,
            "    for t in range(1, T + 1):",
            *loop,
            *after,
            f"    loss = {scale}np.sum({scope.name(model.step_loss)})",
            listed("cache = {", [f'"{name}": {name}' for name in names] + left, "}", 4),
            "    return loss, cache",
        ]
    )


def _about_forward(scope: Scope) -> list[list[str]]:
    model = scope.model
    arrays = [f"{scope.name(v)} {shape_text(v.axes)}" for v in model.parameters]
    data = [f"{scope.name(v)} {_batch_shape(v, 'T', 'N')}" for v in (*model.inputs, *model.targets)]
    starts = [f'"{state_key(v)}" {_batch_shape(v, "N")}' for v in scope.states]
    return [
        ["The loss, and the values that backward needs; index t of a state is step t."],
        [
            f"parameters: {', '.join(arrays)}",
            f"{', '.join(data)}",
            f"initial: {', '.join(starts)}, the states before step 1, 0 by default",
        ],
        [f"{eq.left} = {eq.right}" for eq in model.equations],
    ]


def _backward_pass(scope: Scope, back: Backward) -> str:
    """`backward`: every gradient, each statement with the id of the formula that it is."""
    model = scope.model
    scope.read = {model.inputs[0].name, *model.with_initial}
    body = [*_before_loop(scope, back), *_loop(scope, back), *_after_loop(scope, back)]
    sizes = scope.sizes()
    slopes = {name.name for name in back.slopes}
    read = [name for name in scope.values if name in scope.read - slopes]
    parameters = {v.name for v in model.parameters}
    return "\n".join(
        [
            "def backward(parameters, cache, final=None):",
            docstring(_about_backward(scope, back), 4),
            "    if not isinstance(cache, dict) or cache.keys() != CACHE:",
            '        raise ValueError("cache is not what forward of this cell returns beside the loss")',
            *unpacked([scope.values[name].name for name in read if name not in parameters], "cache", 4),
            "    T, N = x.shape[:2]",
            f"    dtype = {scope.name(scope.states[0])}.dtype",
            listed("known = {", _known(scope), "}", 4),
            "    final = {} if final is None else final",
            '    check("parameter", parameters, PARAMETERS, known)',
            '    check("final state", final, STATES, known)',
            *unpacked([scope.values[name].name for name in read if name in parameters], "parameters", 4),
            *scope.transposes(),
            *sizes,
            *body,
            "    return gradients",
        ]
    )


def _known(scope: Scope) -> list[str]:
    """The dtype and the sizes that a cache tells."""
    told = {"dtype": "dtype", "T": "T", "N": "N"}
    for var, name in ((scope.model.inputs[0], "x"), *((v, scope.name(v)) for v in scope.states)):
        own = _axes(var).split()
        told |= {axis: f"{name}.shape[{place}]" for place, axis in enumerate(own, 2) if axis not in told}
    return [f'"{name}": {value}' for name, value in told.items()]


def _about_backward(scope: Scope, back: Backward) -> list[list[str]]:
    keys = [v.name for v in scope.model.parameters] + ["x"] + [f"{state_key(v)}0" for v in scope.states]
    ends = [f'"{state_key(v)}" {_batch_shape(v, "N")}' for v in scope.states]
    return [
        [f"The gradients by name: {', '.join(keys)}."],
        [
            "cache: what forward returns beside the loss.",
            f"final: {', '.join(ends)}, what comes back to the last states from beyond step T, 0 by default",
        ],
        ["dv is grad(v), the gradient of the loss by v:"],
        [f"{formula.label}: {formula.statement}" for formula in back.formulas.values()],
    ]


def _before_loop(scope: Scope, back: Backward) -> list[str]:
    """What needs no adjoint of the recurrence, and room for those that are needed after the loop."""
    lines = []
    for formula in back.before:
        lines.append(scope.whole(f"{_adjoint(formula.by)} =", formula.term, formula.id))
        scope.adjoints[formula.by.name] = Slot(_adjoint(formula.by), 1)
    room = [(var, _adjoint(var)) for var in back.loop if var in back.kept]
    for name, (var, _) in back.slopes.items():
        scope.values[name.name] = Slot(_adjoint(var) if var in back.kept else name.name, 0)
        room += [] if var in back.kept else [(name, name.name)]
    lines += scope.spare_room(room + [(var, _direct(var)) for var in back.direct])
    for var, term in back.direct.items():
        comment = f"{back.formulas[var].label}, all that reaches step T"
        lines += scope.into(f"{_direct(var)}[1:]", grad(at(var, t)), term, comment, whole=True)
    lines += ["    # What an adjoint is multiplied by waits where the product will be."] * bool(back.slopes)
    for name, (var, term) in back.slopes.items():
        lines += scope.into(f"{scope.values[name.name].name}[1:]", name, term, back.formulas[var].label, whole=True)
    for var in scope.states:
        lines.append(f"    {_adjoint(var)} = np.empty({scope.shape(var.axes)}, dtype)")
        lines.append(f'    {_adjoint(var)}[...] = final.get("{state_key(var)}", 0)')
    return lines


def _loop(scope: Scope, back: Backward) -> list[str]:
    """The adjoints of the recurrence, from T to 1; a state's is carried to the step before."""
    for var in back.loop:
        named = var.name in {name.name for name in back.names.values()}
        slots, name = (scope.values, var.name) if named else (scope.adjoints, _adjoint(var))
        slots[var.name] = Slot(name, 0 if var in back.kept else None)
    lines = ["    for t in range(T, 0, -1):"]
    for var, term in back.loop.items():
        id = back.formulas[var].label if var in back.formulas else ""
        if var in back.direct:
            lines.append(f"        {_adjoint(var)} += {_direct(var)}[t]  # {id}")
        if term is None:
            continue
        if var in back.kept:
            waiting = [name for name, (by, _) in back.slopes.items() if by == var]
            lines += scope.into(f"{_adjoint(var)}[t]", waiting[0] if waiting else grad(at(var, t)), term, id)
        else:
            name = _adjoint(var) if var in back.formulas else var.name
            lines.append(scope.inside(f"{name} {'+=' if var in back.carried else '='}", term, id))
    for var, term in back.carried.items():
        comment = f"{back.formulas[var].label}, for step t - 1"
        lines += scope.into(_adjoint(var), grad(at(var, t)), term, comment)
    for var in back.loop:
        if var not in back.kept:
            (scope.adjoints if var in back.formulas else scope.values).pop(var.name)
    return lines


def _after_loop(scope: Scope, back: Backward) -> list[str]:
    lines = ["    gradients = {}"]
    for formula in back.after:
        if formula.by.sequence:
            first, *others = added(formula.term)
            lines.append(scope.whole('gradients["x"] =', first, formula.label))
            for other in others:
                sign, summand = ("-=", other.arg) if isinstance(other, f.Neg) else ("+=", other)
                lines.append(scope.whole(f'gradients["x"] {sign}', summand))
        else:
            lines.append(f'    gradients["{formula.by.name}"] = {_over_batch(scope, formula)}  # {formula.id}')
    return lines + [f'    gradients["{state_key(v)}0"] = {_adjoint(v)}  # {back.formulas[v].id}' for v in scope.states]


def _over_batch(scope: Scope, formula: Formula) -> str:
    """Σ_t of a parameter's formula, and the sum over the examples, in one product."""
    term = formula.term
    if not isinstance(term, f.SumSteps) or (term.first, term.last) != (Step("", 1), T):
        raise ValueError(f"{formula.id} is no sum over all steps: {formula.statement}")
    if factors := outer_factors(term.body):
        scope.called.add("outer_sum")
        u, v = (scope.text(factor, 0) for factor in factors)
        return f"outer_sum({u}, {v})"
    each = term.body.arg if isinstance(term.body, f.Sum) and term.body.axis == N else term.body
    scope.called.add("row_sum")
    return f"row_sum({scope.text(each, 0)})"


def _adjoint(var: Var) -> str:
    return f"d{identifier(var.name)}"


def _direct(var: Var) -> str:
    """What a state's adjoint gets from before the loop."""
    return f"{_adjoint(var)}_direct"


def _axes(var: Var, *lead: str) -> str:
    return " ".join([*lead, *(axis.name for axis in var.axes if axis != N)])


def _batch_shape(var: Var, *lead: str) -> str:
    return f"({_axes(var, *lead).replace(' ', ', ')})"
