"""What was seen in a document -> the lines of its declaration block.

In:  a document's name and content.  Out: `suggestion(name, content)`, the block as it may stand in the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import count

from symbolic.latex import latex as latex_of
from symbolic.model import Model
from symbolic.notation import AXES
from symbolic.reader.declare import MODELS, BadDeclaration, Drafting, printed_name, spelled
from symbolic.reader.scope import Scope
from symbolic.reader.suggest.fits import fitting
from symbolic.reader.suggest.inferred import inferred
from symbolic.reader.suggest.own import Own, all_inside, functions, lets, own
from symbolic.reader.suggest.seen import Key, Seen, names_of, seen, spelling
from symbolic.reader.syntax import nodes as s
from symbolic.terms import Var

STYLES = {"sub": "subscript", "sup": "superscript", "sup[": "[t]", "sup<": "⟨t⟩", "call": "call"}
SPECIAL = frozenset({"1", "e", "d", "T", "t", "i", "j", "k", "l", "m", "n", r"\tau", r"\sigma", r"\delta"})


def suggestion(name: str, content: str) -> str:
    """The draft of a declaration block; raises Unscannable."""
    found = seen(name, content)
    model = own(found)
    drafted = list(_in_order(_lines(found, model), model))
    if model.lacks and any(line.startswith("model own") for line in drafted):
        drafted.insert(0, f"# the model is incomplete: {model.lacks}")
    drafted.insert(0, "# A draft: look at every line.")
    if name.endswith(".tex"):
        return "\n".join(f"% check: {line}" for line in drafted)
    if name.endswith(".rst"):
        return "\n".join([".. check::", "", *(f"   {line}" for line in drafted)])
    return "\n".join(["<!-- check", *drafted, "-->"])


def _in_order(given: Iterable[str], model: Own) -> Iterator[str]:
    """The lines, those that cannot be declared as comments; so is the loss of a model that lacks an equation.

    An equation that cannot be declared is one that the model lacks.
    """
    drafting = Drafting()
    of_line = {f"forward {each.latex}": each.equation.line for each in model.equations}
    for line in given:
        if model.lacks and line.startswith("loss "):
            line = f"# {line}    an equation is missing"
        try:
            drafting.add(line)
        except BadDeclaration as why:
            if line in of_line:
                model.unread_lines.add(of_line[line])
            line = f"# {line}    {str(why).partition(': ')[2]}"
        yield line


def _lines(found: Seen, model: Own) -> Iterator[str]:
    styles = Counter({style: sum(n for (_, _, time), n in found.names.items() if time == style) for style in STYLES})
    style, uses = styles.most_common(1)[0]
    time = [f"time {STYLES[style]}"] * bool(uses)
    yield from time
    yield from (f"depends {each}" for each in sorted(found.depends))
    near = _by_names(found)
    if fits := fitting([name for name, _ in near], found, model, time):
        yield from _of_ours(found, near, fits)
    elif model.written() or model.lacks:
        yield from _of_own(found, model)
    else:
        yield from _of_ours(found, near, "")
    for file in found.brought_in:
        yield f"# what {file} holds is not looked at here: if it has equations of the model, add them"
    for label, of_lines in sorted(found.labels.items()):
        where = ", ".join(map(str, sorted({*of_lines})))
        yield f"# {label} counts the classes (line {where}): let it be one-hot, and write {label} for e_{{{label}}}"
    yield from (f"# {each}" for each in sorted(found.misnamed))
    if found.has_d:
        yield "# d x occurs: say `read d as gradient` or `read d as differential along X`"


def _of_ours(found: Seen, near: list[tuple[str, int]], fits: str) -> Iterator[str]:
    """The model that fits, or whose names occur where no equation is written."""
    best = fits or (near[0][0] if near else "")
    if fits:
        yield f"model {best}    # its equations are the document's"
    elif best:
        yield f"model {best}    # a guess: {near[0][1]} of its names occur, and no equation of a model"
        yield "# nothing of it stands in the document: check that these are your equations:"
        yield from (f"#   {each}" for each in _equations_of(MODELS[best], found))
    else:
        yield "# no equation of a model is written: say `model own`, then `forward LATEX` for each, then `loss LATEX`"
    letters = _letters(found, best)
    if letters:
        yield "dims " + ", ".join(_dims(letters))
    known = _names_of(best) if best else {}
    gradients = {written.key for written, _ in found.gradients}
    for key, times in sorted(_grouped(found).items()):
        if key not in known and key not in gradients and not (key[0] in SPECIAL and not key[1]):
            yield _name(found, key, times, letters)
    of_arrays = {(key, var.sequence): tuple(axis.name for axis in var.axes) for key, var in known.items()}
    yield from _scripts(found, of_arrays)
    yield from (f"let {line}" for written, line in found.gradients if written.key not in known)


def _equations_of(model: Model, found: Seen) -> Iterator[str]:
    """What a model of ours says, with time where the document has it."""
    below = any(time == "sub" for _, _, time in found.names)
    for each in model.equations:
        yield f"{latex_of(each.left, below)} = {latex_of(each.right, below)}"


def _of_own(found: Seen, model: Own) -> Iterator[str]:
    """The document's own model: its names, its equations, its loss."""
    yield "model own    # the document's own equations"
    letters = _letters(found, "")
    shapes = inferred(found, model, letters)
    more = {x: x for shape in shapes.shapes.values() for x in shape if x not in {*letters.values(), *AXES}}
    if letters or more:
        yield "dims " + ", ".join(_dims({**letters, **dict(sorted(more.items()))}))
    if shapes.as_rows:
        yield "read vectors as rows"
    targets = _targets(found, model)
    times = _grouped(found)
    for made, shape in sorted(shapes.shapes.items()):
        (key, timed) = made
        latex = spelling(key, times.get(key, "") if timed else "")
        guessed = "" if key in found.shapes else "    # inferred"
        yield f"name {latex} : {'×'.join(shape) or 'number'}{' target' * (key in targets)}{guessed}"
    known = {key for key, _ in shapes.shapes} | ({model.total.left.key} if model.total else set())
    gradients = {written.key for written, _ in found.gradients}
    known |= {(base, sub[:-1]) for base, sub in known}  # what a block is one of
    known |= found.called.keys()
    for key, style in sorted(times.items()):
        is_other = key not in known and key not in gradients and (key, False) not in found.tops
        if is_other and not (key[0] in SPECIAL and not key[1]):
            yield _name(found, key, style, letters)
    yield from _scripts(found, shapes.shapes)
    if found.has_star:
        yield "read * as hadamard    # between vectors"
    yield from _of_functions(found, model)
    yield from (f"# {remark}" for remark in model.missing)
    yield from (f"let {line}" for line in lets(model))
    yield from (f"forward {each.latex}" for each in model.equations)
    if model.loss:
        yield f"loss {model.loss}"
    yield from (f"let {line}" for written, line in found.gradients if written.key not in known)


def _of_functions(found: Seen, model: Own) -> Iterator[str]:
    """What the letters are that are called like functions."""
    inside = [node for each in model.written() for node in all_inside(each.right) if isinstance(node, s.Name)]
    used, known = {found.written(name).key for name in inside}, functions(found)
    for key, arguments in sorted(found.called.items()):
        letter = spelling(key)
        if key not in used:
            continue
        if key in known:
            yield f"function {letter} = {known[key]}"
        elif arguments > 1:
            yield f"# {letter}(…, …) is not written out: write what it is, in its place"
        else:
            number = "" if key[0] == r"\sigma" else f"; if it is a factor, `name {letter} : number`"
            meanings = f"`function {letter} = tanh`, `sigmoid`, `softmax`, `argument` or `any`"
            yield f"# {letter} is called: say {meanings}{number}"


def _name(found: Seen, key: Key, times: str, letters: dict[str, str]) -> str:
    latex = spelling(key, times)
    if (shape := found.shapes.get(key)) is not None:
        return f"name {latex} : {'×'.join(letters[size] for size in shape) or 'number'}"
    return f"# name {latex} : ?    its shape is not said"


def _scripts(found: Seen, shapes: Mapping[tuple[Key, bool], tuple[str, ...]]) -> Iterator[str]:
    """The letters that count entries, and of what, if it is one thing; and those that are steps."""
    both = found.indices & found.steps
    counted: dict[str, list[str]] = {}
    for letter in sorted(found.indices - both):
        of = [(shapes.get((key, timed), ()), at) for each, key, timed, at in found.entries if each == letter]
        axes = {shape[at] for shape, at in of if at < len(shape)}
        counted.setdefault(f" : {axes.pop()}" if len(axes) == 1 else "", []).append(letter)
    yield from (f"index {', '.join(letters)}{axis}" for axis, letters in counted.items())
    if found.steps - both:
        yield f"step {', '.join(sorted(found.steps - both))}"
    if both:
        yield f"# {', '.join(sorted(both))}: entries here and steps there: write two letters, or `from LINE` and `step`"


def _targets(found: Seen, model: Own) -> set[Key]:
    """What stands beside a logarithm, and no equation makes."""
    made = model.made()
    beside_log = [each for each in model.written() if r"\log" in each.latex or r"\ln" in each.latex]
    names = [found.written(name) for each in beside_log for name in names_of(each.right)]
    return {each.key for each in names if (each.key, bool(each.time)) not in made and not each.key[0].isupper()}


def _dims(letters: dict[str, str]) -> Iterator[str]:
    """H = 5, n as H for the axis of a model, and for a letter that is not known a size that no other has."""
    sizes = count(max([5, *(int(size) for size in letters if size.isdigit())]) + 1)
    for size, letter in letters.items():
        if size.isdigit():
            yield f"{letter} = {size}"
        elif size != letter:
            yield f"{size} as {letter}"
        else:
            yield f"{letter} = {next(sizes)}"


def _grouped(found: Seen) -> dict[Key, str]:
    times: dict[Key, str] = {}
    for base, sub, time in found.names:
        times[base, sub] = time or times.get((base, sub), "")
    return times


def _by_names(found: Seen) -> list[tuple[str, int]]:
    """The models of ours with more than one name of the document's, and how many; most first."""
    used = set(_grouped(found))
    shared = [(name, len(_names_of(name).keys() & used)) for name in MODELS]
    return sorted(((name, n) for name, n in shared if n > 1), key=lambda pair: -pair[1])


def _names_of(model: str) -> dict[Key, Var]:
    return {spelled(v.latex or printed_name(v.name), Scope())[:2]: v for v in MODELS[model].arrays.values()}


def _letters(found: Seen, model: str) -> dict[str, str]:
    """A letter for each size: that of the model's axis, else D, H, K for their usual sizes, else another capital."""
    letters: dict[str, str] = {}
    for name, var in _names_of(model).items() if model else ():
        for size, axis in zip(found.shapes.get(name, ()), var.axes, strict=False):
            if axis.name not in letters.values():
                letters.setdefault(size, axis.name)
    usual = {str(axis.size): name for name, axis in AXES.items()}
    for size in (size for shape in found.shapes.values() for size in shape):
        free = [letter for letter in (usual.get(size, ""), *"PQRSABCEFGIJLMOTUVWXYZ") if letter]
        letters.setdefault(size, next(x for x in free if x not in letters.values()) if size.isdigit() else size)
    return letters
