"""The text of a filter, read and checked: as it stands in an address, on the command line and in a kept analysis.

    status.is(verified,corroborated) and killed_best.from(5) and not actor.is(0190-...)
    victim(sex.is(woman) and age_years.to(17) and group.is(faith/north)) and (text.has("سوق") or point.missing())

`and` binds no closer than `or`: where both meet, brackets are asked for. Nothing is evaluated: words are looked up in
the catalogue of fields, and values are checked against their kind.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from casualty.errors import Fault, UsageFault, Word
from casualty.filters.asked import EVERYTHING, All, Any, Asked, Filter, Not, Part, Some, every
from casualty.filters.fields import KINDS, ROOT, Field, field, fields_of, kinds_in

MOST_LETTERS, MOST_PARTS, MOST_DEPTH, MOST_VALUES = 8_000, 200, 12, 500
_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([(),])|([^\s"(),]+))', re.DOTALL)
MESSAGE = "The filter is not understood at letter {letter}."
END = Word("the end")


class _Wrong(Exception):
    """`at`: the letter of the text, counted from 1."""

    def __init__(self, at: int, what: str, mend: str, **values: object) -> None:
        self.at, self.fault = at, Fault(0, "filter", what, mend, values)


def _said(token: str, said: str) -> str:
    return END if token == "end" else repr(said)


@dataclass
class _Reader:
    """The tokens of a text and where the reading stands. A token: position, kind (text, sign or word), what it says."""

    tokens: Sequence[tuple[int, str, str]]
    end: int
    at: int = 0
    parts: int = 0

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        here = self.at + ahead
        return self.tokens[here][1:] if here < len(self.tokens) else ("end", "")

    def take(self) -> tuple[int, str, str]:
        token = self.tokens[self.at] if self.at < len(self.tokens) else (self.place, "end", "")
        self.at += 1
        return token

    def need(self, sign: str) -> None:
        at, kind, said = self.take()
        if (kind, said) != ("sign", sign):
            raise _Wrong(at, "{sign} is missing before {said}.", "Write it there.", sign=sign, said=_said(kind, said))

    @property
    def place(self) -> int:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else self.end


def read(text: str) -> Filter:
    """Return the filter that a text states; raise UsageFault with what is not understood, at which letter, and the mend.

    The canonical text of what is returned is read again as the same filter.
    """
    try:
        found = every((part,)) if (part := _whole(text)) else EVERYTHING
        _must_be_short(str(found))
    except _Wrong as wrong:
        raise UsageFault(MESSAGE, (wrong.fault,), {"letter": wrong.at}) from None
    return found


def _whole(text: str) -> Part | None:
    _must_be_short(text)
    reader = _Reader(_tokens(text), len(text.rstrip()) + 1)
    if not reader.tokens:
        return None
    part = _joined(reader, ROOT, 0)
    token, said = reader.peek()
    if token != "end":
        mend = "Join conditions with and, or."
        raise _Wrong(reader.place, "{said} stands where the filter should end.", mend, said=repr(said))
    return part


def _must_be_short(text: str) -> None:
    if len(text) > MOST_LETTERS:
        text = "It is longer than {most} letters."
        raise _Wrong(MOST_LETTERS + 1, text, "Ask in fewer words.", most=MOST_LETTERS)


def _tokens(text: str) -> list[tuple[int, str, str]]:
    if "\x00" in text:
        raise _Wrong(text.index("\x00") + 1, "It holds a sign that is no text.", "Take it out.")
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            raise _Wrong(text.index('"', at) + 1, "A quotation mark is not closed.", 'Close it with ".')
        quoted, sign, word = token.groups()
        kind = "text" if quoted is not None else "sign" if sign else "word"
        said = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if quoted is not None else sign or word
        found.append((token.start(token.lastindex or 0) + 1, kind, said))
        at = token.end()
    return found


def _joined(reader: _Reader, kind: str, depth: int) -> Part:
    """Return parts joined by one of the words `and`, `or`."""
    if depth > MOST_DEPTH:
        raise _Wrong(reader.place, "It nests deeper than {most}.", "Ask more simply.", most=MOST_DEPTH)
    parts, word = [_part(reader, kind, depth)], ""
    while reader.peek()[0] == "word" and reader.peek()[1] in ("and", "or"):
        at, _, said = reader.take()
        if word and said != word:
            raise _Wrong(at, "The words and, or meet without brackets.", "Put brackets round what belongs together.")
        word = said
        parts.append(_part(reader, kind, depth))
    if len(parts) == 1:
        return parts[0]
    join = All if word == "and" else Any
    once = dict.fromkeys(one for part in parts for one in (part.parts if isinstance(part, join) else (part,)))
    return join(tuple(once)) if len(once) > 1 else parts[0]


def _part(reader: _Reader, kind: str, depth: int) -> Part:
    reader.parts += 1
    if reader.parts > MOST_PARTS:
        raise _Wrong(reader.place, "It has more than {most} parts.", "Ask in fewer.", most=MOST_PARTS)
    at, token, said = reader.take()
    if token == "sign" and said == "(":
        inner = _joined(reader, kind, depth + 1)
        reader.need(")")
        return inner
    if token != "word":
        raise _Wrong(at, "A condition is missing before {said}.", "Write FIELD.how(VALUE).", said=_said(token, said))
    if said == "not":
        if depth >= MOST_DEPTH:
            raise _Wrong(at, "It nests deeper than {most}.", "Ask more simply.", most=MOST_DEPTH)
        inner = _part(reader, kind, depth + 1)
        return inner.part if isinstance(inner, Not) else Not(inner)
    if said in KINDS:
        return _some(reader, at, said, kind, depth)
    return _asked(reader, at, said, kind)


def _some(reader: _Reader, at: int, said: str, kind: str, depth: int) -> Some:
    if said not in kinds_in(kind):
        there = ", ".join(kinds_in(kind)) or "-"
        raise _Wrong(at, "{said} does not stand in {kind}.", "There are: {there}.", said=said, kind=kind, there=there)
    reader.need("(")
    if reader.peek() == ("sign", ")"):
        reader.take()
        return Some(said)
    inner = _joined(reader, said, depth + 1)
    reader.need(")")
    return Some(said, inner)


def _asked(reader: _Reader, at: int, said: str, kind: str) -> Asked:
    name, dot, how = said.partition(".")
    held = field(kind, name)
    if held is None:
        there = ", ".join(sorted(fields_of(kind)))
        raise _Wrong(
            at, "{name} is no field of {kind}.", "There are: {there}.", name=repr(name), kind=kind, there=there
        )
    if not dot or how not in held.ways:
        ways = ", ".join(held.ways)
        raise _Wrong(at, "{name} cannot be asked so.", "Write {name}. and one of: {ways}.", name=name, ways=ways)
    return Asked(name, how, _checked(held, how, _values(reader), at))


def _values(reader: _Reader) -> list[str]:
    reader.need("(")
    found: list[str] = []
    while reader.peek() != ("sign", ")"):
        if found:
            reader.need(")" if reader.peek()[0] == "end" else ",")
        at, token, said = reader.take()
        if token not in ("text", "word"):
            mend = "Write one, or close the bracket."
            raise _Wrong(at, "A value is missing before {said}.", mend, said=_said(token, said))
        found.append(said)
        while reader.peek()[0] == "word":  # words apart belong to one value: the two numbers of a corner
            found[-1] += f" {reader.take()[2]}"
        if len(found) > MOST_VALUES:
            raise _Wrong(at, "More than {most} values stand here.", "Ask of fewer.", most=MOST_VALUES)
    reader.need(")")
    return found


def _checked(held: Field, how: str, values: list[str], at: int) -> tuple[str, ...]:
    """Return the values as they are written canonically; raise for one that the field cannot have."""
    least, most = held.ways[how]
    if not least <= len(values) <= most:
        text = "{name}.{how} takes {least} to {most} values, not {n}."
        raise _Wrong(at, text, "Mend it.", name=held.name, how=how, least=least, most=most, n=len(values))
    made = []
    for value in values:
        understood = held.understood(how, value)
        if understood is None:
            mend = "Write {wanted}."
            raise _Wrong(
                at,
                "{value} is no value of {name}.",
                mend,
                value=repr(value[:60]),
                name=held.name,
                wanted=held.wanted(how),
            )
        made.append(understood)
    if how == "between" and held.ordered(made[1]) < held.ordered(made[0]):
        raise _Wrong(at, "{first} comes after {last}.", "Write the lesser first.", first=made[0], last=made[1])
    return tuple(dict.fromkeys(made)) if how == "is" else tuple(made)
