"""Which names are spellings of one name, and which are not, however near (R23, R58).

Invented names. `alike` are taken for one name (a score of 0.8 or more), `apart` are not: merging those has removed
people from a record elsewhere. The last column says why.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casualty.linkage import SAME_NAME, PersonTraits, is_placeholder, name_keys, names_alike, same_person
from casualty.linkage.names import DIFFERS_AT_MOST
from geo.spelling import fold, heard, latin

ALIKE = """
عبد الرحمن صالح             | عبدالرحمن صالح               | Abd- compounds are written apart or as one
عبد الرحمن صالح             | Abd al-Rahman Saleh          | another script
عبد الرحمن صالح             | Abdul Rahman Salih           | Abdul is Abd and the article
عبد الرحمن صالح             | Abdelrahman Saleh            | written as one
Abdurrahman Saleh           | Abd ar-Rahman Salih          | the article takes on the next sound
Абдурахман Салех            | عبد الرحمن صالح              | Cyrillic and Arabic
عبد الله يحيى               | Abdullah Yahya               | Allah keeps its l
أحمد الخالدي                | احمد الخالدى                 | hamza, and alef maqsura for ya
فاطمة السيد                 | فاطمه السيّد                  | ta marbuta and ha, a doubling sign
فاطمة السيد                 | Fatima Sayed                 | the article left out
محـــمد كریم                | محمد كريم                    | tatweel, and a Persian ya
علی کریمی                   | علي كريمي                    | Persian kaf and ya
محمد حسين                   | Мухаммад Хусейн              | Arabic and Cyrillic
محمد حسين                   | Mohammed Hussein             | vowels that Arabic does not write
Mohamad Husayn              | Muhammad Hossein             | Latin spellings of one name
محمود عباس                  | Mahmoud Abbas                | a long vowel that Arabic writes
Moustapha Diarra            | Mustafa Diarra               | French spelling
Abu Bakr Diallo             | Aboubakar Diallo             | Abu written as one with its name
أبو بكر الخطيب              | Abubakr Khatib               | in another script, without the article
نور الدين عمر               | Nureddin Omar                | two words of Arabic, one of Latin
Khadija Osman               | خديجة عثمان                  | th that Turkish and Persian say as s
Ahmad bin Khalid Hassan     | أحمد خالد حسن                | a word for `son of` left out
Ahmad Khalid Hassan         | Ahmad Hassan                 | the father's name left out
Hassan, Ahmad               | Ahmad Hassan                 | the family name first, with a comma
الشهيد أحمد خالد حسن        | أحمد خالد حسن                | a title
Hassan Ahmad                | Ahmad Hassan                 | another order: alike, and less so
Иванов Иван Петрович        | Иван Петрович Иванов         | the family name first
Иванов И. П.                | Иван Петрович Иванов         | initials
Иван Петрович Иванов        | Ivan Ivanov                  | the patronymic left out
Сергей Алёхин               | Сергеи Алехин                | ё and е, й and и
Юлия Коваленко              | Yulia Kovalenko              | one sound, two letters
Ибрагим Юсупов              | Ibrahim Yusupov              | g written for h
Дмитрий Ковач               | Dmitri Kovač                 | a letter with a sign
Đorđe Ković                 | Dorde Kovic                  | signs left out
José María de la Cruz       | Jose Maria Delacruz          | signs, and a particle written as one
Jean-Pierre Ndayizeye       | Jean Pierre NDAYIZEYE        | a hyphen, capitals
Patrick O'Brien             | Patrick O’Brien              | two apostrophes
Catherine Smyth             | Katherine Smith              | one sound
J. Smith                    | John Smith                   | an initial
Dr. John Smith              | John Smith Jr.               | a title, and a rank that only one has
יוסף כהן                    | Yosef Kohen                  | Hebrew
Γιώργος Παππάς              | Giorgos Pappas               | Greek
王小明                      | 王 小明                      | spacing
"""

APART = """
Ahmad Khalid Hassan         | Omar Khalid Hassan           | brothers
أحمد خالد حسن               | عمر خالد حسن                 | brothers
أحمد خالد عمر المصري        | سعيد خالد عمر المصري         | brothers, who share three parts of four
Иван Петрович Иванов        | Пётр Петрович Иванов         | brothers
James Smith                 | John Smith                   | brothers, perhaps
Ahmad Khalid Hassan         | Ahmad Omar Hassan            | another father
محمد علي حسن                | محمد سعيد حسن                | another father
Иван Петрович Иванов        | Иван Сергеевич Иванов        | another father
John Smith Sr.              | John Smith Jr.               | father and son
أحمد                        | أحمد خالد حسن                | a given name alone
حسن علي                     | حسين علي                     | two names of the same consonants
Hassan Ali                  | Hussein Ali                  | the same in Latin letters
حسين علي                    | Hassan Ali                   | the same across scripts
محمد علي                    | محمود علي                    | one letter, another name
Mohammed Ali                | Mahmoud Ali                  | the same in Latin letters
محمود علي                   | Mohammed Ali                 | the same across scripts
سعد عمر                     | سعيد عمر                     | one letter, another name
Saad Omar                   | Saeed Omar                   | the same in Latin letters
عمر حسن                     | عمار حسن                     | one letter, another name
Hamid Khalil                | Hamad Khalil                 | one vowel, another name
Samir Khalil                | Samira Khalil                | a last a
سمير خليل                   | Samira Khalil                | the same across scripts
Иван Иванов                 | Ивана Иванова                | a last a, twice
Abd al-Rahman Saleh         | Abd al-Rahim Saleh           | another name of God
عبد الرحمن صالح             | عبد الرحيم صالح              | another name of God
عبد الكريم صالح             | كريم صالح                    | Abd is part of the name
Maria Lopez                 | Mario Lopez                  | a last letter
J. Smith                    | K. Smith                     | another initial
Martin Cruz                 | Martinez Cruz                | more than a slip
王小明                      | 王大明                       | one sign, another name
Name withheld               | Name withheld                | no name
"""
SPELLINGS = "Mohammed Muhammad Mohamad Мухаммад Мохаммед محمد مُحَمَّد Mohamed"


def rows(table: str) -> list[tuple[str, str, str]]:
    found = [tuple(cell.strip() for cell in line.split("|")) for line in table.strip("\n").splitlines()]
    return [(a, b, why) for a, b, why in found]


@pytest.mark.parametrize(("a", "b", "why"), rows(ALIKE))
def test_alike(a: str, b: str, why: str) -> None:
    """R23, R58: spellings of one name are found as such."""
    found = names_alike([a], [b])
    assert found.score >= SAME_NAME, (why, found)
    assert name_keys(a) & name_keys(b), why


@pytest.mark.parametrize(("a", "b", "why"), rows(APART))
def test_apart(a: str, b: str, why: str) -> None:
    """R23, R58: kin, namesakes and near names are not taken for one, nor ever likely the same person."""
    found = names_alike([a], [b])
    assert found.score < SAME_NAME, (why, found)
    alike = {"sex": "man", "age_low": 30, "age_high": 30, "place": (35.0, 40.0)}
    one, two = (PersonTraits(names=(name,), **alike) for name in (a, b))  # type: ignore[arg-type]
    assert same_person(one, two).score < 0.9, why


def test_spellings_of_one_name_meet() -> None:
    """R23: one skeleton, one key, whatever the script."""
    assert {latin(one) for one in SPELLINGS.split()} == {"mhmd"}
    assert len({name_keys(one) for one in SPELLINGS.split()}) == 1
    assert [heard(one) for one in ("Мухаммад", "محمد", "محمود")] == ["muhamad", "mhmd", "mhmwd"]


def test_order_spacing_and_parts_are_told() -> None:
    """R58: the reason shown is the one that holds."""
    told = {
        ("Ahmad Hassan", "AHMAD HASSAN"): "The names are written the same.",
        ("Ahmad Hassan", "أحمد حسن"): "The names are alike in sound, in another spelling or script.",
        ("Ahmad Hassan", "Hassan Ahmad"): "The names are alike, in another order.",
        ("Ahmad Khalid Hassan", "Ahmad Hassan"): "The names are alike; parts that only one has: {missing}.",
        ("A. Hassan", "Ahmad Hassan"): "The names are alike as far as initials show.",
        ("Ahmad", "Ahmad Hassan"): "The names have one part in common, which says little.",
        ("Ahmad Hassan", "Omar Hassan"): "Parts of the names differ: {differ}; alike: {agree}.",
        ("Ahmad Hassan", "Giorgos Pappas"): "The names have nothing in common.",
    }
    for (a, b), template in told.items():
        found = names_alike([a], [b])
        assert found.template == template
        assert found.template.format(**found.values)
        assert (found.values["first"], found.values["second"]) == (a, b)


def test_several_names_meet_at_their_nearest() -> None:
    """R23: an alias or another script is a way to be found, and a placeholder is none."""
    assert names_alike(["Unknown", "Abu Omar", "Khalid Hassan"], ["خالد حسن"]).score >= SAME_NAME
    assert names_alike(["Unknown"], ["Unknown"]).score == 0
    assert names_alike([], ["Khalid Hassan"]).score == 0
    assert all(map(is_placeholder, ("", " - ", "UNKNOWN", "Name withheld by police", "مجهول الهوية", "Неизвестный")))
    assert not any(map(is_placeholder, ("Nadia", "Anna Known", "N. N. Petrov")))


ALPHABETS = ("abcdehilmnorstuyz", "абвгдеийклмнорстуфхя", "ابتحخدرسشعفقكلمنهويةىأإ", "כלמנסעפצקרשתםןי", "-'. ,’ـُ")
texts = st.text(st.sampled_from("".join(ALPHABETS)), min_size=1, max_size=24) | st.text(max_size=24)
parts = st.sampled_from(
    ["Ahmad", "Khalid", "خالد", "عبد", "الرحمن", "Иван", "Omar", "al-Hassan", "J.", "Abu", "Jr", "de"]
)
names = st.lists(parts, min_size=1, max_size=5).map(" ".join) | texts


@given(names, names)
def test_likeness_is_the_same_from_both_sides(a: str, b: str) -> None:
    """R58: symmetric, within 0 and 1, and nothing is written into what was given."""
    before: list[Any] = [a.encode("utf-8", "surrogatepass"), b.encode("utf-8", "surrogatepass")]
    there, back = names_alike([a], [b]), names_alike([b], [a])
    assert there.score == back.score
    assert 0 <= there.score <= 1
    assert there.template == back.template
    if int(there.values.get("differ", 0)):
        assert there.score <= DIFFERS_AT_MOST
    assert [a.encode("utf-8", "surrogatepass"), b.encode("utf-8", "surrogatepass")] == before


@given(names)
def test_a_name_is_its_own(a: str) -> None:
    """R58: reflexive, unless it is no name."""
    assert names_alike([a], [a]).score == (0 if is_placeholder(a) else 1)


@given(st.lists(names, min_size=1, max_size=4), st.lists(names, min_size=1, max_size=4), st.randoms())
def test_the_order_of_names_does_not_matter(a: list[str], b: list[str], random: Any) -> None:
    """R58: of several names the nearest two are compared, in whatever order they are held."""
    mixed = random.sample(a, len(a)), random.sample(b, len(b))
    assert names_alike(a, b) == names_alike(*mixed)


@given(st.text())
def test_folding_a_folded_text_changes_nothing(text: str) -> None:
    """R23: and neither fold nor latin leaves anything but letters, digits and single spaces."""
    once = fold(text)
    assert fold(once) == once
    assert once == " ".join(once.split())
    assert latin(text) == " ".join(latin(text).split())


@pytest.mark.parametrize("code", range(0, 0x110000, 0x1000))
def test_every_character_folds_once(code: int) -> None:
    """R23: for every character there is."""
    block = [chr(one) for one in range(code, code + 0x1000)]
    assert [char for char in block if fold(fold(char)) != fold(char)] == []
