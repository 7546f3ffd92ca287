"""What a typed date means: first day, last day, precision, whether it is about (R32); and what is asked instead.

Read on 23 November 2026. `cal` is the calendar the form was set to: G Gregorian, H Hijri, J solar Hijri; `as` is the
calendar the text was read in. The rules behind the table stand in the docstring of casualty/dating.
"""

from datetime import date

import pytest

from casualty.dating import Calendar, NotUnderstood, read, time

TODAY = date(2026, 11, 23)
CALENDARS = {calendar.name[0]: calendar for calendar in Calendar}

TABLE = """
typed                                             | cal | start      | end        | precision | about | as
2024-03-05                                        | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
2024-3-5                                          | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
2024/03/05                                        | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
20240305                                          | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
2024-03-05T14:30:00Z                              | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
2024-03-05 00:00:00.000                           | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5 March 2024, 14h30                               | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
at 14:30 on 5 March 2024                          | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
2024-03                                           | G   | 2024-03-01 | 2024-03-31 | 4         |       | G
3/2024                                            | G   | 2024-03-01 | 2024-03-31 | 4         |       | G
2024                                              | G   | 2024-01-01 | 2024-12-31 | 5         |       | G
2024-W10                                          | G   | 2024-03-04 | 2024-03-10 | 3         |       | G
2024-W10-2                                        | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
13/04/2024                                        | G   | 2024-04-13 | 2024-04-13 | 1         |       | G
13.4.2024                                         | G   | 2024-04-13 | 2024-04-13 | 1         |       | G
04/13/2024                                        | G   | 2024-04-13 | 2024-04-13 | 1         |       | G
04/04/2024                                        | G   | 2024-04-04 | 2024-04-04 | 1         |       | G
5 March 2024                                      | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5th of March, 2024                                | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
March 5, 2024                                     | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
Mar. 5, 2024                                      | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5-Mar-2024                                        | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
2024 March 5                                      | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
March 2024                                        | G   | 2024-03-01 | 2024-03-31 | 4         |       | G
Tuesday 5 March 2024                              | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5 March 2024 (Tuesday)                            | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
Wednesday 03/04/2024                              | G   | 2024-04-03 | 2024-04-03 | 1         |       | G
evening of 5 March 2024                           | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
early morning of 5 March 2024                     | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
early March 2024                                  | G   | 2024-03-01 | 2024-03-10 | 4         |       | G
mid-March 2024                                    | G   | 2024-03-11 | 2024-03-20 | 4         |       | G
late February 2024                                | G   | 2024-02-21 | 2024-02-29 | 4         |       | G
early to mid March 2024                           | G   | 2024-03-01 | 2024-03-20 | 4         |       | G
end of 2024                                       | G   | 2024-09-01 | 2024-12-31 | 5         |       | G
end of March/beginning of April 2024              | G   | 2024-03-21 | 2024-04-10 | 4         |       | G
early 2024                                        | G   | 2024-01-01 | 2024-04-30 | 5         |       | G
mid summer 2024                                   | G   | 2024-07-01 | 2024-07-31 | 4         |       | G
spring 2024                                       | G   | 2024-03-01 | 2024-05-31 | 5         |       | G
winter 2023-24                                    | G   | 2023-12-01 | 2024-02-29 | 5         |       | G
about 5 March 2024                                | G   | 2024-03-02 | 2024-03-08 | 3         | about | G
~2024-03-05                                       | G   | 2024-03-02 | 2024-03-08 | 3         | about | G
2024-03-05?                                       | G   | 2024-03-02 | 2024-03-08 | 3         | about | G
c. March 2024                                     | G   | 2024-02-15 | 2024-04-15 | 5         | about | G
circa 2020                                        | G   | 2019-07-02 | 2021-07-02 | 5         | about | G
about 5-8 March 2024                              | G   | 2024-03-02 | 2024-03-11 | 4         | about | G
2024-03-05 to 2024-03-08                          | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
2024-03-05/2024-03-08                             | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
2024-03-05 - 2024-03-08                           | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
2024-03-05/08                                     | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
2024-03 to 2024-05                                | G   | 2024-03-01 | 2024-05-31 | 5         |       | G
2019-2020                                         | G   | 2019-01-01 | 2020-12-31 | 5         |       | G
13-15/4/2024                                      | G   | 2024-04-13 | 2024-04-15 | 2         |       | G
5-8 March 2024                                    | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
5–11 March 2024                                   | G   | 2024-03-05 | 2024-03-11 | 3         |       | G
March 5-8, 2024                                   | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
28 Feb - 3 Mar 2024                               | G   | 2024-02-28 | 2024-03-03 | 2         |       | G
30 Dec 2023 to 2 Jan 2024                         | G   | 2023-12-30 | 2024-01-02 | 2         |       | G
March 5 to April 8, 2024                          | G   | 2024-03-05 | 2024-04-08 | 5         |       | G
March-April 2024                                  | G   | 2024-03-01 | 2024-04-30 | 5         |       | G
between 5 and 8 March 2024                        | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
5 or 6 March 2024                                 | G   | 2024-03-05 | 2024-03-06 | 2         |       | G
5 or 8 March 2024                                 | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
4/5 March 2024                                    | G   | 2024-03-04 | 2024-03-05 | 2         |       | G
week of 4 March 2024                              | G   | 2024-03-04 | 2024-03-10 | 3         |       | G
night of 4 to 5 March 2024                        | G   | 2024-03-04 | 2024-03-05 | 2         |       | G
night of 31 March to 1 April 2024                 | G   | 2024-03-31 | 2024-04-01 | 2         |       | G
5 mars 2024                                       | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
1er mars 2024                                     | G   | 2024-03-01 | 2024-03-01 | 1         |       | G
le mardi 5 mars 2024                              | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5 mars 2024 au matin                              | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
mars 2024                                         | G   | 2024-03-01 | 2024-03-31 | 4         |       | G
Déc. 2023                                         | G   | 2023-12-01 | 2023-12-31 | 4         |       | G
début d’août 2024                                 | G   | 2024-08-01 | 2024-08-10 | 4         |       | G
mi-mars 2024                                      | G   | 2024-03-11 | 2024-03-20 | 4         |       | G
fin mars 2024                                     | G   | 2024-03-21 | 2024-03-31 | 4         |       | G
au début de l'été 2024                            | G   | 2024-06-01 | 2024-06-30 | 4         |       | G
vers le 5 mars 2024                               | G   | 2024-03-02 | 2024-03-08 | 3         | about | G
environ mars 2024                                 | G   | 2024-02-15 | 2024-04-15 | 5         | about | G
du 5 au 8 mars 2024                               | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
entre le 5 et le 8 mars 2024                      | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
du lundi 4 au vendredi 8 mars 2024                | G   | 2024-03-04 | 2024-03-08 | 2         |       | G
dans la nuit du 4 au 5 mars 2024                  | G   | 2024-03-04 | 2024-03-05 | 2         |       | G
semaine du 4 mars 2024                            | G   | 2024-03-04 | 2024-03-10 | 3         |       | G
5 آذار 2024                                       | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
٥ آذار ٢٠٢٤                                       | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
۵ مارس ۲۰۲۴                                       | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
٢٠٢٤/٠٣/٠٥                                        | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
الثلاثاء، 5 مارس 2024م                            | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
بتاريخ 5 آذار/مارس 2024                           | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
17 كانون الثاني 2024                              | G   | 2024-01-17 | 2024-01-17 | 1         |       | G
17 كانون الأول (ديسمبر) 2024                      | G   | 2024-12-17 | 2024-12-17 | 1         |       | G
تشرين الأول 2023                                  | G   | 2023-10-01 | 2023-10-31 | 4         |       | G
تشرين الثاني 2023                                 | G   | 2023-11-01 | 2023-11-30 | 4         |       | G
5 جانفي 2024                                      | G   | 2024-01-05 | 2024-01-05 | 1         |       | G
5 جويلية 2024                                     | G   | 2024-07-05 | 2024-07-05 | 1         |       | G
14 غشت 2024                                       | G   | 2024-08-14 | 2024-08-14 | 1         |       | G
6 آب 2024                                         | G   | 2024-08-06 | 2024-08-06 | 1         |       | G
6 أغســطس 2024                                    | G   | 2024-08-06 | 2024-08-06 | 1         |       | G
أوائل آذار 2024                                   | G   | 2024-03-01 | 2024-03-10 | 4         |       | G
منتصف آذار 2024                                   | G   | 2024-03-11 | 2024-03-20 | 4         |       | G
أواخر شهر آذار 2024                               | G   | 2024-03-21 | 2024-03-31 | 4         |       | G
ربيع عام 2024                                     | G   | 2024-03-01 | 2024-05-31 | 5         |       | G
حوالي 5 آذار 2024                                 | G   | 2024-03-02 | 2024-03-08 | 3         | about | G
نحو 5 آذار 2024                                   | G   | 2024-03-02 | 2024-03-08 | 3         | about | G
من 5 إلى 8 آذار 2024                              | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
بين 5 و8 آذار 2024                                | G   | 2024-03-05 | 2024-03-08 | 2         |       | G
آذار/نيسان 2024                                   | G   | 2024-03-01 | 2024-04-30 | 5         |       | G
ليلة 4-5 آذار 2024                                | G   | 2024-03-04 | 2024-03-05 | 2         |       | G
ليل الثلاثاء الأربعاء 5 آذار 2024                 | G   | 2024-03-05 | 2024-03-06 | 2         |       | G
فجر الثلاثاء 5 آذار 2024                          | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
مساء 5 آذار 2024                                  | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5 марта 2024 г.                                   | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5-го марта 2024 года                              | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5 березня 2024 року                               | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5 de marzo de 2024                                | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
5. März 2024                                      | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
1 Muharram 1446                                   | G   | 2024-07-06 | 2024-07-08 | 2         |       | H
24 Sha'ban 1445                                   | G   | 2024-03-04 | 2024-03-06 | 2         |       | H
24 Shaʿbān 1445 AH                                | G   | 2024-03-04 | 2024-03-06 | 2         |       | H
24 Chaabane 1445 de l'Hégire                      | G   | 2024-03-04 | 2024-03-06 | 2         |       | H
24 شعبان 1445                                     | G   | 2024-03-04 | 2024-03-06 | 2         |       | H
٢٤ شعبان ١٤٤٥ هـ                                  | G   | 2024-03-04 | 2024-03-06 | 2         |       | H
24/8/1445هـ                                       | G   | 2024-03-04 | 2024-03-06 | 2         |       | H
1445-08-24                                        | H   | 2024-03-04 | 2024-03-06 | 2         |       | H
24/8/1445                                         | H   | 2024-03-04 | 2024-03-06 | 2         |       | H
Tuesday 24 Sha'ban 1445                           | G   | 2024-03-04 | 2024-03-06 | 2         |       | H
30 Safar 1445                                     | G   | 2023-09-14 | 2023-09-16 | 2         |       | H
5 Dhu al-Hijjah 1445                              | G   | 2024-06-10 | 2024-06-12 | 2         |       | H
5 ذو الحجة 1445                                   | G   | 2024-06-10 | 2024-06-12 | 2         |       | H
10 Rabi' al-awwal 1445                            | G   | 2023-09-24 | 2023-09-26 | 2         |       | H
شعبان 1445                                        | G   | 2024-02-10 | 2024-03-11 | 4         |       | H
1445-08                                           | H   | 2024-02-10 | 2024-03-11 | 4         |       | H
1445 AH                                           | G   | 2023-07-18 | 2024-07-07 | 5         |       | H
mid-Ramadan 1446                                  | G   | 2025-03-10 | 2025-03-21 | 4         |       | H
منتصف رمضان 1446                                  | G   | 2025-03-10 | 2025-03-21 | 4         |       | H
about 24 Sha'ban 1445                             | G   | 2024-03-01 | 2024-03-09 | 4         | about | H
24-26 شعبان 1445                                  | G   | 2024-03-04 | 2024-03-08 | 2         |       | H
Ramadan 2024                                      | G   | 2024-03-10 | 2024-04-10 | 4         |       | H
5 March 2024                                      | H   | 2024-03-05 | 2024-03-05 | 1         |       | G
5 March 2024 (24 Sha'ban 1445)                    | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
24 شعبان 1445هـ الموافق 5 مارس 2024م              | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
24 شعبان 1445هـ / 5 مارس 2024م                    | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
24/8/1445 هـ الموافق 5/3/2024                     | G   | 2024-03-05 | 2024-03-05 | 1         |       | G
15 اسفند 1402                                     | G   | 2024-03-05 | 2024-03-05 | 1         |       | J
15 حوت 1402                                       | G   | 2024-03-05 | 2024-03-05 | 1         |       | J
1402/12/15 ه.ش                                    | G   | 2024-03-05 | 2024-03-05 | 1         |       | J
1402-12-15                                        | J   | 2024-03-05 | 2024-03-05 | 1         |       | J
اسفند 1402                                        | G   | 2024-02-20 | 2024-03-19 | 4         |       | J
"""

QUESTIONS = """
typed                        | why                          | readings
03/04/2024                   | more than one way            | 2024-04-03, 2024-03-04
3.4.2024                     | more than one way            | 2024-04-03, 2024-03-04
03/04/2024 - 05/04/2024      | more than one way            | 2024-04-03 – 2024-04-05, 2024-03-04 – 2024-05-04
تشرين 2023                   | more than one way            | 2023-10-01 – 2023-10-31, 2023-11-01 – 2023-11-30
Ramadan 2030                 | more than one way            | 2030-01-04 – 2030-02-04, 2030-12-25 – 2031-01-24
winter 2024                  | more than one way            | 2023-12-01 – 2024-02-29, 2024-12-01 – 2025-02-28
13/4/24                      | two digits                   | 2024-04-13, 2013-04-24, 1924-04-13, 1913-04-24
5 March 24                   | two digits                   | 2024-03-05, 1924-03-05
5 March 99                   | two digits                   | 1999-03-05
2023/24                      | two digits                   | 2023-01-01 – 2024-12-31
2011/12                      | two digits                   | 2011-12-01 – 2011-12-31, 2011-01-01 – 2012-12-31
5 March                      | no clear year                | 2026-03-05
5 December                   | no clear year                | 2025-12-05
29 February                  | no clear year                | 2024-02-29
March 24                     | no clear year                | 2026-03-24, 2024-03-01 – 2024-03-31
10 رمضان                     | no clear year                | 2026-02-26 – 2026-02-28
1445-08-24                   | does not belong              | 2024-03-04 – 2024-03-06, 2066-11-14, 1445-08-24
1403                         | does not belong              | 1982-10-17 – 1983-10-07, 2024-03-20 – 2025-03-20, 1403-01-01 – 1403-12-31
5 March 1445                 | does not belong              | 1445-03-05
5 March 1445 AH              | does not belong              | 1445-03-05
2024-03-05 هـ                | does not belong              | 2024-03-05
0024-03-05                   | does not belong              | 0024-03-05
Monday 5 March 2024          | does not fall on the weekday | 2024-03-05
Thursday 24 Sha'ban 1445     | does not fall on the weekday | 2024-03-04 – 2024-03-06
6 March 2024 (1 Sha'ban 1445) | not the same day            | 2024-03-06, 2024-02-10 – 2024-02-12
5 and 8 March 2024           | names two dates              | 2024-03-05 – 2024-03-08
week of 6 March 2024         | does not name a Monday       | 2024-03-06 – 2024-03-12, 2024-03-04 – 2024-03-10
night of 5 March 2024        | before that day or after     | 2024-03-05 – 2024-03-06, 2024-03-04 – 2024-03-05
ليلة 5 آذار 2024             | before that day or after     | 2024-03-05 – 2024-03-06, 2024-03-04 – 2024-03-05
ليل الاثنين الأحد 5 آذار 2024 | does not fall on the weekday | 2024-03-05 – 2024-03-06, 2024-03-04 – 2024-03-05
yesterday                    | who said it                  | 2026-11-22
أمس                          | who said it                  | 2026-11-22
hier                         | who said it                  | 2026-11-22
aujourd'hui                  | who said it                  | 2026-11-23
Saturday                     | who said it                  | 2026-11-21
before 2020                  | only one end                 |
قبل 2020                     | only one end                 |
after 5 March 2024           | only one end                 |
depuis mars 2024             | only one end                 |
until March 2024             | only one end                 |
7 Oct 2023 – present         | only one end                 |
from 5 March 2024            | only one end                 |
من 5 آذار 2024               | only one end                 |
8 to 5 March 2024            | ends before it begins        |
30 February 2024             | no such day                  |
2024-13-05                   | no such day                  |
1 April to 31 April 2024     | no such day                  |
31 Ramadan 1445              | no such day                  |
2024-W54                     | no such day                  |
5 Rajab 1250 AH              | beyond the conversion        |
5 Rajab 1501                 | beyond the conversion        |
0000-01-01                   | beyond the conversion        |
99999                        | not a date                   |
a week after the harvest     | not a date                   |
early 5 March 2024           | not a date                   |
5 Brumaire 2024              | not a date                   |
???                          | not a date                   |
"""

TIMES = """
typed                  | low   | high
14:30                  | 14:30 | 14:30
14:30:15               | 14:30 | 14:30
1430                   | 14:30 | 14:30
2.30 pm                | 14:30 | 14:30
2:30 p.m.              | 14:30 | 14:30
3pm                    | 15:00 | 15:00
12 am                  | 00:00 | 00:00
12 pm                  | 12:00 | 12:00
02:30                  | 02:30 | 02:30
24:00                  | 00:00 | 00:00
14h30                  | 14:30 | 14:30
14 h                   | 14:00 | 14:00
8 heures du soir       | 20:00 | 20:00
3h du matin            | 03:00 | 03:00
الساعة ٣ مساءً         | 15:00 | 15:00
الساعة 3 صباحا         | 03:00 | 03:00
9 ليلا                 | 21:00 | 21:00
2 ليلا                 | 02:00 | 02:00
12 ظهرا                | 12:00 | 12:00
1 ظهرا                 | 13:00 | 13:00
4:30 فجرا              | 04:30 | 04:30
1 بعد منتصف الليل      | 01:00 | 01:00
noon                   | 11:30 | 12:30
midnight               | 23:30 | 00:30
at night               | 20:00 | 06:00
in the early morning   | 05:00 | 12:00
dawn                   | 04:00 | 07:00
l'après-midi           | 12:00 | 18:00
صباحا                  | 05:00 | 12:00
مساءً                  | 17:00 | 22:00
بعد منتصف الليل        | 00:00 | 06:00
about 14:30            | 14:00 | 15:00
حوالي الساعة 15:00     | 14:30 | 15:30
14:00-15:30            | 14:00 | 15:30
de 14h à 15h30         | 14:00 | 15:30
between 2 and 3 pm     | 14:00 | 15:00
من 3 إلى 5 مساء        | 15:00 | 17:00
23:30 to 00:30         | 23:30 | 00:30
"""

NO_TIMES = """
typed        | why
2:30         | may be 02:30 or 14:30
3            | may be 03:00 or 15:00
الساعة 3     | may be 03:00 or 15:00
25:00        | no such time
14:61        | no such time
13 am        | no such time
2460         | no such time
after lunch  | not a time of day
before dawn  | not a time of day
"""


def rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(cell.strip() for cell in line.split(" |")) for line in table.strip().splitlines()[1:]]


def questioned(text: str) -> NotUnderstood:
    with pytest.raises(NotUnderstood) as caught:
        read(text, today=TODAY)
    return caught.value


@pytest.mark.parametrize(("typed", "calendar", "start", "end", "precision", "about", "as_read"), rows(TABLE))
def test_a_date_means_these_days(
    typed: str, calendar: str, start: str, end: str, precision: str, about: str, as_read: str
) -> None:
    """R32: interval, precision and calendar, with the text as it was typed."""
    reading = read(typed, calendar=CALENDARS[calendar], today=TODAY)
    assert (reading.start.isoformat(), reading.end.isoformat()) == (start, end)
    assert (reading.precision, reading.about) == (int(precision), about == "about")
    assert (reading.calendar, reading.text) == (CALENDARS[as_read], typed)


@pytest.mark.parametrize(("typed", "why", "readings"), rows(QUESTIONS))
def test_a_doubtful_date_is_a_question_with_its_readings(typed: str, why: str, readings: str) -> None:
    """R32: nothing is guessed, and nothing is dropped."""
    question = questioned(typed)
    assert why in str(question)
    assert ", ".join(map(str, question.readings)) == readings
    assert question.mend
    assert all(reading.text == typed for reading in question.readings)


@pytest.mark.parametrize(("typed", "low", "high"), rows(TIMES))
def test_a_time_of_day_means_this_span(typed: str, low: str, high: str) -> None:
    """R32: the time as typed, and the span of the clock that it allows."""
    found = time(typed)
    assert (found.text, found.low, found.high) == (typed, low, high)


@pytest.mark.parametrize(("typed", "why"), rows(NO_TIMES))
def test_a_doubtful_time_is_a_question(typed: str, why: str) -> None:
    """R32"""
    with pytest.raises(NotUnderstood, match=why) as caught:
        time(typed)
    assert caught.value.mend
