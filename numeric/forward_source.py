"""`forward` of a cell, as NumPy source.

In:  the scope of its arrays, and its equations before, inside and after the loop.
Out: `forward_pass(…)`: the loss, and a cache of the values that the gradients read.

Where the loop has gates, it runs over blocks of few steps: what the inputs give the gates of a block, biases
included, is one product, and still in the cache when the step adds what the states give.  What happens to
all gates at a step is one call (`gates`).
"""

from __future__ import annotations

from numeric.arguments import batch_shape, state_key
from numeric.batched import ADD, ATOM, MUL
from numeric.gates import Gate, Gates, Rows, recurrence
from numeric.layout import docstring, listed, unpacked
from numeric.recurrence import Forward
from numeric.rewriting import at
from numeric.scope import Over, Scope
from symbolic import terms as f
from symbolic.model import Equation, variables
from symbolic.notation import Axis, shape_text
from symbolic.shapes import shape
from symbolic.terms import Term, Var


def forward_pass(scope: Scope, front: Forward, gates: Gates | None, cached: list[str], supposes: bool) -> str:
    """`forward`: the loss, and a cache of values; `supposes` where the gradients hold for some targets only."""
    model = scope.model
    before = [scope.statement(f"{scope.name(eq.left)} =", eq.right) for eq in front.before]
    before += _room(scope, front, gates)
    before += [f'    {scope.name(v)}[0] = initial.get("{state_key(v)}", 0)' for v in scope.states]
    loop = _gated_loop(scope, front, gates) if gates else _loop(scope, front)
    after = _after_loop(scope, front)
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
            *loop,
            *after,
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


def _room(scope: Scope, front: Forward, gates: Gates | None) -> list[str]:
    """Arrays for the values of the loop; the gates are one array, each an entry of it."""
    first = [gate.equation.left for gate in gates.members] if gates else []
    others = [eq.left for eq in front.loop if eq.left not in first]
    together = gates.stack if gates and len(first) > 1 else None
    return scope.room([(var, scope.name(var)) for var in [*first, *others]], together)


def _loop(scope: Scope, front: Forward) -> list[str]:
    """The steps one by one, after what of them is known for all."""
    lines = ["    # What the inputs give a pre-activation waits where its activation will be."] * bool(front.given)
    for var, term in front.given.items():
        lines += scope.into(f"{scope.name(var)}[1:]", var, term, over=Over.ALL)
    lines.append("    for t in range(1, T + 1):")
    return lines + [line for eq in front.loop for line in _step(scope, eq)]


def _step(scope: Scope, eq: Equation) -> list[str]:
    return scope.into(f"{scope.name(eq.left)}[t]", eq.left, eq.right)


def _gated_loop(scope: Scope, front: Forward, gates: Gates) -> list[str]:
    """The steps in blocks; a block begins with what the inputs give its gates."""
    x = scope.text(gates.members[0].known.rows, ATOM, Over.ALL)
    axes, several = gates.stack.members[0].axes, [str(len(gates.members))] * (len(gates.members) > 1)
    parts = {gate.equation.left: part for part in gates.parts for gate in part if _in_one(part)}
    size = " * ".join([*several, *scope.shape(axes).strip("()").split(", ")])
    weights = f"{gates.projection}[:, None]" if several else gates.projection
    target = "gates[:, block]" if several else f"{scope.name(gates.members[0].equation.left)}[block]"
    lines = [
        *_weights(scope, gates),
        f"    {x}_and_1 = np.concatenate(({x}, np.ones((T, N, 1), dtype)), axis=-1)",
        *[f"    share = np.empty({scope.shape(axes, *[str(gates.most)] * (gates.most > 1))}, dtype)"] * bool(parts),
        "    # Blocks of steps: what the inputs give a pre-activation waits where its activation will be.",
        f"    most = max(1, BLOCK // (2 * {size} * dtype.itemsize))",
        "    for first in range(1, T + 1, most):",
        "        last = min(first + most - 1, T)",
        "        block, before = slice(first, last + 1), slice(first - 1, last)",
        f"        np.matmul({x}_and_1[before], {weights}, out={target})",
        "        for t in range(first, last + 1):",
    ]
    done: list[list[Gate]] = []
    for eq in front.loop:
        if eq.left not in parts:
            lines += _step(scope, eq)
        elif (part := parts[eq.left]) not in done:
            done.append(part)
            lines += _part(scope, gates, part)
    return lines


def _in_one(part: list[Gate]) -> bool:
    """Whether a part is one product and one tanh: not one sigmoid alone, for which no weights are copied."""
    return len(part) > 1 or part[0].function == "tanh"


def _weights(scope: Scope, gates: Gates) -> list[str]:
    """The weights of the gates as rows are multiplied by them, the bias as a row more; those of sigmoids halved."""
    several = len(gates.members)
    known, biases = [gate.known for gate in gates.members], [scope.name(gate.bias) for gate in gates.members]
    if several == 1:
        return [f"    {gates.projection} = np.vstack(({_as_rows(scope, known[0])}, {biases[0]})).copy()"]
    D, H = (scope.size(axis) for axis in _ends(known[0]))
    lines = [
        f"    {gates.projection} = np.empty(({several}, {D} + 1, {H}), dtype)",
        listed(f"{gates.projection}[:, :-1] = (", [_as_rows(scope, rows) for rows in known], ")", 4),
        listed(f"{gates.projection}[:, -1] = (", biases, ")", 4),
    ]
    halved = []
    for part in gates.parts:
        sigmoids = [gate.equation.left for gate in part if gate.function == "sigmoid"] if len(part) > 1 else []
        if len(part) > 1:
            name, recurrent = recurrence(part), [gate.recurrent for gate in part]
            sizes = ", ".join([str(len(part)), *(scope.size(axis) for axis in _ends(recurrent[0]))])
            lines.append(f"    {name} = np.empty(({sizes}), dtype)")
            lines.append(listed(f"{name}[...] = (", [_as_rows(scope, rows) for rows in recurrent], ")", 4))
        if sigmoids:
            entries = gates.stack.part([at(var, None) for var in sigmoids]).removeprefix("gates")
            halved.append(f"    {gates.projection}{entries} *= 0.5")
            halved.append(f"    {name}{f'[:{len(sigmoids)}]' if len(sigmoids) < len(part) else ''} *= 0.5")
    remark = "    # sigmoid(a) = (1 + tanh(a / 2)) / 2: with half of a from the weights, all gates are one tanh."
    return [*lines, *[remark] * bool(halved), *halved]


def _part(scope: Scope, gates: Gates, part: list[Gate]) -> list[str]:
    """The statements of a step that make gates of one product."""
    variables = [at(gate.equation.left, None) for gate in part]
    sigmoids = [gate for gate in part if gate.function == "sigmoid"]
    rows, weights = scope.text(part[0].recurrent.rows, ADD, Over.STEP), recurrence(part)
    if len(part) > 1:
        target, share = gates.stack.part(variables, "t"), "share" if len(part) == gates.most else f"share[:{len(part)}]"
    else:
        target, share = f"{scope.name(part[0].equation.left)}[t]", "share" if gates.most == 1 else "share[0]"
        weights = scope.as_rows(part[0].recurrent.weights, part[0].recurrent.transposed)
    lines = [
        f"now = {target}",
        f"np.matmul({rows}, {weights}, out={share})",
        f"now += {share}",
        "np.tanh(now, out=now)",
    ]
    if sigmoids:
        halves = "now" if len(sigmoids) == len(part) else f"now[:{len(sigmoids)}]"
        lines += [f"{halves} *= 0.5", f"{halves} += 0.5"]
    return [" " * scope.indent(Over.STEP) + line for line in lines]


def _ends(rows: Rows) -> tuple[Axis, ...]:
    """The axes of the weights as rows are multiplied by them."""
    axes = rows.weights.axes
    return axes[::-1] if rows.transposed else axes


def _as_rows(scope: Scope, rows: Rows) -> str:
    return scope.name(rows.weights) + ".T" * rows.transposed


def _after_loop(scope: Scope, front: Forward) -> list[str]:
    """What needs the states of all steps, and the loss."""
    lines: list[str] = []
    logs: dict[Term, Equation] = {eq.left: eq for eq in front.after if _is_log_softmax(eq.right)}
    scale = "" if scope.model.scale == f.term(1) else f"{scope.text(scope.model.scale, MUL)} * "
    for eq in front.after:
        if at(eq.left, None) == scope.model.step_loss and (whole := _over_all(scope, eq.right)):
            return [*lines, f"    loss = {scale}{whole}  # the sum of {scope.name(eq.left)}"]
        if isinstance(eq.right, f.Call) and eq.right.arg in logs and eq.right.function == "exp":
            log = logs[eq.right.arg]
            lines.append(scope.statement(f"{scope.name(log.left)}, {scope.name(eq.left)} =", log.right))
        elif eq.left not in logs:
            lines.append(scope.statement(f"{scope.name(eq.left)} =", eq.right))
    return [*lines, f"    loss = {scale}np.sum({scope.name(scope.model.step_loss)})"]


def _over_all(scope: Scope, term: Term) -> str | None:
    """The sum of c Σ a ∘ b over all steps and sequences: one product of all a and all b; None for other terms."""
    match term:
        case f.Neg(arg):
            whole = _over_all(scope, arg)
            return whole and f"-{whole}"
        case f.Mul(c, arg) if not any(var.sequence for var in variables(c)):
            whole = _over_all(scope, arg)
            return whole and f"{scope.text(c, MUL)} * {whole}"
        case f.Inner(Var(sequence=True) as a, Var(sequence=True) as b) | f.Sum(
            f.Mul(Var(sequence=True) as a, Var(sequence=True) as b)
        ) if shape(a) == shape(b) and not shape(term):
            return f"np.vdot({scope.text(a, ATOM)}, {scope.text(b, ATOM)})"
    return None


def _is_log_softmax(term: Term) -> bool:
    return isinstance(term, f.Call) and term.function == "log_softmax"
