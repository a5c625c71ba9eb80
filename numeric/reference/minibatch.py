"""H[t] = tanh(X[t] U + H[t-1] W + b), o[t] = H[t] V + c, each example a row; the loss is averaged.

In:  parameters U (D, H), W (H, H), V (H, K), b (H,), c (K,); x (T, N, D), y (T, N, K).
Out: the mean loss over all T·N steps, or over those that a mask counts, and its gradients.
The recurrence is the one of `rnn` under transposition.
"""

from __future__ import annotations

from numeric.reference.cell import Cell
from numeric.reference.checks import Layout
from numeric.reference.rnn import steps, steps_backward

LAYOUT = Layout("minibatch", {"U": "DH", "W": "HH", "V": "HK", "b": "H", "c": "K"})
CELL = Cell(LAYOUT, steps, steps_backward, rows="UWV", mean=True)
forward, backward, loss_and_gradients = CELL.forward, CELL.backward, CELL.loss_and_gradients
