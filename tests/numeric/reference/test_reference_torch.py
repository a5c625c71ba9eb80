"""The hand-written gradients against PyTorch's autograd (extra `oracles`).

`nn.RNN` and `nn.LSTM` compute the same; they have two biases, of which the second is left at zero, and
the LSTM orders its gates i, f, g, o.  `nn.GRU` does not: its reset gate acts after the product,
h̃ = tanh(Wh x + r ∘ (Uh h)), and its z keeps the old state.  The GRU of Cho et al. (2014) is therefore
written out below, cell by cell, in torch; a test shows that `nn.GRU` really differs, and that both agree
where the reset gate is open.
"""

from __future__ import annotations

import numpy as np
import pytest
from gradient_cases import SIZES, Case, case, largest_difference

torch = pytest.importorskip("torch")

H, D = SIZES["H"], SIZES["D"]
LOSSES = ("cross-entropy", "squared-error")


def tensors(c: Case) -> dict[str, object]:
    return {name: torch.tensor(array, requires_grad=True) for name, array in c.arrays.items()}


def finish(c: Case, leaves, hidden, V, bias, final) -> dict[str, np.ndarray]:
    """The head, the loss, the gradient by the final states, and everything back."""
    y = torch.tensor(c.y)
    log_yhat = torch.log_softmax(hidden @ V.T + bias, dim=-1)
    loss = -(y * log_yhat).sum() if c.loss == "cross-entropy" else ((y - log_yhat.exp()) ** 2).sum() / 2
    for name, state in final.items():
        loss = loss + (torch.tensor(c.final[name]) * state).sum()
    names = list(leaves)
    gradients = torch.autograd.grad(loss, [leaves[name] for name in names])
    return {name: gradient.numpy() for name, gradient in zip(names, gradients, strict=True)}


def through(module, weights, x, states):
    return torch.func.functional_call(module, weights, (x, states))


@pytest.mark.parametrize("loss", LOSSES)
def test_rnn_is_torch_nn_rnn(loss):
    c = case("rnn", loss=loss)
    p = tensors(c)
    weights = {"weight_ih_l0": p["U"], "weight_hh_l0": p["W"], "bias_ih_l0": p["b"], "bias_hh_l0": 0 * p["b"]}
    hidden, last = through(torch.nn.RNN(D, H).double(), weights, p["x"], p["h0"][None])
    found, where = largest_difference(c.gradients(), finish(c, p, hidden, p["V"], p["c"], {"h": last[0]}))
    assert found < 1e-12, (where, found)


@pytest.mark.parametrize("loss", LOSSES)
def test_lstm_is_torch_nn_lstm(loss):
    c = case("lstm", loss=loss)
    p = tensors(c)
    Wx, Wh, b = (torch.cat([p[kind + gate] for gate in "ifco"]) for kind in ("Wx", "Wh", "b"))
    weights = {"weight_ih_l0": Wx, "weight_hh_l0": Wh, "bias_ih_l0": b, "bias_hh_l0": 0 * b}
    states = (p["h0"][None], p["c0"][None])
    hidden, (h, cell) = through(torch.nn.LSTM(D, H).double(), weights, p["x"], states)
    found, where = largest_difference(c.gradients(), finish(c, p, hidden, p["Whz"], p["bz"], {"h": h[0], "c": cell[0]}))
    assert found < 1e-12, (where, found)


def cho_gru(p):
    h, hidden = p["h0"], []
    for x in p["x"]:
        z = torch.sigmoid(x @ p["Wz"].T + h @ p["Uz"].T + p["bz"])
        r = torch.sigmoid(x @ p["Wr"].T + h @ p["Ur"].T + p["br"])
        h = (1 - z) * h + z * torch.tanh(x @ p["Wh"].T + (r * h) @ p["Uh"].T + p["bh"])
        hidden.append(h)
    return torch.stack(hidden), h


def torch_gru(p):
    """`nn.GRU` with its z turned round: σ(−a) = 1 − σ(a)."""
    W, U, b = (torch.cat([p[kind + "r"], -p[kind + "z"], p[kind + "h"]]) for kind in "WUb")
    weights = {"weight_ih_l0": W, "weight_hh_l0": U, "bias_ih_l0": b, "bias_hh_l0": 0 * b}
    hidden, last = through(torch.nn.GRU(D, H).double(), weights, p["x"], p["h0"][None])
    return hidden, last[0]


def gru_difference(c: Case, forward) -> tuple[float, str]:
    p = tensors(c)
    hidden, last = forward(p)
    return largest_difference(c.gradients(), finish(c, p, hidden, p["V"], p["c"], {"h": last}))


@pytest.mark.parametrize("loss", LOSSES)
def test_gru_is_cho_et_al_in_torch(loss):
    found, where = gru_difference(case("gru", loss=loss), cho_gru)
    assert found < 1e-12, (where, found)


def test_gru_is_torch_nn_gru_only_where_the_reset_gate_is_open():
    c = case("gru")
    assert gru_difference(c, torch_gru)[0] > 1e-3
    c.parameters["br"][:] = 1000
    hidden, _ = torch_gru(tensors(c))
    _, cache = c.cell.forward(c.parameters, c.x, c.y, c.initial)
    assert np.abs(hidden.detach().numpy() - cache.h[1:]).max() < 1e-14
    right, p = c.gradients(), tensors(c)
    hidden, last = torch_gru(p)
    of_torch = finish(c, p, hidden, p["V"], p["c"], {"h": last})
    unchanged = [name for name in right if not name.endswith("r")]
    found, where = largest_difference({n: right[n] for n in unchanged}, {n: of_torch[n] for n in unchanged})
    assert found < 1e-12, (where, found)
