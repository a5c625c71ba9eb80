"""Formulas, their derivatives and their proofs.

Each module imports only from those above it:

notation, terms      what a formula is
elementwise, shapes  its entries, in any arithmetic; its shape
text, prose, pieces, typeset, latex, written_out, worked_example   how it is written
model, models        forward equations
unroll, normal_form, differentiate, chain_rule, hypotheses         from equations to derivatives to zero
verdicts, records, derivations                                     what is claimed, and what can be said of it
telescope, summands, every_length, equality, attempt               one try at one equality, for every T
index_form, expansion, every_size                                  for every size
independence, existence, refute, second_opinion, prove             from claim to verdict
"""
