"""The gradients of the cells by PyTorch's autograd (extra `oracles`).

In:  the name of a cell.
Out: `autograd(name)`, called as the cells of `numeric.reference` are; None for other names.

`nn.RNN` and `nn.LSTM` are PyTorch's own; of their two biases the second is left at zero, and the
LSTM's gates stand in the order i, f, g, o.  `nn.GRU` resets after the product with the hidden
state, not before it, so the GRU of Cho et al. (2014) is written out.
To add a cell: a function from its tensors to the logits, in `LOGITS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Tensors = Mapping[str, Any]


def autograd(name: str) -> Callable[..., tuple[float, dict[str, Array]]] | None:
    """A function `(parameters, x, y, initial) -> (loss, gradients)` over a batch of sequences."""
    cell, _, squared = name.partition("-")
    if cell not in LOGITS:
        return None

    def gradients(
        parameters: Mapping[str, Array], x: Array, y: Array, initial: Mapping[str, Array]
    ) -> tuple[float, dict[str, Array]]:
        import torch

        arrays = {**parameters, "x": x, **{f"{state}0": array for state, array in initial.items()}}
        p = {key: torch.tensor(array, requires_grad=True) for key, array in arrays.items()}
        log_yhat, target = torch.log_softmax(LOGITS[cell](p), dim=-1), torch.tensor(y)
        loss = ((target - log_yhat.exp()) ** 2).sum() / 2 if squared else -(target * log_yhat).sum()
        if cell == "minibatch":
            loss = loss / (y.shape[0] * y.shape[1])
        found = torch.autograd.grad(loss, list(p.values()))
        return loss.item(), {key: gradient.numpy() for key, gradient in zip(p, found, strict=True)}

    return gradients


def _rnn(p: Tensors) -> Any:
    return _module("RNN", p, p["U"], p["W"], p["b"], p["h0"][None]) @ p["V"].T + p["c"]


def _minibatch(p: Tensors) -> Any:
    return _module("RNN", p, p["U"].T, p["W"].T, p["b"], p["h0"][None]) @ p["V"] + p["c"]


def _lstm(p: Tensors) -> Any:
    import torch

    Wx, Wh, b = (torch.cat([p[kind + gate] for gate in "ifco"]) for kind in ("Wx", "Wh", "b"))
    return _module("LSTM", p, Wx, Wh, b, (p["h0"][None], p["c0"][None])) @ p["Whz"].T + p["bz"]


def _gru(p: Tensors) -> Any:
    import torch

    h, hidden = p["h0"], []
    for x in p["x"]:
        z = torch.sigmoid(x @ p["Wz"].T + h @ p["Uz"].T + p["bz"])
        r = torch.sigmoid(x @ p["Wr"].T + h @ p["Ur"].T + p["br"])
        h = (1 - z) * h + z * torch.tanh(x @ p["Wh"].T + (r * h) @ p["Uh"].T + p["bh"])
        hidden.append(h)
    return torch.stack(hidden) @ p["V"].T + p["c"]


def _module(name: str, p: Tensors, W: Any, U: Any, b: Any, states: Any) -> Any:
    """The hidden states of `torch.nn`'s module of this name with these weights."""
    import torch

    module = getattr(torch.nn, name)(W.shape[1], U.shape[1]).to(W.dtype)
    weights = {"weight_ih_l0": W, "weight_hh_l0": U, "bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}
    hidden, _ = torch.func.functional_call(module, weights, (p["x"], states))
    return hidden


LOGITS: dict[str, Callable[[Tensors], Any]] = {"rnn": _rnn, "minibatch": _minibatch, "lstm": _lstm, "gru": _gru}
