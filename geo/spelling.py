"""How words of any script are brought into a form for comparison; what was written stays as it was written.

`fold` takes away what writers of one script leave out or exchange; `latin` goes further and brings scripts near each
other. Both are made of one table each that grows as characters are met, so a name costs about a microsecond.
"""

from __future__ import annotations

import re
import unicodedata

# Letters that writers exchange and that Unicode does not decompose: Persian, Urdu and Kurdish kaf, ya and ha for the
# Arabic ones, alef maqsura, ta marbuta, Hebrew finals, Ukrainian and Latin letters with a stroke or a hook.
_SAME = dict(
    zip("ٱىیېےۍةہھەۃکڪګךםןףץґıøłđæœðþħŋəɛɔƙɗɓ",
        ("ا", "ي", "ي", "ي", "ي", "ي", "ه", "ه", "ه", "ه", "ه", "ك", "ك", "ك", "כ", "מ", "נ", "פ", "צ", "г",
         "i", "o", "l", "d", "ae", "oe", "d", "th", "h", "n", "e", "e", "o", "k", "d", "b"), strict=True)
)  # fmt: skip
# Not letters to the ear: a hamza on the line, tatweel, every kind of apostrophe, geresh and gershayim.
_SILENT = frozenset("ءٴـ'`´’‘‛‚′＇ꞌ׳״")
_KANA_MARKS = frozenset("\u3099\u309a")  # the only marks without which another sound is meant, not a variant


def _folded(char: str) -> str:
    """Return what one character is compared as: letters and digits, a space, or nothing."""
    if _is_silent(char):
        return ""
    plain = char
    for _ in range(2):
        plain = unicodedata.normalize("NFKD", plain.casefold())
    return "".join(map(_letter, plain))


def _is_silent(char: str) -> bool:
    """Say whether a character is heard by nobody: listed so, a modifier letter, or a sign of formatting."""
    return char in _SILENT or "\u02b9" <= char <= "\u02df" or unicodedata.category(char) == "Cf"


def _letter(char: str) -> str:
    if char in _KANA_MARKS:
        return char
    if unicodedata.combining(char) or _is_silent(char):
        return ""
    if (digit := unicodedata.digit(char, None)) is not None:
        return str(digit)
    return _SAME.get(char) or (char if unicodedata.category(char)[0] in "LNM" else " ")


class _Table(dict[int, str]):
    """A translation table that asks once for each character it meets."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _folded(chr(code))
        return found


_FOLD = _Table()


def fold(text: str) -> str:
    """Return text as it is compared with other text of the same script; never what is shown or stored.

    No case, no accents or points (NFKD without combining marks), one form of alef and hamza, ya for alef maqsura and
    for Persian ya, ha for ta marbuta, kaf for its Persian and Urdu forms, no tatweel, plain for final Hebrew letters,
    е for ё and и for й, Western digits, no apostrophes, and single spaces for hyphens and any other punctuation.
    Source: Unicode Standard Annex 15 (NFKD); the Arabic steps are the usual ones of Arabic text retrieval (Larkey,
    Ballesteros and Connell 2002, "light" normalisation) without its stemming. Folding a folded text changes nothing.
    It does not show that two words are the same word: it also makes some different ones alike.
    """
    return " ".join(text.translate(_FOLD).split())


_LATIN_OF = dict(
    zip("ابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگڤڭڨۆێڵڕ"
        "абвгдежзиклмнопрстуфхцчшщъыьэюяіѐєјљњћђџѕғқңүұөһәҳҷҝҹ"
        "אבגדהוזחטיכלמנסעפצקרשת"
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        ("a", "b", "t", "t", "j", "h", "h", "d", "d", "r", "z", "s", "s", "s", "d", "t", "z", "a", "g", "f", "K", "K",
         "l", "m", "n", "h", "w", "y", "p", "ch", "z", "g", "v", "g", "g", "o", "e", "l", "r",
         "a", "b", "v", "g", "d", "e", "z", "z", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "h",
         "ts", "ch", "s", "s", "", "i", "", "e", "yu", "ya", "i", "e", "e", "y", "l", "n", "ch", "j", "j", "z", "g",
         "k", "n", "u", "u", "o", "h", "a", "h", "j", "g", "j",
         "a", "b", "g", "d", "h", "w", "z", "h", "t", "y", "K", "l", "m", "n", "s", "a", "p", "ts", "K", "r", "s", "t",
         "a", "v", "g", "d", "e", "z", "i", "t", "i", "k", "l", "m", "n", "ks", "o", "p", "r", "s", "s", "t", "i", "f",
         "h", "ps", "o"), strict=True)
)  # fmt: skip
_HEARD = {"й": "y", "Й": "y", "ף": "f"} | dict.fromkeys("čČćĆçÇ", "ch")  # what folding would lose for the ear


class _LatinTable(dict[int, str]):
    """As `_Table`, in Latin letters."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = found = _HEARD.get(char) or "".join(_LATIN_OF.get(c, c) for c in _folded(char))
        return found


_LATIN = _LatinTable()
_ARABIC = re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufeff]")
# The article of folded Arabic, but not in names that merely begin with its letters: Allah, Elias, Ilham, Albert ...
_ARTICLE_ARABIC = re.compile(r"(?<!\w)(?!الله|الياس|الهام|الين|الفت|البرت|الفريد|الكس)ال(?=\w\w)")
_FINAL_HA = re.compile(r"(?<=\w)ه\b")
_ARTICLE = re.compile(r"\b[aeu](?:l |([rsdtzn])h? (?=\1))(?=\w)")
# Several letters for one sound. A capital keeps a sound from what a later line would make of it: Arabic and Hebrew k is K,
# so that k and h side by side are not heard as kh.
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"dzh|dsch|dj", "j"),
        (r"tsch|tch|cz", "C"),
        (r"sch|sh|sz", "s"),
        (r"ch", "C"),
        (r"\bou(?=[aeiy])", "w"),
        (r"ee", "i"),
        (r"oo|ou", "u"),
        (r"kh", "h"),
        (r"ph", "f"),
        (r"([tdgz])h", r"\1"),
        (r"c(?=[eiy])", "s"),
        (r"ck|[cqK]", "k"),
        (r"x", "ks"),
        (r"(\w)\1+", r"\1"),
        (r"(?<=a)h\b", ""),
        (r"\bw", "v"),
    )
)
_FIRST_VOWELS = re.compile(r"\b[aeiou]+")
_INNER_VOWELS = re.compile(r"(?<=\w)[aeiouyw]+")


def heard(text: str) -> str:
    """Return a rough Latin spelling with the vowels that are written: Мухаммад is `muhamad`, محمد is `mhmd`.

    Letters of Arabic (with Persian and Kurdish ones), Cyrillic, Hebrew and Greek are put into Latin ones, several
    letters for one sound into one (kh and h into h, sh and s into s, gh and g into g, th and t into t, q and k into k),
    doubled letters into one, and the article (al-, ar-, ال) goes. Within a word w and y stand for long vowels.
    Words keep their order, with single spaces. Other scripts come back folded. It is no transliteration by any
    standard and not to be shown.
    """
    if _ARABIC.search(text):
        text = _FINAL_HA.sub("ا", _ARTICLE_ARABIC.sub("", fold(text)))
    said = " ".join(unicodedata.normalize("NFC", text).translate(_LATIN).split())
    for pattern, sound in ((_ARTICLE, ""), *_SOUNDS):
        said = pattern.sub(sound, said)
    return said.lower()


def latin(text: str) -> str:
    """Return a rough common Latin skeleton: محمد, Мухаммад, Mohammed and Mohamad all become `mhmd`.

    As `heard`, with vowels within a word dropped, and one at its beginning made `a`. Equal skeletons do not show equal
    names: Saad and Saeed, Hassan and Hussein are told apart by nothing here; and names that are one name in two
    languages (Jacob, Yaqub) may differ. It brings candidates together for a closer look, and that look must be taken.
    """
    return _INNER_VOWELS.sub("", _FIRST_VOWELS.sub("a", heard(text)))
