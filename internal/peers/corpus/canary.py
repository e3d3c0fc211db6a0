"""Replaces the literals of a statement with canaries: texts that nothing else contains."""

import re
from dataclasses import dataclass

STRING, NUMBER, HEX, BITS = "string", "number", "hex", "bits"


@dataclass
class Literal:
    """A literal at sql[start:end], with its delimiters."""

    start: int
    end: int
    kind: str


OPENING = re.compile(r"""(?is)[a-z_]{0,4}&?(?P<quote>'''|\"\"\"|'|"|\$[^$']*\$)""")
ALTERNATIVE = re.compile(r"(?is)n?q'(?P<delimiter>.)")
CLOSING = {"[": "]", "(": ")", "{": "}", "<": ">"}
DECIMAL = re.compile(r"(?P<whole>\d*)(?P<fraction>(?:\.\d*)?)(?P<exponent>(?:[eE][+-]?\d+)?)")
HEXADECIMAL = re.compile(r"(?P<open>[xX]'|0[xX])[0-9a-fA-F]+(?P<close>'?)")
BINARY = re.compile(r"(?P<open>[bB]'|0[bB])[01]+(?P<close>'?)")
NUMBERED = re.compile(r"(?<=[A-Za-z_])\d+")
ESCAPING = re.compile(r"""[\\'"`$]""")


class Canaries:
    """Makes canaries. All canaries of one corpus are different."""

    def __init__(self):
        self.made = 0

    def place(self, sql, literals):
        """Returns the statement with canaries, and the canaries. There is one canary per
        literal. A literal without a place for a canary is left alone."""
        parts, canaries, at = [], [], 0
        for literal in literals:
            self.made += 1
            replaced = self.replace(sql[literal.start : literal.end], literal.kind)
            if replaced is None:
                continue
            text, canary = replaced
            parts += [sql[at : literal.start], text]
            canaries.append(canary)
            at = literal.end
        return "".join(parts) + sql[at:], canaries

    def replace(self, text, kind):
        """Returns the literal with a canary inside, and the canary."""
        if kind == NUMBER:
            return self.replace_number(text)
        if kind == HEX:
            return surround(HEXADECIMAL.fullmatch(text), f"7731fade{self.made:06x}")
        if kind == BITS:
            return surround(BINARY.fullmatch(text), f"110010011101{self.made:024b}")
        return self.replace_string(text)

    def replace_number(self, text):
        """The canary is a whole number of 31 bits, because some grammars read a larger
        number as another kind of token. It is both the whole part and the fraction."""
        found = DECIMAL.fullmatch(text)
        if not found or text == ".":
            return None
        canary = f"1973{self.made:06d}"
        whole = canary if found["whole"] else ""
        fraction = found["fraction"] if len(found["fraction"]) < 2 else "." + canary
        return whole + fraction + found["exponent"], canary

    def replace_string(self, text):
        """If the literal has quotes or backslashes inside, they stay between two copies of
        the canary."""
        opening, closing = delimiters(text)
        if not opening or len(text) < len(opening) + len(closing) or not text.endswith(closing):
            return None
        canary = f"Zkq{self.made:06d}Wxk"
        inside = text[len(opening) : len(text) - len(closing)]
        if ESCAPING.search(inside):
            return opening + canary + inside + canary + closing, canary
        return opening + canary + closing, canary


def shape(sql, literals):
    """Returns the statement without the values of plain literals, and without the numbers at
    the ends of names. A literal that has quotes or backslashes inside keeps its value."""
    parts, at = [], 0
    for literal in literals:
        text = sql[literal.start : literal.end]
        plain = literal.kind != STRING or not ESCAPING.search(text[1:-1])
        parts += [NUMBERED.sub("0", sql[at : literal.start]), text[:1] + literal.kind if plain else text]
        at = literal.end
    return "".join(parts) + NUMBERED.sub("0", sql[at:])


def surround(found, canary):
    return (found["open"] + canary + found["close"], canary) if found else None


def delimiters(text):
    """Returns the opening and the closing delimiter of a string literal, or two empty
    texts."""
    found = ALTERNATIVE.match(text)
    if found:
        return found[0], CLOSING.get(found["delimiter"], found["delimiter"]) + "'"
    found = OPENING.match(text)
    return (found[0], found["quote"]) if found else ("", "")
