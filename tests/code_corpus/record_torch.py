"""Records what PyTorch's autograd says of the forward passes, in float64: `torch_gradients.json`.

python tests/code_corpus/record_torch.py        # with NumPy, SciPy and PyTorch installed

Every forward pass is written here once more, in PyTorch's words.  The point is
that of `point` in tests/numeric/test_code_corpus.py.  To extend: a function named like the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
PAGE = Path(__file__).with_name("torch_gradients.json")
tanh, sig, cat = torch.tanh, torch.sigmoid, torch.cat


def main() -> None:
    recorded = {name: gradients(name, forward) for name, forward in FORWARD.items()}
    lines = (f"{json.dumps(name)}: {json.dumps(each)}" for name, each in sorted(recorded.items()))
    PAGE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def gradients(name: str, forward: Callable[..., Any]) -> dict[str, Any]:
    """The loss and its derivative by every array that it depends on."""
    shapes = import_module(name).shapes
    generator = np.random.default_rng(7)
    drawn = {key: generator.uniform(-0.8, 0.8, shape) for key, shape in shapes.items()}
    arrays = {key: torch.tensor(array, requires_grad=True) for key, array in drawn.items()}
    loss = forward(**arrays)
    loss.backward()
    return {"loss": loss.item(), **{k: a.grad.tolist() for k, a in arrays.items() if a.grad is not None}}


def char_rnn(Wxh, Whh, Why, bh, by):
    h, loss = torch.zeros(5), 0.0
    for word, target in ((0, 1), (1, 2), (2, 0)):
        h = tanh(Wxh[:, word] + Whh @ h + bh[:, 0])
        loss = loss + F.cross_entropy(Why @ h + by[:, 0], torch.tensor(target))
    return loss


def rnn_steps(x, h0, Wx, Wh, b, dout):
    h, loss = h0, 0.0
    for t in range(x.shape[1]):
        h = tanh(x[:, t] @ Wx + h @ Wh + b)
        loss = loss + (h * dout[:, t]).sum()
    return loss


def lstm(a, c, order):
    gate = dict(zip(order, a.chunk(4, -1), strict=True))
    c = sig(gate["f"]) * c + sig(gate["i"]) * tanh(gate["g"])
    return sig(gate["o"]) * tanh(c), c


def lstm_ifog(X, W, c0, h0, up):
    h, c, loss = h0, c0, 0.0
    for t in range(len(X)):
        h, c = lstm(cat([torch.ones(len(h), 1), X[t], h], 1) @ W, c, "ifog")
        loss = loss + (h * up[t]).sum()
    return loss


def lstm_class(xs, Wx, Wh, b, up):
    h = c = torch.zeros(xs.shape[0], Wh.shape[0])
    loss = 0.0
    for t in range(xs.shape[1]):
        h, c = lstm(xs[:, t] @ Wx + h @ Wh + b, c, "figo")
        loss = loss + (h * up[:, t]).sum()
    return loss


def lstm_fico(W, b, Wy, by):
    h, c, loss = torch.zeros(2), torch.zeros(2), 0.0
    for word, target in ((1, 0), (0, 1)):
        h, c = lstm(W @ cat([h, torch.eye(2)[word]]) + b[:, 0], c, "figo")
        loss = loss + F.cross_entropy(Wy @ h + by[:, 0], torch.tensor(target))
    return loss


def lstm_fgio(x, Wx, Wh, b, h0, c0, y):
    h, c = h0, c0
    for each in x:
        h, c = lstm(each @ Wx + h @ Wh + b, c, "fgio")
    return ((h - y) ** 2).sum() / (2 * len(y))


def gru_after(xs, h0, W, U, b, c, v):
    h = h0[None]
    for x in xs:
        h = torch.gru_cell(x[None], h, W, U, b, c)
    return 0.5 * ((h[0] - v) ** 2).sum()


def gru_before(x, h0, up, **p):
    h, loss = h0, 0.0
    for t in range(len(x)):
        z, r = (sig(x[t] @ p["W" + k] + h @ p["U" + k] + p["b" + k]) for k in "zr")
        h = z * tanh(x[t] @ p["Wh"] + (r * h) @ p["Uh"] + p["bh"]) + (1 - z) * h
        loss = loss + (h * up[t]).sum() / len(h)
    return loss


def gru_keeping(x, Wz, Wr, Wn, v):
    h = torch.zeros(len(v))
    for each in x:
        z, r = sig(Wz @ cat([h, each])), sig(Wr @ cat([h, each]))
        h = z * h + (1 - z) * tanh(Wn @ cat([r * h, each]))
    return v @ h


def gru_stacked(x, h0, Wzr, Uzr, Wn, Un, up):
    h = h0
    for each in x:
        z, r = sig(each @ Wzr + h @ Uzr).chunk(2, 1)
        h = z * tanh(each @ Wn + r * (h @ Un)) + (1 - z) * h
    return (up * h).sum()


def time_rnn(xs, Wx, Wh, b, W, c, up):
    h, loss = torch.zeros(xs.shape[0], Wh.shape[0]), 0.0
    for t in range(xs.shape[1]):
        h = tanh(xs[:, t] @ Wx + h @ Wh + b)
        loss = loss + ((h @ W + c) * up[:, t]).sum()
    return loss


def two_layers(xs, ys, W1, U1, b1, W2, U2, b2, V):
    h1, h2, loss = torch.zeros(len(b1)), torch.zeros(len(b2)), 0.0
    for x, y in zip(xs, ys, strict=True):
        h1 = tanh(x @ W1 + h1 @ U1 + b1)
        h2 = tanh(h1 @ W2 + h2 @ U2 + b2)
        loss = loss + 0.5 * ((h2 @ V - y) ** 2).sum()
    return loss


def bidirectional_mean(x, Wf, Uf, Wb, Ub, up):
    f = b = torch.zeros(len(up))
    total = 0.0
    for t in range(len(x)):
        f = tanh(Wf @ x[t] + Uf @ f)
        b = tanh(Wb @ x[-1 - t] + Ub @ b)
        total = total + f + b
    return total @ up / len(x)


def mean_of_batch_and_time(Wxh, Whh, bh, Why, by):
    tokens = torch.tensor([[0, 2, 1], [1, 1, 0]])
    h, logits = torch.zeros(2, len(bh)), []
    for t in range(2):
        h = tanh(Wxh[tokens[:, t]] + h @ Whh + bh)
        logits.append(h @ Why + by)
    return F.cross_entropy(cat(logits), cat([tokens[:, 1], tokens[:, 2]]))


def einsum_rnn(x, h0, W, U, b, up):
    h, loss = h0, 0.0
    for t in range(len(x)):
        h = tanh(x[t] @ W + h @ U + b)
        loss = loss + (h * up[t]).sum()
    return loss


def softmax_layer(x, W, b):
    return F.cross_entropy(x @ W + b, torch.tensor([0, 2, 2]))


def dense_layers(x, y, W0, W1, W2, b0, b1, b2):
    return 0.5 * ((sig(tanh(x @ W0 + b0) @ W1 + b1) @ W2 + b2 - y) ** 2).sum() / len(x)


def attention(x, W, U, A, up):
    hs = [torch.zeros(len(up))]
    for each in x:
        hs.append(tanh(W @ each + U @ hs[-1]))
    states = torch.stack(hs[1:])
    return up @ (torch.softmax(states @ A @ hs[-1], 0) @ states)


def embedding_classes(emb, Wx, Wh, up):
    h, loss = torch.zeros(up.shape[1]), 0.0
    for word, each in zip((1, 2, 1), up, strict=True):
        h = tanh(emb[word] @ Wx + h @ Wh)
        loss = loss + h @ each
    return loss


def squared_error_rnn(x, y, U, W, V):
    s, loss = torch.zeros(len(W)), 0.0
    for each, target in zip(x, y, strict=True):
        s = sig(U @ each + W @ s)
        loss = loss + ((V @ s - target) ** 2).sum()
    return loss


def many_to_one(x, Wx, Wh, b, w, c):
    h = torch.zeros(x.shape[0], len(b))
    for t in range(x.shape[1]):
        h = tanh(x[:, t] @ Wx + h @ Wh + b)
    return F.binary_cross_entropy_with_logits(h @ w + c, torch.tensor([[1.0], [0.0]]))


def teacher_forced(h0, Y, U, O):
    h, loss = h0, 0.0
    for word, target in ((0, 2), (2, 1)):
        h = tanh(Y[:, word] + U @ h)
        loss = loss + F.cross_entropy(O @ h, torch.tensor(target))
    return loss


def tied_weights(E, U, b):
    h, loss = torch.zeros(len(b)), 0.0
    for word, target in ((0, 2), (2, 0)):
        h = tanh(E[word] + U @ h + b)
        loss = loss + F.cross_entropy(E @ h, torch.tensor(target))
    return loss


def peephole(x, Wi, Wf, Wo, Wg, pi, pf, po, up):
    h = c = torch.zeros(len(pi))
    loss = 0.0
    for each, upstream in zip(x, up, strict=True):
        z = cat([h, each])
        c = sig(Wi @ z + pi * c) * tanh(Wg @ z) + sig(Wf @ z + pf * c) * c
        h = sig(Wo @ z + po * c) * tanh(c)
        loss = loss + upstream @ h
    return loss


def leaky_rnn(x, Win, W, b, y):
    mask = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    h = torch.zeros(len(b))
    for t in range(len(x)):
        h = 0.8 * h + 0.2 * tanh(Win @ (x[t] * mask[t]) + W @ h + b)
    return 0.5 * ((h - y) ** 2).sum() + 0.005 * (W * W).sum()


def embedding_bidirectional(emb, Wf, Uf, bf, Wb, Ub, bb, V2):
    xs = emb[torch.tensor([2, 0, 2, 2])]
    f = b = torch.zeros(len(bf))
    for t in range(len(xs)):
        f = sig(Wf @ xs[t] + Uf @ f + bf)
        b = sig(Wb @ xs[-1 - t] + Ub @ b + bb)
    return F.cross_entropy(V2 @ cat([f, b]), torch.tensor(1))


def layer_norm_rnn(x, W, U, gain, bias, y):
    h, loss = torch.zeros(len(gain)), 0.0
    for each, target in zip(x, y, strict=True):
        h = tanh(F.layer_norm(W @ each + U @ h, gain.shape, gain, bias, 1e-5))
        loss = loss + F.mse_loss(h, target)
    return loss


def peephole_two_layers(x, y, **p):
    states = list(x)
    for layer in "12":
        W, U, P, b = (p[name + layer] for name in "WUPb")
        h = c = torch.zeros(U.shape[1])
        for t, each in enumerate(states):
            f, g, i, o = (W @ each + U @ h + b[:, 0]).chunk(4)
            c = sig(f + P[0] * c) * c + sig(i + P[1] * c) * tanh(g)
            h = sig(o + P[2] * c) * tanh(c)
            states[t] = h
    return ((torch.stack(states) - y) ** 2).sum() / len(y)


def relu_rnn(x, h0, Wx, Wh, b, V, c):
    h, loss = h0, 0.0
    for t, targets in enumerate(([0, 1], [2, 1])):
        h = torch.relu(x[:, t] @ Wx + h @ Wh + b)
        loss = loss + F.cross_entropy(h @ V + c, torch.tensor(targets))
    return loss


FORWARD = {
    each.__name__: each
    for each in (
        char_rnn, rnn_steps, lstm_ifog, lstm_class, lstm_fico, lstm_fgio, gru_after, gru_before, gru_keeping,
        gru_stacked, time_rnn, two_layers, bidirectional_mean, mean_of_batch_and_time, einsum_rnn, softmax_layer,
        dense_layers, attention, embedding_classes, squared_error_rnn, many_to_one, teacher_forced, tied_weights,
        peephole, leaky_rnn, embedding_bidirectional, layer_norm_rnn, peephole_two_layers, relu_rnn,
    )
}  # fmt: skip

if __name__ == "__main__":
    main()
