"""The gradients as an engineer writes them by hand: plain vectorised NumPy, one cell a file.

In:  parameters as a dict, under the names and in the shapes of the model of the same name in
     `symbolic.models`; x (T, N, D) and y (T, N, K), the steps first, then the sequences.
Out: `forward(parameters, x, y) -> loss, cache`, `backward(parameters, cache) -> gradients`
     and both in one, `loss_and_gradients`; gradients holds every parameter, "x" and the
     initial states "h0" (and "c0").
This side imports nothing of symbolic: it is what the proved side is held against.
To add a cell: a file like `rnn.py`, in the frame of `cell.py`, and its name here.
"""

from types import ModuleType

from numeric.reference import gru, lstm, minibatch, rnn

CELLS: dict[str, ModuleType] = {"rnn": rnn, "minibatch": minibatch, "lstm": lstm, "gru": gru}

__all__ = ["CELLS", "gru", "lstm", "minibatch", "rnn"]
