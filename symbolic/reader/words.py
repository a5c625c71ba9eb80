r"""The words in a formula: \text{…}, \mathrm{for}, and what of them stays where words are comments.

In:  tokens.  Out: `worded`, tokens in which \mathrm{if} is \text{if} as well; `without_words`, tokens whose words are
     commas; and where words end, and what they say.
A relation of letters that words lead to, \text{only for } t = T, or quote, \text{only for $t = T$}, keeps them: what
they say of it is no comment.  So does a case, whose words say which it is.  Other formulas that words quote are words.
"""

from __future__ import annotations

from dataclasses import replace

from symbolic.reader.displays import end_of_argument, unquoted
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.vocabulary import CASES, GREEK, RELATIONS, ROWS, STYLES, TEXTS
from symbolic.reader.tokens import Token, plain

WORDS_APART = TEXTS - {r"\operatorname", r"\mathop"}
NEGATIVE = frozenset(
    {"unless", "otherwise", "except", "not", "only", "other", "others", "without", "neither", "nor", "outside"}
)
LEADING = NEGATIVE | {"if", "for", "when", "where", "whenever", "else", "provided", "assuming", "with"}
BETWEEN = frozenset({"all", "any", "every", "each", "and", "or", "that", "the", "in", "case", "at", "is", "holds"})
SCRIPTED = frozenset({"_", "^", "+", "-", "'", r"\top", r"\intercal"})
LONGEST_SIDE = 3  # of a relation that restricts: T, h_0, W^\top


def worded(given: Tokens) -> Tokens:
    r"""\mathrm{for} and \textbf{where} as \text{…}: in whatever letters the words of a condition are set."""
    found = list(given)
    for position, token in enumerate(given[:-1]):
        scripted = position and given[position - 1].text in {"_", "^"}
        if token.text in STYLES and not scripted and given[position + 1].text == "{":
            words = {*words_of(given[position : end_of_argument(given, position + 1)]).split()}
            if words & LEADING and words <= LEADING | BETWEEN:
                found[position] = replace(token, text=r"\text")
    return tuple(found)


def without_words(given: Tokens) -> Tokens:
    r"""A comma for each \text{…} that is no name, leads to no relation and says no case: it is no condition."""
    given = unquoted(given, _relates_letters)
    found: list[Token] = []
    position = in_cases = 0
    while position < len(given):
        token = given[position]
        scripted = position and given[position - 1].text in {"_", "^"}
        end = position + 1
        if token.text in {r"\begin", r"\end"} and end < len(given):
            is_cases = plain(given[end : end_of_argument(given, end)]).removesuffix("*") in CASES
            in_cases += is_cases * (1 if token.text == r"\begin" else -1)
        if token.text in WORDS_APART and end < len(given) and not scripted:
            end = end_of_argument(given, end)
        is_kept = end == position + 1 or in_cases or is_name(given, position, end) or _leads(given[end:])
        found += given[position:end] if is_kept else (Token(",", token.at, "sign"),)
        position = end
    return tuple(found)


def _leads(following: Tokens) -> bool:
    r"""Whether words stand before ∀, or a relation of letters with or without parentheses around it."""
    ends = WORDS_APART | ROWS | {",", ";", ".", r"\end"}
    end = next((n for n, token in enumerate(following) if token.text in ends), len(following))
    return _relates_letters(following[:end]) or any(token.text == r"\forall" for token in following[:1])


def _relates_letters(part: Tokens) -> bool:
    r"""t = T, i \ne j, h_0 = 0, W = W^\top: what restricts a formula, and is no rule that it follows from."""
    texts = [token for token in part if token.text not in STYLES.keys() | {*"{}()&"}]
    sides = [0]
    for token in texts:
        if token.text in RELATIONS:
            sides.append(0)
        elif token.kind in {"letter", "number"} or token.text in GREEK | SCRIPTED:
            sides[-1] += 1
        else:
            return False
    return len(sides) > 1 and 0 < min(sides) <= max(sides) <= LONGEST_SIDE


def is_name(part: Tokens, position: int, end: int) -> bool:
    r"""Whether \text{…} is a letter, or the name of what follows in brackets or carries scripts."""
    following = part[end].text if end < len(part) else ""
    return following in {"(", r"\big", r"\Big", r"\left", "_", "^"} or end - position <= 4


def words_of(some: Tokens) -> str:
    r"""What \text{…} says, as words in small letters."""
    text, end = "", 0
    for token in some:
        text += " " * (token.at != end) + (token.text if token.kind in {"letter", "word"} else " ")
        end = token.end
    return " ".join(text.lower().split())


def end_of_remark(part: Tokens, position: int) -> int:
    r"""Where ( \text{…} … ) ends, if the parentheses hold a remark."""
    if position + 1 >= len(part) or part[position + 1].text not in TEXTS - {r"\operatorname"}:
        return 0
    content_end = end_of_argument(part, position + 2) if position + 2 < len(part) else 0
    if content_end - position <= 5:
        return 0
    depth = 0
    for end in range(position, len(part)):
        depth += (part[end].text == "(") - (part[end].text == ")")
        if depth == 0:
            return end + 1
    return 0
