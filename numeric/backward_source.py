"""`backward` of a cell, as NumPy source.

In:  the scope of its arrays, and its gradients before, inside and after the loop.
Out: `backward_pass(…)`: every gradient; `adjoint(var)` and `direct(var)`, what their arrays are called.

The loop runs over blocks of steps, the last first: what an adjoint is multiplied by, the adjoints
step by step, and what they add to the gradients, while all of these are in the cache.  What happens
to adjoints of one shape is one call, as far as they stand together (`stacks`).
"""

from __future__ import annotations

from collections.abc import Sequence

from numeric.arguments import batch_axes, batch_shape, identifier, state_key
from numeric.batched import MUL
from numeric.formulas import Formula
from numeric.layout import docstring, listed, statement, unpacked
from numeric.recurrence import Backward
from numeric.rewriting import at, outer_factors, total
from numeric.scope import Over, Scope, Slot, block_name, in_block
from numeric.stacks import inside, members, parameters_together, slope, slopes_together, stack_of, stacks, together
from symbolic import terms as f
from symbolic.notation import N, Step, T, t
from symbolic.terms import Term, Var, grad


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
            *scope.stacks(),
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
    for var in scope.states:
        lines.append(f"    {adjoint(var)} = np.empty({scope.shape(var.axes)}, dtype)")
        lines.append(f'    {adjoint(var)}[...] = final.get("{state_key(var)}", 0)')
    return [*lines, *_room_for_gradients(scope, back)]


def _room_for_gradients(scope: Scope, back: Backward) -> list[str]:
    """Zero where blocks add to it; in one array what they add to in one call."""
    lines = ['    gradients = {"x": np.empty_like(x)}']
    for formulas in parameters_together(back):
        names = [f'gradients["{formula.by.name}"]' for formula in formulas]
        if len(formulas) > 1:
            sizes = [str(len(formulas)), *(scope.size(axis) for axis in formulas[0].by.axes)]
            lines.append(f"    {_stacked(formulas)} = np.zeros(({', '.join(sizes)}), dtype)")
            lines.append(f"    {', '.join(names)} = {_stacked(formulas)}")
        else:
            lines.append(f'    {names[0]} = np.zeros_like(parameters["{formulas[0].by.name}"])')
    return lines


def _blocks(scope: Scope, back: Backward) -> list[str]:
    """The loop over the blocks: room for what is kept for the steps of one, and the slopes in it."""
    kept = [(var, adjoint(var)) for var in back.loop if var in back.kept]
    for name, (var, _) in back.slopes.items():
        scope.values[name.name] = Slot(adjoint(var) if var in back.kept else name.name, 0, in_block=True)
        kept += [] if var in back.kept else [(name, name.name)]
    kept += [(var, direct(var)) for var in back.direct]
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
    for stack in stacks(back):
        room_of = f"{block_name(stack.members[0].axes)}[:{len(stack.members)}, : len({adjoint(stack.members[0])})]"
        lines.append(f"        {stack.name} = {room_of}")
    for var, term in back.direct.items():
        comment = f"{back.formulas[var].label}, all that reaches step T"
        lines += scope.into(direct(var), grad(at(var, t)), term, comment, Over.BLOCK)
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
    for variables, factor in slopes_together(back):
        if factor is not None:
            ids = ", ".join(back.formulas[var].label for var in variables)
            head = f"{_part(back, variables, 't - first')} *="
            lines.append(statement(head, [scope.text(factor, MUL, Over.STEP)], scope.indent(Over.STEP), ids))
        else:
            lines += _one_adjoint(scope, back, variables[0])
    for var, term in back.carried.items():
        comment = f"{back.formulas[var].label}, for step t - 1"
        lines += _sum_into(scope, back, adjoint(var), grad(at(var, t)), term, comment, Over.STEP)
    for var in back.loop:
        if var not in back.kept:
            (scope.adjoints if var in back.formulas else scope.values).pop(var.name)
    return lines


def _one_adjoint(scope: Scope, back: Backward, var: Var) -> list[str]:
    """The statements of a step that make one adjoint, or the product that occurs in several."""
    term, id = back.loop[var], back.formulas[var].label if var in back.formulas else ""
    lines = []
    if var in back.direct:
        lines.append(f"            {adjoint(var)} += {direct(var)}{in_block(Over.STEP)}  # {id}")
    if term is None:
        return lines
    if var in back.kept:
        own = slope(back, var) or grad(at(var, t))
        return lines + scope.into(f"{adjoint(var)}{in_block(Over.STEP)}", own, term, id)
    name = adjoint(var) if var in back.formulas else var.name
    return [*lines, scope.statement(f"{name} {'+=' if var in back.carried else '='}", term, id, Over.STEP)]


def _sum_into(scope: Scope, back: Backward, target: str, own: Term, term: Term, comment: str, over: Over) -> list[str]:
    """A sum written into an array; its products with neighbours in a stack are one product with their weights."""
    for stack in stacks(back):
        weights, rest = stack.products(term)
        if weights:
            name = together(weights.values())
            scope.stacked[name] = [scope.name(W) for W in weights.values()]
            index, axis = (["t - first"], "") if over == Over.STEP else ([], "[:, None]")
            products, margin = f"{stack.part([*weights], *index)} @ {name}{axis}", " " * scope.indent(over)
            if rest:
                each = [f"{margin}for share in {products}:", f"{margin}    {target} += share"]
                return [*scope.into(target, own, total(rest), comment, over), *each]
            return [statement("", [f"np.add.reduce({products}, axis=0, out={target})"], len(margin), comment)]
    return scope.into(target, own, term, comment, over)


def _after_loop(scope: Scope, back: Backward) -> list[str]:
    """What the adjoints of a block add to the gradients, then the gradients that need none of them."""
    lines = []
    for formulas in parameters_together(back):
        ids = ", ".join(formula.id for formula in formulas)
        head = f"{_stacked(formulas) if len(formulas) > 1 else _gradient(formulas[0])} +="
        several = _part(back, members(formulas)) if len(formulas) > 1 else ""
        value = _over_batch(scope, formulas[0], Over.BLOCK, several)
        lines.append(statement(head, [value], scope.indent(Over.BLOCK), ids))
    for formula in inside(back):
        if formula.by.sequence:
            own = grad(at(formula.by, t))
            target = f"{_gradient(formula)}[before]"
            lines += _sum_into(scope, back, target, own, formula.term, formula.label, Over.BLOCK)
    for formula in back.after:
        if formula in inside(back):
            continue
        if formula.by.sequence:
            lines += scope.into('gradients["x"]', grad(at(formula.by, t)), formula.term, formula.label, Over.ALL)
        else:
            value = _over_batch(scope, formula, Over.ALL)
            lines.append(f'    gradients["{formula.by.name}"] = {value}  # {formula.id}')
    return lines + [f'    gradients["{state_key(v)}0"] = {adjoint(v)}  # {back.formulas[v].id}' for v in scope.states]


def _over_batch(scope: Scope, formula: Formula, over: Over, several: str = "") -> str:
    """Σ_t of a parameter's formula, and the sum over the examples, in one product for all steps that are meant.

    `several` are the adjoints of all parameters that have the same formula.
    """
    term = formula.term
    if not isinstance(term, f.SumSteps) or (term.first, term.last) != (Step("", 1), T):
        raise ValueError(f"{formula.id} is no sum over all steps: {formula.statement}")
    if factors := outer_factors(term.body):
        scope.called.add("outer_sum")
        u, v = (scope.text(factor, 0, over) for factor in factors)
        return f"outer_sum({several or u}, {v})"
    each = term.body.arg if isinstance(term.body, f.Sum) and term.body.axis == N else term.body
    scope.called.add("row_sum")
    return f"row_sum({several or scope.text(each, 0, over)})"


def _part(back: Backward, variables: Sequence[Var], *index: str) -> str:
    stack = stack_of(back, variables)
    assert stack is not None
    return stack.part(variables, *index)


def _gradient(formula: Formula) -> str:
    return f'gradients["{"x" if formula.by.sequence else formula.by.name}"]'


def _stacked(formulas: Sequence[Formula]) -> str:
    return f"d{together(formula.by for formula in formulas)}"


def stacked_names(back: Backward) -> list[str]:
    """What arrays of several adjoints, of their weights and of the gradients of parameters are called."""
    names = [stack.name for stack in stacks(back)]
    names += [_stacked(formulas) for formulas in parameters_together(back) if len(formulas) > 1]
    terms = [*back.carried.values(), *(formula.term for formula in inside(back))]
    weights = dict.fromkeys(tuple(stack.products(term)[0].values()) for stack in stacks(back) for term in terms)
    return [*names, *(together(several) for several in weights if several)]


def adjoint(var: Var) -> str:
    return f"d{identifier(var.name)}"


def direct(var: Var) -> str:
    """What a state's adjoint gets from before the loop."""
    return f"{adjoint(var)}_direct"
