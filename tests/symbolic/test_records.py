"""What a record says of itself."""

from symbolic.derivations import catalogue


def test_records_show_what_they_are() -> None:
    assert repr(catalogue()["rnn.a"]) == "<Derivation rnn.a: grad(a[t]) = (1 - h[t]**2) * grad(h[t])>"
    assert repr(catalogue()).startswith(f"<Catalogue of {len(catalogue())} derivations: activations, softmax")
