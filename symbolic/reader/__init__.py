"""LaTeX of people's own documents -> terms and verdicts.

scan → macros → tokens → syntax → resolve (with what `declare` says) → judge → repair.
Nothing of a document is ever evaluated; size, nesting, expansion and readings are bounded.
"""
