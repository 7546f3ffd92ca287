"""Names: of invented places and papers, and parts of personal names in three scripts.

Place names were looked up in a gazetteer of 235,000 populated places and in the ISO lists of countries, subdivisions
and languages: none is there. Personal names are drawn part by part, never by group: a name says nothing of identity.
"""

COUNTRY = "Sundovel"
COUNTRY_CODE = "XS"  # ISO 3166 leaves XA to XZ to users; no State has it

PLACES = (
    "Haloren", "Jorivor", "Corothe", "Istivor", "Holulda", "Norimar", "Varannet", "Tevmere", "Istith", "Rosulda",
    "Joriska", "Peliska", "Seliska", "Zeluvan", "Falumbar", "Doreldin", "Nelannet", "Wesasset", "Mavoren", "Lomothe",
    "Haliska", "Ostith", "Lunulda", "Coruvan", "Undith", "Lunivor", "Eskolme", "Quelrow", "Corenlow", "Druarra",
    "Velasset", "Haladris", "Kesolme", "Ithumbar", "Balasset", "Pelenlow", "Ondenlow", "Calrow", "Tolenlow",
    "Pravumbar", "Feniska", "Pravothe", "Lunrow", "Eskiska", "Lunarra", "Undiska", "Tolmere", "Ostoren", "Ithewick",
    "Norivor", "Worrow", "Calovel", "Undewick", "Falavel", "Istadris", "Tevoren", "Joruvan", "Quelambre", "Mavimar",
    "Dorambre", "Balimar", "Mavavel", "Quelulda", "Feneldin", "Lomeldin", "Pelavel", "Drueldin", "Tevulda",
    "Pravimar", "Tamavel", "Brenrow", "Halulda", "Tamolme", "Eskoren", "Lunenlow", "Ondasset", "Merulda", "Halivor",
    "Lomavel", "Undarra", "Balenlow", "Coradris", "Holarra", "Grelambre", "Varmere", "Falrow", "Joradris", "Eskothe",
    "Wesumbar", "Pravorrin", "Fenuvan", "Ithenlow", "Eskumbar", "Quelothe", "Noriska", "Jorarra", "Ulmadris",
    "Korivor", "Queluvan", "Balolme", "Gareldin", "Nelasset", "Norarra", "Wesothe", "Tevolme", "Doriska", "Selolme",
    "Balovel", "Ondewick", "Noravel", "Corulda", "Yarumbar", "Tolorrin", "Garumbar", "Stelith", "Rosumbar", "Toloren",
    "Merenlow", "Calmere", "Druorrin", "Zelorrin", "Velith", "Koradris", "Zelothe", "Neliska", "Steloren", "Zelolme",
    "Garulda", "Holivor", "Selenlow", "Nelulda", "Pravadris", "Kesothe", "Wesorrin", "Ulmewick", "Stelavel",
    "Brenorrin", "Tolavel", "Calambre", "Koruvan", "Yarothe", "Druimar", "Varith", "Dororen", "Istolme", "Breneldin",
    "Worivor", "Ulmannet", "Calewick", "Ondeldin", "Stelumbar", "Fenoren", "Tamorrin", "Falivor", "Undambre",
    "Holadris", "Stelorrin", "Zelasset", "Grelorrin", "Ravimar", "Ravrow", "Grelmere", "Korenlow", "Ithimar",
    "Ravovel", "Ulmeldin", "Merivor", "Seladris", "Lomrow", "Rosovel", "Rosith", "Tevarra", "Wesewick", "Ondorrin",
    "Pelothe", "Woradris", "Velannet", "Brenewick", "Sundavel", "Faleldin", "Ravasset", "Varambre", "Ravolme",
    "Dorannet", "Garolme", "Varavel", "Lomith", "Druannet", "Merannet", "Kesovel", "Yarannet", "Garrow", "Mavewick",
    "Ostambre", "Fenambre", "Pelimar", "Nelmere", "Brenoren", "Mavarra", "Korannet", "Ithambre", "Meruvan", "Ostarra",
    "Holambre", "Ulmuvan", "Grelimar", "Wormere", "Veluvan", "Kesrow", "Tammere", "Kesimar", "Worasset",
)  # fmt: skip

CYRILLIC = dict(zip("abcdefghijklmnopqrstuvwyz", "абкдефгхийклмнопкрстуввыз", strict=True))
ARABIC = dict(zip("abcdefghijklmnopqrstuvwyz", "ابكديفغهيجكلمنوبكرستوفويز", strict=True))

# Parts of names: in Latin, Arabic and Cyrillic script.
WOMEN = (
    ("Amina", "أمينة", "Амина"), ("Anna", "آنا", "Анна"), ("Dalia", "داليا", "Далия"),
    ("Daria", "داريا", "Дарья"), ("Dina", "دينا", "Дина"), ("Elena", "إيلينا", "Елена"),
    ("Eva", "إيفا", "Ева"), ("Farida", "فريدة", "Фарида"), ("Hana", "هناء", "Хана"),
    ("Huda", "هدى", "Худа"), ("Irina", "إيرينا", "Ирина"), ("Julia", "جوليا", "Юлия"),
    ("Karima", "كريمة", "Карима"), ("Layla", "ليلى", "Лейла"), ("Lina", "لينا", "Лина"),
    ("Maria", "ماريا", "Мария"), ("Mariam", "مريم", "Мариам"), ("Mona", "منى", "Мона"),
    ("Nadia", "نادية", "Надия"), ("Nina", "نينا", "Нина"), ("Olga", "أولغا", "Ольга"),
    ("Rania", "رانيا", "Рания"), ("Rosa", "روزا", "Роза"), ("Salma", "سلمى", "Салма"),
    ("Sara", "سارة", "Сара"), ("Sofia", "صوفيا", "София"), ("Tamara", "تمارا", "Тамара"),
    ("Vera", "فيرا", "Вера"), ("Yasmin", "ياسمين", "Ясмин"), ("Zeinab", "زينب", "Зейнаб"),
)  # fmt: skip
MEN = (
    ("Adam", "آدم", "Адам"), ("Ali", "علي", "Али"), ("Anton", "أنطون", "Антон"), ("Boris", "بوريس", "Борис"),
    ("Daniel", "دانيال", "Даниил"), ("David", "داود", "Давид"), ("Emil", "إميل", "Эмиль"), ("Farid", "فريد", "Фарид"),
    ("Georgi", "جورجي", "Георгий"), ("Hassan", "حسن", "Хасан"), ("Ibrahim", "إبراهيم", "Ибрагим"),
    ("Ivan", "إيفان", "Иван"), ("Jamal", "جمال", "Джамал"), ("Karim", "كريم", "Карим"), ("Leon", "ليون", "Леон"),
    ("Marko", "ماركو", "Марко"), ("Mikhail", "ميخائيل", "Михаил"), ("Nabil", "نبيل", "Набиль"), ("Omar", "عمر", "Омар"),
    ("Pavel", "بافل", "Павел"), ("Rashid", "رشيد", "Рашид"), ("Samir", "سمير", "Самир"), ("Stefan", "ستيفان", "Стефан"),
    ("Tariq", "طارق", "Тарик"), ("Tomas", "توماس", "Томас"), ("Viktor", "فيكتور", "Виктор"), ("Walid", "وليد", "Валид"),
    ("Yusuf", "يوسف", "Юсуф"), ("Yuri", "يوري", "Юрий"), ("Zaid", "زيد", "Заид"),
)  # fmt: skip
FAMILIES = (
    ("Abbas", "عباس", "Аббас"), ("Adamson", "آدمسون", "Адамсон"), ("Aziz", "عزيز", "Азиз"),
    ("Bakari", "بكاري", "Бакари"), ("Baran", "باران", "Баран"), ("Costa", "كوستا", "Коста"),
    ("Darwish", "درويش", "Дарвиш"), ("Demir", "دمير", "Демир"), ("Fadel", "فاضل", "Фадель"),
    ("Ferreira", "فيريرا", "Феррейра"), ("Haddad", "حداد", "Хаддад"), ("Halabi", "حلبي", "Халаби"),
    ("Hansen", "هانسن", "Хансен"), ("Ivanov", "إيفانوف", "Иванов"), ("Jansen", "يانسن", "Янсен"),
    ("Kamal", "كمال", "Камаль"), ("Khalil", "خليل", "Халиль"), ("Kovac", "كوفاتش", "Ковач"),
    ("Lopez", "لوبيز", "Лопес"), ("Mansour", "منصور", "Мансур"), ("Markov", "ماركوف", "Марков"),
    ("Martin", "مارتن", "Мартин"), ("Moreno", "مورينو", "Морено"), ("Najjar", "نجار", "Наджар"),
    ("Novak", "نوفاك", "Новак"), ("Okoro", "أوكورو", "Окоро"), ("Orlov", "أورلوف", "Орлов"),
    ("Petrov", "بيتروف", "Петров"), ("Popov", "بوبوف", "Попов"), ("Qasim", "قاسم", "Касим"),
    ("Rahman", "رحمن", "Рахман"), ("Romano", "رومانو", "Романо"), ("Saleh", "صالح", "Салех"),
    ("Santos", "سانتوس", "Сантос"), ("Shaheen", "شاهين", "Шахин"), ("Silva", "سيلفا", "Силва"),
    ("Sokol", "سوكول", "Сокол"), ("Tahir", "طاهر", "Тахир"), ("Volkov", "فولكوف", "Волков"),
    ("Weber", "فيبر", "Вебер"), ("Yilmaz", "يلماز", "Йылмаз"), ("Zaki", "زكي", "Заки"),
)  # fmt: skip
SCRIPTS = {"en": (0, "Latn"), "ar": (1, "Arab"), "ru": (2, "Cyrl")}  # column of the tables, ISO 15924 code

MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
    "ar": (
        "يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر",
    ),
    "ru": (
        "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
        "декабря",
    ),
}  # fmt: skip


def in_script(name: str, language: str) -> str:
    """Return an invented Latin place name letter by letter in the script of a language (`en`, `ar` or `ru`)."""
    if language == "en":
        return name
    letters = ARABIC if language == "ar" else CYRILLIC
    plain = name.lower().replace("qu", "kw").replace("th", "t")
    written = "".join(letters.get(letter, letter) for letter in plain)
    return written if language == "ar" else written.title()


def local(name: str, number: int) -> str:
    """Return the local form of a place name; the script alternates by number, so it says nothing of who lives there."""
    return in_script(name, "ar" if number % 2 else "ru")
