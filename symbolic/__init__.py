"""Formulas, their derivatives and their proofs; see the modules in the order of imports:
notation, terms, shapes, elementwise, text, latex, model, models, unroll, normal_form,
differentiate, hypotheses, verdicts, records, equality, refute, prove, derivations."""
