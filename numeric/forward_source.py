"""`forward` of a cell, as NumPy source.

In:  the scope of its arrays, and its equations before, inside and after the loop.
Out: `forward_pass(…)`: the loss, and a cache of the values that the gradients read.
"""

from __future__ import annotations

from numeric.arguments import batch_shape, state_key
from numeric.batched import MUL
from numeric.layout import docstring, listed, unpacked
from numeric.recurrence import Forward
from numeric.scope import Over, Scope
from symbolic import terms as f
from symbolic.notation import shape_text


def forward_pass(scope: Scope, front: Forward, cached: list[str], supposes: bool) -> str:
    """`forward`: the loss, and a cache of values; `supposes` where the gradients hold for some targets only."""
    model = scope.model
    before = [scope.statement(f"{scope.name(eq.left)} =", eq.right) for eq in front.before]
    before += scope.room([(eq.left, scope.name(eq.left)) for eq in front.loop])
    before += [f'    {scope.name(v)}[0] = initial.get("{state_key(v)}", 0)' for v in scope.states]
    before += ["    # What the inputs give a pre-activation waits where its activation will be."] * bool(front.given)
    for var, term in front.given.items():
        before += scope.into(f"{scope.name(var)}[1:]", var, term, over=Over.ALL)
    loop = [line for eq in front.loop for line in scope.into(f"{scope.name(eq.left)}[t]", eq.left, eq.right)]
    after = [scope.statement(f"{scope.name(eq.left)} =", eq.right) for eq in front.after]
    scale = "" if model.scale == f.term(1) else f"{scope.text(model.scale, MUL)} * "
    names = [scope.values[name].name for name in cached]
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
            listed("cache = {", [f'"{name}": {name}' for name in names], "}", 4),
            "    return loss, cache",
        ]
    )


def _about_forward(scope: Scope) -> list[list[str]]:
    model = scope.model
    arrays = [f"{scope.name(v)} {shape_text(v.axes)}" for v in model.parameters]
    data = [f"{scope.name(v)} {batch_shape(v, 'T', 'N')}" for v in (*model.inputs, *model.targets)]
    starts = [f'"{state_key(v)}" {batch_shape(v, "N")}' for v in scope.states]
    return [
        ["The loss, and the values that backward needs; index t of a state is step t."],
        [
            f"parameters: {', '.join(arrays)}",
            f"{', '.join(data)}",
            f"initial: {', '.join(starts)}, the states before step 1, 0 by default",
        ],
        [f"{eq.left} = {eq.right}" for eq in model.equations],
    ]
