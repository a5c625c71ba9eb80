from gradproof import *

x = scalar("x")
h = tanh(x)

slope = derivation(
    "slope",
    "The derivative of tanh",
    d(h, x),
    ("1 − tanh²", 1 - h**2),
    source="a backward pass",
)
