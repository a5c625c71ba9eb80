"""A person's own NumPy backward pass, executed on symbols and proved or refuted.

`numeric.trace.prove.prove_gradient` is the door.  Behind it, in the order of the data: `constants` (which
number a float means), `tape` (what was computed), `scalar`, `products`, `arrays`, `ufuncs`, `functions`
(numbers, arrays and NumPy's functions as symbols), `randomness`, `others`, `stand_in`, `holders` and `state`
(NumPy and the person's own arrays while the code runs), `execute` (the code, on every branch), `bounds` (what
is a clip), `sweep` (values and derivatives of a tape) in `residues`, `degrees` and `intervals`,
`differences`, `branches`, `witness`, `reached`, `scaled_down` and `judge` (the verdict), `causes` (why),
`recheck` (the code on numbers), `proof` (what is said).
"""
