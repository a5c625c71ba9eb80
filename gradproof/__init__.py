"""gradproof: proves or refutes gradients that people wrote by hand."""
