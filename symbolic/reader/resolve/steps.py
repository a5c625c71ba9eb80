"""The step of the sequence that a name shows: h_t, h^{(t-1)}, h(T)."""

from __future__ import annotations

from symbolic.notation import Step
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.tokens import Unread, plain

ANGLES = {r"\langle": "<", r"\rangle": ">", "⟨": "<", "⟩": ">"}


def step_below(resolver: Resolving, rest: Tokens, node: s.Name, anchored: bool = False) -> tuple[Step, Tokens]:
    """The step at the head of a subscript, and the entries after it (or, after a comma, before it)."""
    for length in range(len(rest), 0, -1):
        if (found := step_of(resolver, rest[:length])) is not None and (found.anchor or not anchored):
            left = rest[length:]
            return found, left[1:] if left and left[0].text == "," else left
    texts = [token.text for token in rest]
    if "," in texts and (found := step_of(resolver, rest[texts.index(",") + 1 :])) is not None:
        return found, rest[: texts.index(",")]
    if rest and (found := step_of(resolver, rest[-1:])) is not None and (found.anchor or not anchored):
        return found, rest[:-1]
    raise without_step(resolver, rest, node)


def step_above(resolver: Resolving, sup: Tokens, node: s.Name, opening: str) -> tuple[Step, Tokens]:
    """The step in a superscript, in the brackets that the name is declared with: h^{[2]} may be a layer elsewhere."""
    texts = [ANGLES.get(token.text, token.text) for token in sup]
    closing = {"(": ")", "[": "]", "<": ">"}[opening]
    if texts[:1] == [opening] and closing in texts:
        end = texts.index(closing)
        if (found := step_of(resolver, sup[1:end])) is not None:
            return found, sup[end + 1 :]
    elif sup and (found := step_of(resolver, sup)) is not None and found.anchor and plain(sup) != "T":
        return found, ()
    raise without_step(resolver, sup, node)


def step_called(resolver: Resolving, node: s.Name) -> Step:
    if node.call is None or (found := step_of(resolver, node.call.latex)) is None:
        raise without_step(resolver, node.call.latex if node.call else (), node)
    return found


def without_step(resolver: Resolving, scripts: Tokens, node: s.Name) -> Unread:
    """Why no step is found; a letter that counts entries cannot be one."""
    index = next((token for token in scripts if token.text in resolver.scope.indices), None)
    if index is None:
        return Unread(node.at, f"{node} stands without its step")
    why = f"{index} is declared as a subscript, and stands here for a step: declare `step {index}`, or two letters"
    return Unread(node.at, f"{node} stands without its step; {why}")


def step_of(resolver: Resolving, tokens: Tokens) -> Step | None:
    """t, t-1, T, 0 as a step; None if it is none."""
    texts = [token.text for token in tokens if token.text not in "{}"]
    if not texts or len(texts) not in (1, 3):
        return None
    if texts[0].isdigit():
        return Step("", int(texts[0])) if len(texts) == 1 else None
    if resolver.bound.get(texts[0]) == "index":
        return None
    is_bound = resolver.bound.get(texts[0]) == "step"
    anchor = Step(texts[0].lstrip("\\")) if is_bound else resolver.scope.steps.get(texts[0])
    if anchor is None or len(texts) == 1:
        return anchor
    sign = {"+": 1, "-": -1}.get(texts[1])
    return anchor + sign * int(texts[2]) if sign and texts[2].isdigit() else None
