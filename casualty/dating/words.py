"""The words of dates in several languages, and how typed text becomes a line of tags: `5 M03 2024`.

M, H and J with a number are months (Gregorian, Hijri, solar Hijri), W0 is Monday, S1 is spring; `M10|M11` may be either.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import product

# One line a month, and the phrases of one word joined by `_`: the tables are read more often than they are changed.
# ruff: noqa: E501
LONGEST = 160
_GREGORIAN = """
jan january januar janvier janv enero ene يناير جانفي كانون_الثاني كانون_ثاني كانون_ثان ژانویه январь января янв січень січня
feb february februar fevrier fevr fev febrero فبراير فيفري شباط فوریه февраль февраля фев лютий лютого
mar march mars marz marzo مارس آذار مارت март марта мар березень березня
apr april avril avr abril abr أبريل أفريل ابريل نيسان آوریل апрель апреля апр квітень квітня
may mai mayo مايو ماي أيار مه май мая травень травня
jun june juni juin junio يونيو يونيه جوان حزيران ژوئن июнь июня червень червня
jul july juli juillet juil julio يوليو يوليه يوليوز جويلية تموز ژوئیه июль июля липень липня
aug august aout agosto ago أغسطس أوت غشت آب اوت август августа авг серпень серпня
sep sept september septembre septiembre setiembre سبتمبر شتنبر أيلول سپتامبر сентябрь сентября сен вересень вересня
oct october oktober octobre octubre أكتوبر تشرين_الأول تشرين_أول اکتبر октябрь октября окт жовтень жовтня
nov november novembre noviembre نوفمبر نونبر تشرين_الثاني تشرين_ثاني تشرين_ثان نوامبر ноябрь ноября ноя листопад листопада
dec december dezember decembre diciembre dic ديسمبر دجنبر كانون_الأول كانون_أول دسامبر декабрь декабря дек грудень грудня
"""
_HIJRI = """
muharram moharram mouharram محرم المحرم
safar صفر
rabi_awwal rabi_i rabi_1 rabia_awal rabi_awal ربيع_الأول ربيع_أول
rabi_thani rabi_akhir rabi_ii rabi_2 rabia_thani ربيع_الثاني ربيع_الآخر ربيع_ثاني
jumada_ula jumada_awwal jumada_i jumada_1 joumada_oula جمادى_الأولى جمادى_الأول جمادى_أولى جماد_الأول جماد_الأولى
jumada_thani jumada_thaniya jumada_akhira jumada_akhirah jumada_ii jumada_2 joumada_thania جمادى_الآخرة جمادى_الثانية جمادى_الثاني جمادى_الآخر جماد_الثاني جماد_الآخر
rajab rajeb رجب
shaban shaaban chaabane chaaban شعبان
ramadan ramadhan ramazan رمضان
shawwal shawal chawwal شوال
dhu_qada dhu_qadah dhul_qada dhul_qadah dhu_qida dhul_qida dhou_qida ذو_القعدة ذي_القعدة ذوالقعدة
dhu_hijja dhu_hijjah dhul_hijja dhul_hijjah zul_hijja dhou_hijja ذو_الحجة ذي_الحجة ذوالحجة ذیحجه
"""
_SOLAR = """
farvardin فروردین حمل
ordibehesht اردیبهشت ثور
khordad خرداد جوزا
tir تیر سرطان
mordad مرداد اسد
shahrivar شهریور سنبله
mehr مهر میزان
aban آبان عقرب
azar آذر قوس
dey دی جدی
bahman بهمن دلو
esfand اسفند حوت
"""
_WEEKDAYS = """
mon monday lundi lun الاثنين الإثنين اثنين понедельник понеділок دوشنبه
tue tues tuesday mardi الثلاثاء ثلاثاء вторник вівторок سه_شنبه
wed weds wednesday mercredi mer الأربعاء اربعاء среда среду середа چهارشنبه
thu thur thurs thursday jeudi jeu الخميس خميس четверг четвер پنجشنبه
fri friday vendredi ven الجمعة جمعة пятница пятницу جمعه
sat saturday samedi sam السبت سبت суббота субботу субота شنبه
sun sunday dimanche dim الأحد احد воскресенье неділя یکشنبه
"""
_OTHERS = {
    "S1": "spring springtime printemps ربيع الربيع весна весной بهار",
    "S2": "summer ete صيف الصيف лето летом تابستان",
    "S3": "autumn fall automne خريف الخريف осень осенью پاییز",
    "S4": "winter hiver شتاء الشتاء зима зимой زمستان",
    "EARLY": "early beginning start debut أوائل مطلع بداية начало начале اوایل",
    "MID": "mid middle mi milieu منتصف أواسط وسط середина середине اواسط",
    "LATE": "late end fin أواخر نهاية конец конце اواخر",
    "ABOUT": "about around approximately approx circa ca c roughly estimated est vers environ environs autour aux_environs "
    "حوالي نحو تقريبا قرابة زهاء около примерно حدود ~ ≈ ? ؟ %",
    "FROM": "between from entre بين من между від с з از",
    "TO": "to until till through thru jusquau jusqua إلى حتى لغاية по до تا",
    "AU": "au a",
    "AND": "and & et و и та",
    "OR": "or ou أو или або یا",
    "BEFORE": "before prior by avant قبل قبيل ранее قبل_از",
    "AFTER": "after since onwards later present ongoing now apres depuis بعد منذ после پس_از",
    "WEEK": "week semaine أسبوع الأسبوع неделя неделю هفته",
    "NIGHT": "night overnight nuit ليلة ليل الليل ночь شب",
    "PART": "morning afternoon evening noon midday midnight dawn dusk at_night in_the_night first_light early_hours small_hours matin matinee midi soir "
    "soiree apres_midi minuit aube صباح صباحا الصباح ظهر ظهرا الظهر بعد_الظهر بعد_ظهر عصر عصرا العصر مساء المساء "
    "فجر فجرا الفجر ليلا منتصف_الليل утром вечером ночью днем",
    "RM1": "yesterday hier أمس البارحة вчера вчора دیروز",
    "R00": "today aujourdhui اليوم сегодня сьогодні امروز",
    "RP1": "tomorrow demain غدا завтра فردا",
    "AH": "ah h hijri hegire هـ هجري هجرية الهجري للهجرة ق",
    "AD": "ad ce م ميلادي ميلادية الميلادي للميلاد",
    "SH": "sh ش shamsi هجري_شمسي شمسي",
    "EQ": "الموافق الموافقة الموافق_ل corresponding_to equivalent_to corresponding correspondant_au correspondant = (",
    "WK": "w",
    "1": "premier first أول الأول",
    "M10|M11": "تشرين",
    "M12|M01": "كانون",
    "H05|H06": "جمادى جماد jumada",
    "H03|H04": "rabi",
    "H11|H12": "dhu",
    "": "of the on in at day days month year date dated le la les l d de des du en dans jour mois annee al el ul ath ar as ash az "
    "st nd rd th er ere eme го г года год году року р в у на месяц в_ночь في شهر عام سنة لعام لسنة يوم ليوم بتاريخ تاريخ "
    'لشهر سال ماه روز ) [ ] " « » “ ” :',
}
_APOSTROPHES = re.compile("['’‘ʿʾʼ`´ʻ]")
_ELISION = re.compile(r"\b([ld])['’ʼ]")
_PARTICLE = re.compile(r"\b(al|el|ul|ath|ar|as|ash|az|dhul?|zul|rabi|jumada|apres|corresponding)-(?=[^\W\d])")
_TOKEN = re.compile(r"\d+|[^\W\d_]+|\S")
_LETTERS = str.maketrans({"ى": "ي", "ة": "ه", "ی": "ي", "ک": "ك", "ـ": "", "ٱ": "ا", "،": ",", "؛": ",", "٫": "."})
_CLOCK = r"(?:[01]?\d|2[0-4]) ?[:h] ?[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?: ?[ap]\.?m\b\.?)?(?: ?(?:z|utc|gmt)\b)?(?: ?[+-]\d\d:?\d\d)?"
_TIME_BEHIND = re.compile(rf"(?:(?<=\d)t|[ ,]+)(?:at |a |الساعه )?{_CLOCK}$")
_TIME_BEFORE = re.compile(rf"^(?:at |a |الساعه )?{_CLOCK}[ ,]+")
_WEEKDAY_BESIDE = re.compile(r"\bEQ (W\d)$")
_TWICE = re.compile(r"\b([MHJ]\d\d)(?: (?:[-/.]|EQ))? \1\b")


def fold(text: str) -> str:
    """Return text for comparison only: no case, accents, vowel signs or marks of direction; any digits as 0-9."""
    text = _APOSTROPHES.sub("", _ELISION.sub("", text.casefold()))
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
        text = "".join(_plain(c) for c in text)
    return " ".join(text.split())


def _plain(c: str) -> str:
    kind = unicodedata.category(c)
    if kind == "Nd":
        return str(unicodedata.decimal(c))
    if kind == "Pd" or c == "−":
        return "-"
    return "" if kind in ("Mn", "Cf") else c


def phrases() -> Iterator[tuple[str, str]]:
    """Yield every phrase that is known, folded, with its tag; an empty tag is a word that adds nothing."""
    for tag, words in _OTHERS.items():
        yield from ((fold(word.replace("_", " ")), tag) for word in words.split())
    for letter, first, rows in (("M", 1, _GREGORIAN), ("H", 1, _HIJRI), ("J", 1, _SOLAR), ("W", 0, _WEEKDAYS)):
        for number, words in enumerate(rows.strip().splitlines(), start=first):
            tag = f"W{number}" if letter == "W" else f"{letter}{number:02}"
            yield from ((fold(word.replace("_", " ")), tag) for word in words.split())


TAGS = dict(phrases())
_MOST_WORDS = max(len(phrase.split()) for phrase in TAGS)
_DROPPED = frozenset(word for word, tag in TAGS.items() if not tag and word.isascii())


def tagged(text: str) -> str:
    """Return a line of tags, numbers and marks, with any clock time left out; a word that is not known stays."""
    plain = _PARTICLE.sub(r"\1 ", fold(text)).strip(" .,;")
    plain = _TIME_BEFORE.sub("", _TIME_BEHIND.sub("", plain))
    line = " ".join(filter(None, _tags([word for word in _TOKEN.findall(plain) if word not in _DROPPED])))
    line = (
        _WEEKDAY_BESIDE.sub(r"\1", _TWICE.sub(r"\1", line))
        .replace("AH . SH", "SH")
        .replace("AH SH", "SH")
        .replace("AH . AH", "AH")
    )
    return re.sub(r"^(?:AU )+|[ .,;]+$", "", line).replace("AU", "TO")


def _tags(words: list[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        for length in range(min(_MOST_WORDS, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + length])
            if phrase in TAGS or length == 1:
                yield TAGS.get(phrase, phrase)
                at += length
                break


def variants(line: str) -> list[str]:
    """Return each line that a line with `M10|M11` in it may mean; more than two such words are beyond reading."""
    parts = [word.split("|") if "|" in word and len(word) > 1 else [word] for word in line.split(" ")]
    if sum(len(part) > 1 for part in parts) > 2:
        return [line]
    return [" ".join(choice) for choice in product(*parts)]
