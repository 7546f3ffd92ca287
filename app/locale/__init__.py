"""The languages of the pages: each is one file, read when first asked for. Nothing here needs an open page."""

import gettext
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from email import message_from_string
from email.message import Message
from enum import Enum
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, unescape
from babel.numbers import format_decimal

from app.locale.fields import FIELDS, VICTIM
from casualty.errors import CasualtyError, Fault, Word, filled
from casualty.vocabulary import Codes, Terms

HERE = Path(__file__).parent
FILE = "casualty.po"
SOURCE = "en"
COOKIE = "casualty_language"
TERM = "term"  # the context of labels and definitions: a term and a button may be one word in English alone
GROUPED_FROM = 10_000
NARROW_SPACE = "\u202f"
ISOLATED = "\u2068{}\u2069"
ARABIC_SIGNS = {",": "\u060c", ";": "\u061b"}
DAY, DAY_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}"), re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})")


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the pages: its tag (BCP 47), its own name, its direction, and whether a native speaker signed it."""

    tag: str
    name: str
    direction: str
    signed: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language's words, numbers and dates."""

    language: Language
    texts: gettext.NullTranslations
    locale: Locale

    def say(self, template: str, /, **values: object) -> str:
        """Return a sentence in this language, its slots filled."""
        return filled(self.texts.gettext(template) if template else "", self._written(values))

    def count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """Return a sentence about `n` things in the plural form that this language has for that number."""
        return filled(self.texts.ngettext(one, many, n), self._written({"n": n, **values}))

    def term(self, member: Terms | Codes) -> str:
        """Return the label of a term."""
        return self.texts.pgettext(TERM, member.label)

    def explain(self, member: Terms | Codes) -> str:
        """Return the definition of a term."""
        return self.texts.pgettext(TERM, member.definition)

    def field(self, name: str) -> str:
        """Return what a field of the codebook is called; a field that is not named here keeps its own name."""
        if victim := VICTIM.fullmatch(name):
            of = self.say("Victim {number}", number=int(victim[1]))
            return f"{of}, {self.field(victim[2])}" if victim[2] else of
        return self.say(FIELDS[name]) if name in FIELDS else name

    def told(self, error: CasualtyError) -> tuple[str, list[Fault]]:
        """Return an error's message and its faults in this language; the faults keep row and field."""
        said = self.say(error.template, **error.values)
        return said, [
            replace(f, fault=self.say(f.fault, **f.values), mend=self.say(f.mend, **f.values), values={})
            for f in error.faults
        ]

    def fault(self, fault: Fault) -> str:
        """Return a fault as a sentence: where it stands, what it is, how to mend it."""
        row = self.say("row {number}", number=fault.row) if fault.row else ""
        place = self.joined(part for part in (row, self.field(fault.field) if fault.field else "") if part)
        said = f"{self.say(fault.fault, **fault.values)} {self.say(fault.mend, **fault.values)}".strip()
        return f"{place}: {said}" if place else said

    def number(self, value: float) -> str:
        """Return a number in European digits, in groups parted by a narrow space from 10 000 on.

        No language groups by a comma or a full stop here: a number copied out never reads as a decimal elsewhere.
        """
        return _number(self.locale, value)

    def day(self, value: object) -> str:
        """Return a day (a date, a moment or an ISO text) as this language writes it; English keeps the ISO form."""
        found = DAY.match(str(value))
        if found is None:
            return str(value)
        if self.language.tag == SOURCE:
            return found[0]
        return format_date(date.fromisoformat(found[0]), format="d MMMM y", locale=self.locale)

    def moment(self, value: object) -> str:
        """Return a moment of the record (UTC) to the minute."""
        found = DAY_AND_TIME.match(str(value).replace(" ", "T"))
        if found is None:
            return str(value)
        if self.language.tag == SOURCE:
            return f"{found[1]} {found[2]}Z"
        return self.say("{day}, {time} UTC", day=date.fromisoformat(found[1]), time=found[2])

    def joined(self, parts: Iterable[str], sign: str = ",") -> str:
        """Return parts of a list beside each other, parted by this language's comma or semicolon."""
        return f"{ARABIC_SIGNS[sign] if self.locale.language == 'ar' else sign} ".join(parts)

    def _written(self, values: Mapping[str, object]) -> dict[str, str]:
        return {name: self.written(value) for name, value in values.items()}

    def written(self, value: object) -> str:
        """Return what fills a slot: what this program says is translated, what somebody typed stands apart."""
        if value is None:
            return self.say("unknown")
        if isinstance(value, Terms | Codes):
            return self.term(value)
        if isinstance(value, Word):
            return self.texts.gettext(value)
        if isinstance(value, tuple | list):
            return self.joined(map(self.written, value))
        if isinstance(value, datetime):
            return self.moment(value.isoformat())
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, int | float) and not isinstance(value, bool | Enum):
            return self.number(value)
        return ISOLATED.format(value) if self.language.direction == "rtl" and value != "" else str(value)


def header(text: str) -> Message:
    """Return the header of a catalogue file: the text of its first, nameless message."""
    lines = text.partition('msgstr ""\n')[2].partition("\n\n")[0].splitlines()
    return message_from_string("".join(unescape(line) for line in lines))


@lru_cache(maxsize=10_000)
def _number(locale: Locale, value: float) -> str:
    # A page of a map writes a thousand numbers, mostly the same.
    pattern = "#,##0.###" if abs(value) >= GROUPED_FROM else "0.###"
    sign = locale.number_symbols["latn"]["group"]
    return format_decimal(value, format=pattern, locale=locale, numbering_system="latn").replace(sign, NARROW_SPACE)


@cache
def catalogue(tag: str) -> Catalogue:
    """Return the catalogue of a language that is among `tags()`."""
    if tag == SOURCE:
        return Catalogue(Language(SOURCE, "English", "ltr", signed=True), gettext.NullTranslations(), Locale(SOURCE))
    text = (HERE / tag / FILE).read_text(encoding="utf-8")
    said = header(text)
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.StringIO(text), locale=tag.replace("-", "_")))
    compiled.seek(0)
    language = Language(tag, said["X-Language-Name"], said["X-Direction"], said["X-Native-Review"] != "none")
    return Catalogue(language, gettext.GNUTranslations(compiled), Locale.parse(tag, sep="-"))


@cache
def tags() -> tuple[str, ...]:
    """Return the tags of all languages, the source first."""
    return (SOURCE, *sorted(path.parent.name for path in HERE.glob(f"*/{FILE}")))


def for_request(cookies: Mapping[str, str], accept_language: str | None) -> Catalogue:
    """Return the catalogue for a browser: what was chosen here, or else the best of what it asks for, or English."""
    chosen = cookies.get(COOKIE, "")
    return catalogue(chosen if chosen in tags() else _asked(accept_language or ""))


def _asked(accepted: str) -> str:
    """Return the known language that an Accept-Language header ranks first (RFC 9110, section 12.5.4)."""
    ranked = []
    for place, part in enumerate(accepted.split(",")[:50]):
        tag, _, weight = part.strip().partition(";")
        stated = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight)
        ranked.append((-float(stated[1]) if stated else -1.0, place, tag.strip().lower()))
    for weight, _, tag in sorted(ranked):
        for known in tags():
            if weight < 0 and known.lower() in (tag, tag.partition("-")[0]):
                return known
    return SOURCE


def chooser(now: str, onward: str) -> str:
    """Return links to the other languages as HTML, each in its own name; `onward` is the page to come back to."""
    links = []
    for tag in tags():
        language = catalogue(tag).language
        here = ' aria-current="true"' if tag == now else ""
        links.append(
            f'<a href="/language?to={tag}&amp;next={quote(onward, safe="")}" lang="{tag}" hreflang="{tag}" '
            f'dir="{language.direction}"{here}>{escape(language.name)}</a>'
        )
    label = escape(catalogue(now).say("Languages"))
    return f'<nav class="languages" aria-label="{label}">{" ".join(links)}</nav>'


def remark(shown: Catalogue) -> str:
    """Return what a page says of a translation that nobody has signed; nothing of one that is signed."""
    return "" if shown.language.signed else shown.say("No native speaker has signed this translation yet.")
