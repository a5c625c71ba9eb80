"""The same things under three conventions.

In:  the models, whose arrays have their letters and shapes.
Out: `COLUMNS` (title, model) and `ROWS` (meaning, the array's name in each model, or nothing).
To add a row: name the arrays; letters and shapes are read off the models.
"""

from __future__ import annotations

from symbolic.models.lstm import LSTM
from symbolic.models.minibatch import MINIBATCH
from symbolic.models.rnn import RNN

COLUMNS = (("Goodfellow et al. (columns)", RNN), ("LSTM tutorial (columns)", LSTM), ("mini-batch (rows)", MINIBATCH))

ROWS = (
    ("input", "x", "x", "X"),
    ("target", "y", "y", "y"),
    ("pre-activation of the candidate", "a", "ag", "A"),
    ("candidate", "", "g", ""),
    ("forget gate", "", "f", ""),
    ("input gate", "", "i", ""),
    ("output gate", "", "o", ""),
    ("cell state", "", "c", ""),
    ("hidden state", "h", "h", "H"),
    ("logits", "o", "alpha", "o"),
    ("prediction", "yhat", "z", "yhat"),
    ("loss of a step", "L_t", "L_t", "L_t"),
    ("input weights", "U", "Wxc", "U"),
    ("recurrent weights", "W", "Whc", "W"),
    ("hidden bias", "b", "bc", "b"),
    ("output weights", "V", "Whz", "V"),
    ("output bias", "c", "bz", "c"),
)
