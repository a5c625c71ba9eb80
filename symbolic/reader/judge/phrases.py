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
        _phrase(
            r"\b(?:at|for) (?:the )?(?:very )?(?:last|final)"
            r" (?:time[ -]?step|step|instant|time (?:point|instant))\b(?! of)"
        ),
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
        _phrase(
            rf"{_IF}(?:{MARK} {_ARE} )?(?:a )?one-?hot\b(?! (?:at|in|with))"
            r"(?: (?:vectors?|targets?|labels?|encod\w+|coded)(?! (?:at|in|with)\b))*"
        ),
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
OTHER_LOSS = {
    "log": _phrase(
        r"\b(?:(?:mean[- ])?squared[- ](?:error|loss|distance)|mse|(?:quadratic|square|hinge) loss|least squares)\b"
    ),
    "square": _phrase(r"\b(?:cross[- ]entropy|log[- ]?likelihood|log[- ]loss|nll)\b"),
}
LEADS = _phrase(
    r"\b(?:if|when|whenever|unless|except|for|where|at|with|assum(?:e|ing)|suppose|provided|let|in the case)"
    r"\W*(?:\w+\W+){0,3}$"
)
# A sentence of these words and of conditions is understood; with any other it may speak of another case than it names.
_PLAIN = """
    a an the we one you it this that which is are be has have had holds hold get gets got obtain obtains find finds
    see write then so thus hence therefore and of in for at if when where whenever with provided case cases by to
    becomes reads equals gives yields follows nothing simply now here following first next formula formulas equation
    equations gradient gradients derivative derivatives jacobian loss error hidden output cell state states step
    steps time entry entries assume assuming suppose consider let target targets label labels matrix matrices weight
    weights recurrent respect wrt i ii iii s t für wenn falls bei im gilt ist sind dann also und wir erhalten haben
    man hat fall si pour quand on est alors et cas obtient 当 时 有 则 若 如果 对 对于 且 时有 sei nun soit set usual as
    note clearly obviously
"""
PLAIN = frozenset(_PLAIN.split())
# Behind another formula, a case goes on in these words alone: “and then”, “now” and “; and” may speak of every step.
_JOINING = "and so thus hence therefore we have get obtain which that gives yields is it und also et donc 且"
JOINING = frozenset(_JOINING.split())
DENIED = _phrase(
    r"\b(?:not|n't|never|without|no longer|no) (?:\w+ ){0,3}(?:one-?hot|normali[sz]ed|sum\w* to (?:one|1))\b"
    r"|\b(?:unnormali[sz]ed|multi-?label|multi-?hot)\b"
)
UNUSUAL = re.compile(r"\\sum(?:\{[^{}]*\}|[^={}])*?(?:\\neq?\s*1\b|=\s*(?:[02-9]|1\d|[A-Za-z]))")
ANOTHER = _phrase(
    r"\b(?:first|next|following|other|second) (?:(?:hidden|time) ?)?(?:steps?|states?|time|case|entr(?:y|ies))\b"
)
FOLLOWS = _phrase(
    rf"[\s.,，（(\[{OPEN}{CLOSE}]*(?:(?:if and only if|if|for|all|any|every|each|when|whenever|where|with"
    r"|at|provided|that|in|the|case|only|time|steps?|für|wenn|falls|bei|si|pour|quand|当|若|如果|对|对于) ?)*"
)
TOGETHER = _phrase(r"[\s,]*(?:and|with|und|et|且)?\s*")
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
    _phrase(r"\b(?:it|this|that|which) (?:is zero|vanishes)\b(?=\s*(?:[:,(]|$))"),
    _phrase(
        r"\b(?:in what follows|from (?:now|here) on|throughout(?: this (?:section|note|paper))?|in this section)\b"
    ),
    _phrase(r"\bif (?:i am|i'm|we are) not (?:mistaken|wrong)\b"),
)
# Of a model whose equations the document states, these words name parts, and restrict nothing; unless they are denied.
PARTS = _phrase(
    r"\b(?:diagonal )?peepholes?\b(?!-)(?: (?:connections?|weights?|vectors?|parameters?|gradients?|terms?|lstms?))?"
)
LACKING = _phrase(
    r"\b(?:no|not|non|none|never|without|less|free|lack\w*|remov\w+|disabl\w+|absen\w+|missing|zero\w*|off|instead|vanish\w*"
    r"|if|when|unless|exclud\w+|turn\w*|switch\w*|set|ohne|sans|kein\w*|sin)\b"
)
# What an assumption in an earlier sentence is about, if it is not understood: others set the scene.
RESTRICTIVE = _phrase(
    r"\b(?:symmetric|diagonal|orthogonal|identity|scalars?|linear|constant|small|large|saturated|independent|zeros?|equal"
    r"|ignor\w+|neglect\w+|omit\w*|no|only|without|instead|variants?|peephole\w*|coupled|binary|squared|mse|relu"
    r"|maximi[sz]\w+|likelihood|sigmoid|(?:true|correct|target|right) (?:class|label|index))\b"
)
STRANGE = _phrase(
    r"\b(?:if|when|whenever|unless|except|provided(?! (?:by|in|with))|assum(?:e|es|ed|ing)|suppos(?:e|ing)"
    r"|only (?:for|if|when|at|in|holds|true|valid)|in (?:this|that|the) (?:special )?case\b(?! of)|special case"
    r"|otherwise|ignor(?:e|ed|ing)|neglect(?:ed|ing)?|omit(?:ted|ting)|dropp(?:ed|ing)|discard(?:ed|ing)"
    r"|truncat(?:ed|ing|ion)|approximat(?:e|es|ed|ely|ion)|roughly|up to an?|symmetric|diagonal|orthogonal"
    r"|(?:true|correct|target|right) (?:class|label|index)|is the (?:target|label|class)|treat(?:ed|ing)"
    r"|holding|keeping|detach\w*|feed-?forward"
    r"|(?:one|single)-layer|(?:local|direct|immediate) (?:part|term|contribution|gradient)|base case|induct\w+"
    r"|end of the (?:sequence|sentence)"
    r"|(?:last|final) (?:hidden |time )?(?:state|word|token|element|input|output|time|unit)"
    r"|initiali[sz]\w* (?:\w+ )?(?:with|to|at|by) (?:all )?(?:zeros?|0)"
    r"|scalars?|linear (?:case|activation|rnn)|one-dimensional|without"
    r"|instead|variants?|peepholes?|coupled|coupling|(?:leaky )?relus?|binary|many-to-one|(?:some|other) authors"
    r"|pytorch|tensorflow|keras|cudnn|maximi[sz]\w+|regulari[sz]\w+|weight decay"
    r"|(?:linear|sigmoid(?:al)?|logistic|identity) (?:hidden |output )?(?:layers?|units?|activations?|nonlinearit\w+)"
    r"|diagonalen?|wenn|falls|sofern|au(?:ß|ss)er|sonst|andernfalls|nur|ohne|symmetrisch\w*|angenommen|letzten|vernachlässig\w*"
    r"|si|quand|lorsqu\w+|sauf|sinon|supposons|symétriques?|dernier|négligeant|cuando|salvo|excepto|supo\w+|simétrica|último"
    r"|если|когда|кроме|предпол\w+|симметричн\w+|последн\w+)\b"
    r"|当(?!前|然)|若|如果|假[设定]|除非|除了|否则|忽略|对称|仅|只有|最后(?:一个|一)?(?:时|步)|とき|場合|ならば|仮定|対称|最後の"
)
