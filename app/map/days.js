/* Days and numbers as the pages write them. A day is a number counted from 1970-01-01, so that no time zone can move it. */
const A_DAY = 86400000;
const NARROW_SPACE = "\u202f";
const dayOf = (iso) => Math.round(Date.parse(`${iso}T00:00:00Z`) / A_DAY);
const isoOf = (day) => new Date(day * A_DAY).toISOString().slice(0, 10);
const yearOf = (day) => new Date(day * A_DAY).getUTCFullYear();
const monthOf = (day) => new Date(day * A_DAY).getUTCMonth();

/* The first day of a month counted from January of a year. */
function monthStart(year, month) {
  const moment = new Date(0);
  moment.setUTCFullYear(year, month, 1);
  return Math.round(moment / A_DAY);
}

/* The first day of each of so many bins, and of the bin after the last. */
function binStarts(first, step, count) {
  const from = dayOf(first);
  if (step !== "month") return Array.from({ length: count + 1 }, (_, i) => from + i * (step === "week" ? 7 : 1));
  const [year, month] = [yearOf(from), monthOf(from)];
  return Array.from({ length: count + 1 }, (_, i) => monthStart(year, month + i));
}

/* Writes days and numbers in a language, in European digits and by the Gregorian calendar. */
class Pen {
  constructor(tag) {
    /* English keeps the ISO form, as everywhere in the pages. */
    this.iso = tag === "en";
    const write = (form) => new Intl.DateTimeFormat(tag, { ...form, timeZone: "UTC", calendar: "gregory", numberingSystem: "latn" });
    this.forms = {
      day: write({ day: "numeric", month: "short", year: "numeric" }),
      month: write({ month: "long", year: "numeric" }),
      year: write({ year: "numeric" }),
      shortMonth: write({ month: "short" }),
      shortDay: write({ day: "numeric", month: "short" }),
    };
    this.digits = new Intl.NumberFormat(tag, { maximumFractionDigits: 1, useGrouping: false, numberingSystem: "latn" });
  }

  written(day, form) { return this.forms[form].format(new Date(day * A_DAY)); }

  day(day) { return this.iso ? isoOf(day) : this.written(day, "day"); }

  month(day) { return this.iso ? isoOf(day).slice(0, 7) : this.written(day, "month"); }

  number(value) {
    const text = this.digits.format(value);
    return Math.abs(value) < 10000 ? text : text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE));
  }
}

const LADDER = [
  ...[1, 2, 7, 14].map((every) => ({ every, unit: "day", days: every })),
  ...[1, 3, 6].map((every) => ({ every, unit: "month", days: every * 30.4 })),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((every) => ({ every, unit: "year", days: every * 365.25 })),
];

/* Days to be named on an axis between two days, at most one for every so many days, each with the form of its name. */
function ticks(first, last, apart) {
  const { every, unit } = LADDER.find(({ days }) => days >= apart) ?? LADDER.at(-1);
  const found = [];
  if (unit === "day") {
    /* Weeks are named on their Mondays. */
    const begin = every < 7 ? first : first + ((4 - first) % 7 + 7) % 7;
    for (let day = begin; day <= last; day += every) found.push({ day, form: "shortDay" });
  } else {
    const months = unit === "year" ? 12 * every : every;
    const begin = Math.floor((yearOf(first) * 12 + monthOf(first)) / months) * months;
    for (let at = begin, day = 0; day <= last; at += months) {
      day = monthStart(Math.floor(at / 12), at % 12);
      if (day >= first && day <= last) found.push({ day, form: unit === "year" ? "year" : "shortMonth" });
    }
  }
  return found;
}

/* Two or three round numbers up to the largest: whole ones where all that is drawn is whole. */
function levels(most, whole) {
  const ten = 10 ** Math.floor(Math.log10(most / 2));
  const sizes = [5, 4, 3, 2.5, 2, 1].map((times) => times * ten).filter((size) => !whole || Number.isInteger(size));
  const step = sizes.find((size) => most / size >= 2) ?? (whole ? 1 : most);
  return Array.from({ length: Math.floor(most / step) }, (_, i) => (i + 1) * step);
}
