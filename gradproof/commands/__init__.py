"""One module per command: each has `command`, a click command, and is named after it.

In:  arguments.  Out: what `gradproof <name>` prints, and its exit code.
To extend: add a module here; `gradproof.cli` finds it.  Import at its top only what
`gradproof --help` can afford (click, not SymPy or NumPy).
"""
