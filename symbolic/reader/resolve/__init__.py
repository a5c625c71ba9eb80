"""A syntax tree and a scope -> every reading whose shapes conform.

In:  a node, what its letters mean, and one choice of total or immediate for ∂h/∂W.
Out: readings (`readings`), or `Unread` where a name is not declared or a form not known,
     or `Misfit` where nothing conforms.  Nothing is guessed and nothing is dropped.

resolving (what is carried along) → shifts, steps, hyperbolic → scripts → functions, conventions → names;
chain_rule → products; derivatives; sums; matrices; all of them → resolver.
To extend: a form of notation is one case of `resolver.Resolver.read`.
"""

from symbolic.reader.resolve.resolver import Memo, Resolver, readings

__all__ = ["Memo", "Resolver", "readings"]
