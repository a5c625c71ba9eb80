"""`backward` of a cell, as NumPy source.

In:  the scope of its arrays, and its gradients before, inside and after the loop.
Out: `backward_pass(…)`: every gradient; `adjoint(var)` and `direct(var)`, what their arrays are called.

The loop runs over blocks of steps, the last first: what an adjoint is multiplied by, the adjoints
step by step, and what they add to the gradients, while all of these are in the cache.
"""

from __future__ import annotations

from numeric.arguments import batch_axes, batch_shape, identifier, state_key
from numeric.formulas import Formula, adjoints
from numeric.layout import docstring, listed, unpacked
from numeric.recurrence import Backward
from numeric.rewriting import at, outer_factors
from numeric.scope import Over, Scope, Slot, in_block
from symbolic import terms as f
from symbolic.notation import N, Step, T, t
from symbolic.terms import Var, grad


def backward_pass(scope: Scope, back: Backward) -> str:
    """`backward`: every gradient, each statement with the id of the formula that it is."""
    model = scope.model
    scope.read = {model.inputs[0].name, *model.with_initial}
    body = [*_before_loop(scope, back), *_blocks(scope, back), *_loop(scope, back), *_after_loop(scope, back)]
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
        own = batch_axes(var).split()
        told |= {axis: f"{name}.shape[{place}]" for place, axis in enumerate(own, 2) if axis not in told}
    return [f'"{name}": {value}' for name, value in told.items()]


def _about_backward(scope: Scope, back: Backward) -> list[list[str]]:
    keys = [v.name for v in scope.model.parameters] + ["x"] + [f"{state_key(v)}0" for v in scope.states]
    ends = [f'"{state_key(v)}" {batch_shape(v, "N")}' for v in scope.states]
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
    """What needs no adjoint of the recurrence, the adjoints of the last states, and room for the gradients."""
    lines = []
    for formula in back.before:
        lines.append(scope.statement(f"{adjoint(formula.by)} =", formula.term, formula.id))
        scope.adjoints[formula.by.name] = Slot(adjoint(formula.by), 1)
    lines += scope.spare_room([(var, direct(var)) for var in back.direct])
    for var, term in back.direct.items():
        comment = f"{back.formulas[var].label}, all that reaches step T"
        lines += scope.into(f"{direct(var)}[1:]", grad(at(var, t)), term, comment, Over.ALL)
    for var in scope.states:
        lines.append(f"    {adjoint(var)} = np.empty({scope.shape(var.axes)}, dtype)")
        lines.append(f'    {adjoint(var)}[...] = final.get("{state_key(var)}", 0)')
    lines.append("    gradients = {name: np.zeros_like(array) for name, array in parameters.items()}")
    return [*lines, '    gradients["x"] = np.empty_like(x)']


def _blocks(scope: Scope, back: Backward) -> list[str]:
    """The loop over the blocks: room for what is kept for the steps of one, and the slopes in it."""
    kept = [(var, adjoint(var)) for var in back.loop if var in back.kept]
    for name, (var, _) in back.slopes.items():
        scope.values[name.name] = Slot(adjoint(var) if var in back.kept else name.name, 0, in_block=True)
        kept += [] if var in back.kept else [(name, name.name)]
    size, room, cut = scope.block_room(kept)
    lines = [
        "    # Blocks of steps, the last first, so short that what is kept for them stays in the cache.",
        f"    most = max(1, BLOCK // ({size} * dtype.itemsize))",
        *room,
        "    for last in range(T, 0, -most):",
        "        first = max(last - most, 0) + 1",
        "        block, before = slice(first, last + 1), slice(first - 1, last)",
        *cut,
    ]
    lines += ["        # What an adjoint is multiplied by waits where the product will be."] * bool(back.slopes)
    for name, (var, term) in back.slopes.items():
        lines += scope.into(scope.values[name.name].name, name, term, back.formulas[var].label, Over.BLOCK)
    return lines


def _loop(scope: Scope, back: Backward) -> list[str]:
    """The adjoints of the recurrence, from the last step of a block to its first; a state's is carried on."""
    for var in back.loop:
        named = var.name in {name.name for name in back.names.values()}
        slots, name = (scope.values, var.name) if named else (scope.adjoints, adjoint(var))
        slots[var.name] = Slot(name, 0, in_block=True) if var in back.kept else Slot(name)
    lines = ["        for t in range(last, first - 1, -1):"]
    for var, term in back.loop.items():
        id = back.formulas[var].label if var in back.formulas else ""
        if var in back.direct:
            lines.append(f"            {adjoint(var)} += {direct(var)}[t]  # {id}")
        if term is None:
            continue
        if var in back.kept:
            waiting = [name for name, (by, _) in back.slopes.items() if by == var]
            own = waiting[0] if waiting else grad(at(var, t))
            lines += scope.into(f"{adjoint(var)}{in_block(Over.STEP)}", own, term, id)
        else:
            name = adjoint(var) if var in back.formulas else var.name
            lines.append(scope.statement(f"{name} {'+=' if var in back.carried else '='}", term, id, Over.STEP))
    for var, term in back.carried.items():
        comment = f"{back.formulas[var].label}, for step t - 1"
        lines += scope.into(adjoint(var), grad(at(var, t)), term, comment)
    for var in back.loop:
        if var not in back.kept:
            (scope.adjoints if var in back.formulas else scope.values).pop(var.name)
    return lines


def _after_loop(scope: Scope, back: Backward) -> list[str]:
    """What the adjoints of a block add to the gradients, then the gradients that need none of them."""
    inside = [formula for formula in back.after if adjoints(formula.term) & back.kept]
    lines = []
    for formula in inside:
        if formula.by.sequence:
            lines += scope.into(
                'gradients["x"][before]', grad(at(formula.by, t)), formula.term, formula.label, Over.BLOCK
            )
        else:
            value = _over_batch(scope, formula, Over.BLOCK)
            lines.append(f'        gradients["{formula.by.name}"] += {value}  # {formula.id}')
    for formula in back.after:
        if formula in inside:
            continue
        if formula.by.sequence:
            lines += scope.into('gradients["x"]', grad(at(formula.by, t)), formula.term, formula.label, Over.ALL)
        else:
            value = _over_batch(scope, formula, Over.ALL)
            lines.append(f'    gradients["{formula.by.name}"] = {value}  # {formula.id}')
    return lines + [f'    gradients["{state_key(v)}0"] = {adjoint(v)}  # {back.formulas[v].id}' for v in scope.states]


def _over_batch(scope: Scope, formula: Formula, over: Over) -> str:
    """Σ_t of a parameter's formula, and the sum over the examples, in one product for all steps that are meant."""
    term = formula.term
    if not isinstance(term, f.SumSteps) or (term.first, term.last) != (Step("", 1), T):
        raise ValueError(f"{formula.id} is no sum over all steps: {formula.statement}")
    if factors := outer_factors(term.body):
        scope.called.add("outer_sum")
        u, v = (scope.text(factor, 0, over) for factor in factors)
        return f"outer_sum({u}, {v})"
    each = term.body.arg if isinstance(term.body, f.Sum) and term.body.axis == N else term.body
    scope.called.add("row_sum")
    return f"row_sum({scope.text(each, 0, over)})"


def adjoint(var: Var) -> str:
    return f"d{identifier(var.name)}"


def direct(var: Var) -> str:
    """What a state's adjoint gets from before the loop."""
    return f"{adjoint(var)}_direct"
