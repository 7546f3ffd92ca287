"""Are two names spellings of one name? Scripts, spacing, order, initials and missing parts are allowed for.

Nothing is inferred from a name: not sex, not origin, not any group. Names are folded for comparison only.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from geo.spelling import fold, heard

SAME_NAME = 0.8  # from here on two names are taken for spellings of one
AGREES = 0.75  # two parts of names agree: Hasan and Hassan do (1), Hassan and Hussein (0.5), Saad and Said do not
DIFFERS_AT_MOST = 0.65  # a name of which one part is another: brothers share all but the first of four
ONE_PART_AT_MOST = 0.6  # a single given name shared with a longer name: half a village has it
OTHER_ORDER = 0.93  # Khalid Ahmad may be Ahmad Khalid's father
CONFLICT = 1.5  # a part that differs speaks louder than one that agrees, for kin share parts of their names
MISSING = 0.1  # a middle or grandfather's name that is left out is no disagreement
INITIAL = 0.4  # an initial agrees with one part in ten or so by chance, a whole part with far fewer
REMEMBERED = 1 << 16

_TITLE = re.compile(
    "mr|mrs|ms|miss|dr|prof|professor|sheikh|shaykh|sheik|hajji?|haji|hajja|mullah|rev"
    "|(ال)?(شهيد|حاج|شيخ|دكتور|مرحوم)ه?"
)
_RANKS = {"jr": "2", "junior": "2", "ii": "2", "2nd": "2", "sr": "1", "senior": "1", "iii": "3", "3rd": "3", "iv": "4"}
_NO_NAME = re.compile(
    r"(unknown|unnamed|unidentified|withheld|not known|not named|no name|name withheld|name not|anonymous|n a|nn|tk tk"
    r"|مجهول|غير معروف|неизвестн|inconnu|desconocid)( .*|[a-zа-я]{0,3})"
)
_ABJAD = re.compile("[\u0590-\u05ff\u0600-\u06ff\ufb1d-\ufdff\ufe70-\ufefe]")
_HAN = re.compile("([\u3400-\u4dbf\u4e00-\u9fff])")
# Said of whose child one is, or of whence: in no list of a person's own names is it missed.
_BETWEEN = re.compile(
    "ibn|abn|bn|bin|ben|bint|bnt|bent|bnti|uld|wld|oglu|ogli|kizi|kyzy"
    "|de|del|las?|los|da|dos?|das|d[iu]|le|van|von|der|den|ter|zu|af|[ae]l"
)
_ABD = re.compile(r"abd(?:[aeou]+[lrsdtzn]|u)?")
_ABD_JOINED = re.compile(r"abd(?:[aeiou]*(la)$|[aeiou]+l(.{3,})|[aeiou]*(?=[^aeioul])(.{3,}))")
_PREFIXED = re.compile(r"(?:[ae]l|dela|del|de|van|von)(.{4,})")
_ABU = re.compile(r"ab(?:u|ou|o|w|aw)|[aou]+m")
# Half an error: sounds that languages write for each other, as g and j, g and h, b and p, v and f, z and d, s and t.
_BROAD = str.maketrans({"g": "h", "j": "h", "y": "h", "p": "b", "f": "v", "z": "d", "s": "t", "c": "t"})
_VOWEL = str.maketrans("yw", "iu")
_NEAR = {"ae": 0.8, "ei": 0.85, "ou": 0.9, "ao": 0.4, "eo": 0.3}
_FAR = 0.2
_CLASH = 0.4  # a long vowel that Arabic or Hebrew writes is no slip: Mahmud has one that Muhammad has not


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two sets of names are: 1 the same, 0 nothing in common; `template` says why, `values` fill its slots.

    `values`: agree, initial, differ, missing (numbers of parts of the two names that came nearest), near (where one
    part differs, how near it comes, in percent), first and second (those names as written).
    """

    score: float
    template: str
    values: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One part of a name: as heard, and as written where the script leaves short vowels out."""

    heard: str
    written: str = ""
    servant: bool = False  # of Abd: `heard` is what follows


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A name in parts, its rank in the family (2 for junior) and its folded form."""

    parts: tuple[Part, ...]
    rank: str
    folded: str


_NONE = Part("")


def names_alike(a: Sequence[str], b: Sequence[str]) -> Likeness:
    """Return how alike two persons' names are, by the two names that come nearest to each other.

    Parts are paired where they sound or spell alike (`geo.spelling.heard`; Damerau-Levenshtein distance restricted to
    neighbours; vowels between equal consonants), whatever the script and the order. Abd- and Abu compounds are one
    part however they are spaced, articles and words such as ibn, bin and de are let go, an initial agrees with its
    name. The score is (agreeing parts) / (agreeing + 1.5 differing + 0.1 missing), and never more than 0.65 where a
    part differs: brothers and namesakes with another father share the rest. Placeholders (unknown, name withheld) are
    no names. It does not show that two persons are one, and misses one name in two languages (Jacob and Yaqub, Robert
    and Bob).
    """
    known = [[name for name in names if not is_placeholder(name)] for names in (a, b)]
    found = [_compared(first, second) for first in known[0] for second in known[1]]
    if not found:
        return Likeness(0.0, "There are no names to compare.")
    return max(found, key=lambda one: (one.score, str(one.values["first"]), str(one.values["second"])))


@lru_cache(maxsize=REMEMBERED)
def name_keys(name: str) -> frozenset[str]:
    """Return what other spellings of a name most likely share: the consonants of each part, near ones put together.

    For bringing candidates together only. Two spellings of one name share every key, or all but one, with few
    exceptions; initials and placeholders have none.
    """
    if is_placeholder(name):
        return frozenset()
    parts = [part for part in taken_apart(name).parts if not _is_initial(part)]
    bare = [one for one in map(_bare, parts) if one != _NONE]
    return frozenset(_key(part) for part in (*parts, *bare))


def _key(part: Part) -> str:
    consonants, gaps = _sounds(part.heard)
    return ("abd-" if part.servant else "a" if gaps[0] else "") + consonants.translate(_BROAD)


def is_placeholder(name: str) -> bool:
    """Say whether this stands where a name is not known: nothing, "unknown", "name withheld" and the like."""
    plain = fold(name)
    return not plain or _NO_NAME.fullmatch(plain) is not None


@lru_cache(maxsize=REMEMBERED)
def taken_apart(name: str) -> Name:
    """Return a name in its parts, for comparison."""
    turned = _turned(name)
    words = [word for word in turned.split() if not _TITLE.fullmatch(fold(word))] or turned.split()
    rank = ""
    if len(words) > 1 and (rank := _RANKS.get(fold(words[-1]), "")):
        words = words[:-1]
    text = _HAN.sub(r" \1 ", " ".join(words))
    return Name(tuple(_joined(_inner(_parts(text)))), rank, fold(name))


def _turned(name: str) -> str:
    """Put `Family, Given` as `Given Family`."""
    family, comma, given = name.replace("،", ",").partition(",")
    if not comma or "," in given or not fold(given) or fold(given) in _RANKS:
        return name.replace(",", " ")
    return f"{given} {family}"


def _parts(text: str) -> list[Part]:
    sounds = heard(text).split()
    if not _ABJAD.search(text):
        return [Part(sound) for sound in sounds]
    written = [word[2:] if word.startswith("ال") and len(word) > 4 else word for word in fold(text).split()]
    return [Part(sound, word) for sound, word in zip(sounds, written, strict=False)]


def _inner(parts: list[Part]) -> list[Part]:
    """Leave out the words between names."""
    if len(parts) < 3:
        return parts
    return [parts[0], *(part for part in parts[1:-1] if not _BETWEEN.fullmatch(part.heard)), parts[-1]]


def _joined(parts: list[Part]) -> list[Part]:
    """Make one part of Abd or Abu and what follows it, however it is spaced."""
    made: list[Part] = []
    for part in parts:
        before = made[-1] if made else Part("")
        if _ABD.fullmatch(before.heard) and not before.servant:
            made[-1] = Part("la" if part.heard in ("ala", "ela") else part.heard, _without(part.written), True)
        elif _ABU.fullmatch(before.heard) and not before.servant and len(before.heard) < 4:
            made[-1] = Part(before.heard + part.heard, before.written + part.written)
        elif rest := _ABD_JOINED.fullmatch(part.heard):
            made.append(Part(next(filter(None, rest.groups())), _without(part.written.removeprefix("عبد")), True))
        else:
            made.append(part)
    return made


def _without(written: str) -> str:
    """Return a word without its article."""
    return written[2:] if written.startswith("ال") else written


def _compared(first: str, second: str) -> Likeness:
    a, b = taken_apart(first), taken_apart(second)
    swapped = b < a  # so that it cannot matter which is named first
    counted = _counted(b, a) if swapped else _counted(a, b)
    values = {**counted.values, "first": first, "second": second}
    return Likeness(counted.score, counted.template, values)


@lru_cache(maxsize=REMEMBERED)
def _counted(a: Name, b: Name) -> Likeness:
    if a.folded == b.folded:
        values = {"agree": len(a.parts), "initial": 0, "differ": 0, "near": 0, "missing": 0}
        return Likeness(1.0, "The names are written the same.", values)
    x, y = _spaced(a.parts, b.parts), _spaced(b.parts, a.parts)
    pairs = _paired(x, y)
    agreeing = [(i, j, alike) for i, j, alike in pairs if alike >= AGREES]
    initials = sum(_is_initial(x[i]) or _is_initial(y[j]) for i, j, _ in agreeing)
    left = sorted((len(x) - len(agreeing), len(y) - len(agreeing)))
    differ, missing = left[0] + (a.rank != b.rank and bool(a.rank and b.rank)), left[1] - left[0]
    near = max((round(100 * alike) for _, _, alike in pairs if alike < AGREES), default=0) if differ == 1 else 0
    values = {
        "agree": len(agreeing) - initials, "initial": initials, "differ": differ, "near": near, "missing": missing
    }  # fmt: skip
    weight = len(agreeing) - initials * (1 - INITIAL)
    if not agreeing:
        return Likeness(0.0, "The names have nothing in common.", values)
    agreed = sum(alike * (INITIAL if _is_initial(x[i]) or _is_initial(y[j]) else 1) for i, j, alike in agreeing)
    score = agreed / (weight + CONFLICT * differ + MISSING * missing)
    in_order = [j for _, j, _ in sorted(agreeing)] == sorted(j for _, j, _ in agreeing)
    score *= 1 if in_order else OTHER_ORDER
    if differ:
        return Likeness(min(score, DIFFERS_AT_MOST), "Parts of the names differ: {differ}; alike: {agree}.", values)
    if weight <= 1 and missing:
        return Likeness(min(score, ONE_PART_AT_MOST), "The names have one part in common, which says little.", values)
    return Likeness(score, _why(score, in_order, missing, initials), values)


def _why(score: float, in_order: bool, missing: int, initials: int) -> str:
    if not in_order:
        return "The names are alike, in another order."
    if initials:
        return "The names are alike as far as initials show."
    if missing:
        return "The names are alike; parts that only one has: {missing}."
    return "The names are alike in sound, in another spelling or script."


def _spaced(parts: tuple[Part, ...], others: tuple[Part, ...]) -> tuple[Part, ...]:
    """Join neighbours that the other name writes as one: Nur al-Din and Nureddin, Mc Donald and McDonald."""
    made: list[Part] = []
    for part in parts:
        both = Part(made[-1].heard + part.heard, made[-1].written + part.written) if made else part
        if made and any(
            _alike(both, other) > max(_alike(made[-1], other), _alike(part, other), 0.85) for other in others
        ):
            made[-1] = both
        else:
            made.append(part)
    return tuple(made)


def _paired(x: tuple[Part, ...], y: tuple[Part, ...]) -> list[tuple[int, int, float]]:
    """Pair parts, the likest first, and of equals those that stand nearest to the same place."""
    every = [(_alike(p, q), i, j) for i, p in enumerate(x) for j, q in enumerate(y)]
    pairs: list[tuple[int, int, float]] = []
    for alike, i, j in sorted(every, key=lambda one: (-one[0], abs(one[1] - one[2]), one[1])):
        if all(i != taken_i and j != taken_j for taken_i, taken_j, _ in pairs):
            pairs.append((i, j, alike))
    return pairs


def _is_initial(part: Part) -> bool:
    return len(part.heard) == 1 and part.heard.isascii() and not part.servant


@lru_cache(maxsize=REMEMBERED * 4)
def _alike(p: Part, q: Part) -> float:
    """Return how alike two parts are, 0 to 1."""
    if p == q:
        return 1.0
    if p.servant != q.servant:
        return 0.0
    if _is_initial(p) or _is_initial(q):
        return 0.9 if p.heard[:1] == q.heard[:1] else 0.0
    if p.written and q.written:
        return _near(p.written, q.written, 1.6)
    if p.heard == q.heard:
        return 1.0
    return max(_by_ear(p, q), _by_ear(_bare(p), q), _by_ear(p, _bare(q)))


def _bare(part: Part) -> Part:
    """Return a part without an article or particle that is written as one with it, or a part that agrees with none."""
    found = _PREFIXED.fullmatch(part.heard)
    return Part(found[1]) if found and not part.written else _NONE


def _by_ear(p: Part, q: Part) -> float:
    if _NONE in (p, q):
        return 0.0
    (c, vowels), (d, others) = _sounds(p.heard), _sounds(q.heard)
    if c != d:
        return _near(c, d, 1.5) if p.written or q.written else _near(p.heard, q.heard, 1.4)
    if p.written:
        return _vowels_alike(others, vowels, abjad=True)
    if q.written:
        return _vowels_alike(vowels, others, abjad=True)
    return _vowels_alike(vowels, others, abjad=False, slips=_near(p.heard, q.heard, 1.4))


def _near(first: str, second: str, strictness: float) -> float:
    """Return 1 less the errors of writing per letter, as often as `strictness`; never 1 for what is not the same."""
    from rapidfuzz.distance import OSA

    if first == second:
        return 1.0
    errors = OSA.distance(first, second) + OSA.distance(first.translate(_BROAD), second.translate(_BROAD))
    return max(0.0, min(0.95, 1 - strictness * errors / 2 / max(len(first), len(second), 1)))


@lru_cache(maxsize=REMEMBERED)
def _sounds(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the consonants, and the vowels before, between and behind them (one more than there are consonants)."""
    consonants, gaps = "", [""]
    for place, letter in enumerate(text):
        if letter in "aeiou" or (letter in "yw" and place):
            gaps[-1] += letter
        else:
            consonants += letter
            gaps.append("")
    return consonants, tuple(gaps)


def _vowels_alike(full: tuple[str, ...], other: tuple[str, ...], *, abjad: bool, slips: float = 0.0) -> float:
    """Return how alike two parts of equal consonants are by their vowels; with `abjad` only `other`'s long ones are known.

    The first vowel counts twice (Omar is not Amar). A vowel that is another altogether makes another name (Hamid and
    Hamad, Mahmud and Muhammad), and so does a last `a` that only one has (Samir, Samira). `slips` is what the parts
    are alike if their differences are slips of the pen.
    """
    agreed = counted = 0.0
    clash = False
    for place, (one, two) in enumerate(zip(full, other, strict=True)):
        if one or two:
            alike, weight = _vowel(one, two, place == 0, place == len(full) - 1, abjad), 1 if place else 2
            agreed, counted = agreed + weight * alike, counted + weight
            clash |= bool(one and two) and alike <= (_CLASH if abjad else _FAR)
    score = 0.3 + 0.7 * (agreed / counted if counted else 1.0)
    ends = {full[-1][-1:], other[-1][-1:]}
    other_name = clash or ("a" in ends and ends & {"", "o", "u", "i"})
    return min(score, AGREES - 0.05) if other_name else max(score, slips)


def _vowel(one: str, two: str, first: bool, last: bool, abjad: bool) -> float:
    if abjad and first:
        return 1.0 if one and two else 0.5
    if not one or not two:
        if abjad:
            return (0.4 if last else 1.0) if len(one) == 1 else 0.3
        return 0.3 if first else 0.6
    if abjad and last and two == "y":
        return max(_vowel(one, "i", first, last, False), _vowel(one, "a", first, last, False))
    a, b = one.translate(_VOWEL), two.translate(_VOWEL)
    ways = ([max(_vowel_near(v, w) for w in b) for v in a], [max(_vowel_near(v, w) for v in a) for w in b])
    return min(sum(way) / len(way) for way in ways)


def _vowel_near(v: str, w: str) -> float:
    return 1.0 if v == w else _NEAR.get(min(v, w) + max(v, w), _FAR)
