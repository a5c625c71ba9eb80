"""How people say what restricts a formula: patterns over sentences in which each formula is one mark.

`PHRASES` are understood, each by the kind of condition that it states (`conditions.EFFECTS`);
`STRANGE` are the words of a condition that nothing here understands, `HARMLESS` those that
only look like one: "if we differentiate".
"""

from __future__ import annotations

import re

from symbolic.reader.sentence import CLOSE, MARK, OPEN


def _phrase(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


_IF = r"(?:(?:if|when|whenever|where|for|with|provided(?: that)?|assum(?:e|ing)(?: that)?|suppose(?: that)?|in|at) )?"
_ARE = r"(?:is|are|being)"
_NAMES = rf"{MARK}(?:(?:,| and|, and) {MARK})*"
_STATE = r"initial (?:hidden |cell )?states?"
PHRASES = (
    (
        _phrase(r"\b(?:at|for) (?:the )?(?:very )?(?:last|final)(?: time)?[ -]?(?:step|instant|point|time)\b(?! of)"),
        "last step",
    ),
    (_phrase(rf"{_IF}{_NAMES} {_ARE}(?: both| a| taken(?: to be)?)? symmetric\b(?: matri(?:x|ces))?"), "symmetric"),
    (
        _phrase(
            rf"{_IF}(?:an? |the )?(?<![\w-])symmetric (?:(?:recurrent |weight )*(?:matri(?:x|ces)|weights?) )?"
            rf"(?:{_NAMES})?"
        ),
        "symmetric",
    ),
    (
        _phrase(rf"{_IF}(?:{MARK} {_ARE} )?(?:a )?one-?hot\b(?: (?:vectors?|targets?|labels?|encod\w+|coded))*"),
        "one-hot",
    ),
    (_phrase(rf"{_IF}(?:an? |the )?(?:zero(?: vector)?|vanishing) {_STATE}\b"), "zero state"),
    (_phrase(rf"{_IF}(?:the )?{_STATE}(?: {MARK})? {_ARE}(?: set to| all)? (?:zero|0)\b"), "zero state"),
    (_phrase(rf"{_IF}(?:the )?(?:scalar|one-dimensional|1-?d) (?:case|setting|version|rnn|lstm|network)\b"), "numbers"),
    (_phrase(rf"{_IF}(?:everything|all (?:quantities|variables)) {_ARE} (?:a )?(?:scalars?|numbers?)\b"), "numbers"),
    (_phrase(r"(?:without|ignoring|omitting|dropping|no) (?:the |any )?bias(?:es| terms?| vectors?)?\b"), "no bias"),
    (
        _phrase(rf"{_IF}(?:the |all )?bias(?:es| terms?)? {_ARE}(?: set to)? (?:zero|0|omitted|ignored|dropped)\b"),
        "no bias",
    ),
)
NEGATED = _phrase(
    r"(?:\b(?:unless|except(?: (?:for|at|when|if))?|not|never|neither|nor|no longer|without|other than|whether)|n't)"
    r"(?: (?:be|been|necessarily|always|even|assum\w+|to|that|the|is|are|have|has|need))*\W*$"
)
LEADS = _phrase(
    r"\b(?:if|when|whenever|for|where|at|with|assum(?:e|ing)|suppose|provided|let|in the case)\W*(?:\w+\W+){0,3}$"
)
INTRODUCES = _phrase(
    r"(?:\b(?:if|when|whenever|for|where|at|with|case|assum(?:e|ing)|suppose|provided|that|step|let|all|any|every|and|then)"
    r"|\()[\s*_:,]*$"
)
# With these a sentence speaks of another case than the one that it names, or of several.
CONTRASTS = _phrase(
    r"\b(?:general(?:ly)?|others?|otherwise|special|special case|not|but|except|though|although|however|instead|unlike"
    r"|back(?:wards?)?|down|from|start(?:s|ing)?|until|above|below|again|before|after|earlier|later|also|still|both"
    r"|whereas|while|too|contrast|previous(?:ly)?|only|regardless|even|beyond|rather|than)\b"
)
FOLLOWS = _phrase(
    rf"[\s.,({OPEN}{CLOSE}]*(?:(?:if and only if|if|for|all|any|every|each|when|whenever|where|with|at|provided|that"
    r"|in|the|case|only|time|steps?) )*"
)
TOGETHER = _phrase(r"[\s,]*(?:and|with)?\s*")
_ACTS = (
    "add|apply|back-?propagate|calculate|collect|combine|compare|compute|consider|define|denote|derive|differentiate|do"
    "|expand|follow|get|go|insert|know|look|move|multiply|need|only consider|perform|plug|proceed|propagate|put|recall"
    "|remember|rewrite|see|stack|start|substitute|sum|take|train|unfold|unroll|update|want|wish|work|would like|write"
)
HARMLESS = (
    _phrase(rf"\b(?:if|when|whenever) (?:we|you|one|i) (?:now |then |first |also |again )?(?:{_ACTS})s?\b"),
    _phrase(r"\bwhen (?!ignor|neglect|assum|drop|omit|truncat|us)\w+ing\b"),
    _phrase(r"\b(?:see|check|verify|tell|know|ask|wonder|even|as|what) (?:if|when)\b"),
    _phrase(r"\bwithout (?:loss of generality|proof|derivation|further|going)\b"),
    _phrase(r"\bassum\w+ [^,.;]*\b(?:used|given|known|computed|trained|called|defined|familiar)\b"),
    _phrase(r"\bif (?:i am|i'm|we are) not (?:mistaken|wrong)\b"),
)
# What an assumption in an earlier sentence is about, if it is not understood: others set the scene.
RESTRICTIVE = _phrase(
    r"\b(?:symmetric|diagonal|orthogonal|identity|scalars?|linear|constant|small|large|saturated|independent|zero|equal"
    r"|ignor\w+|neglect\w+|omit\w*|no|only|without)\b"
)
STRANGE = _phrase(
    r"\b(?:if|when|whenever|unless|except|provided(?! (?:by|in|with))|assum(?:e|es|ed|ing)|suppos(?:e|ing)"
    r"|only (?:for|if|when|at|in|holds|true|valid)|in (?:this|that|the) (?:special )?case\b(?! of)|special case"
    r"|otherwise|ignor(?:e|ed|ing)|neglect(?:ed|ing)?|omit(?:ted|ting)|dropp(?:ed|ing)|discard(?:ed|ing)"
    r"|truncat(?:ed|ing|ion)|approximat(?:e|es|ed|ely|ion)|roughly|up to an?|symmetric|diagonal|orthogonal"
    r"|scalars?|linear (?:case|activation|rnn)|one-dimensional|without)\b"
)
