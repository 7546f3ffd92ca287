"""The comparison: two sides of what the filter holds, every chart with one scale for both."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from app import charts, filtering, filterwords, language, session, widgets
from app.boards import counting, coverage, people, sides
from app.boards.page import HARMS, board, chosen_level, empty, harm_said
from app.boards.sides import LEFT, RIGHT, Side
from app.charts import Row, Taking
from app.language import count, later, say
from casualty.errors import CheckFailed
from casualty.filters import TIERS, Filter
from casualty.overview import Positions, Selection
from casualty.vocabulary import AgeBand, IncidentType, Sex

MOST_ACTORS, MOST_AREAS, TRIES = 10, 15, 5
CAVEAT = later(
    "Two counts are no rates: they do not say how many people live in each, nor how closely each is watched and documented."
)


def show() -> None:
    """Show the page."""
    if session.acting() is None:
        st.stop()
    charts.style()
    st.title(say("Compare"), anchor=False)
    wanted = filtering.chosen()
    shared = session.selected(wanted)
    by = sides.chosen_way()
    if not len(shared):
        st.info(empty(wanted, "all"))
        return
    chosen = sides.chosen(by, shared)
    if chosen is None:
        return
    shared, left, right = together(wanted, wanted.also(*chosen[0].parts), wanted.also(*chosen[1].parts))
    Comparison(wanted, chosen, shared, (left, right)).show()


def together(*wanted: Filter) -> list[Selection]:
    """Return several selections of one state of the record, also while somebody writes."""
    for _ in range(TRIES):
        found = [session.selected(one) for one in wanted]
        if len({one.overview.head for one in found}) == 1:
            return found
    raise CheckFailed("The record is being written just now. Load the page again.")


class Comparison:
    """Two sides, what both share, and how each part of the page shows them."""

    def __init__(
        self, wanted: Filter, chosen: tuple[Side, Side], shared: Selection, found: tuple[Selection, Selection]
    ) -> None:
        self.wanted, self.chosen, self.shared, self.found = wanted, chosen, shared, found
        self.names = [sides.panel(side, name) for side, name in zip(chosen, (LEFT, RIGHT), strict=True)]
        self.union = Selection(shared.overview, wanted, _union(*found))
        self.taking: Taking | None = None

    def show(self) -> None:
        """Show all parts of the comparison."""
        self._overlap()
        self._caveat()
        asked = [
            sides.asked_words(self.wanted, side, name) for side, name in zip(self.chosen, (LEFT, RIGHT), strict=True)
        ]
        text = " | ".join(f"{name}: {one.filter.text}" for name, one in zip("AB", self.found, strict=True))
        self.taking = charts.taking(self.shared, say(CAVEAT), asked=language.joined(asked, ";"), text=text)
        for part in (self._counts, self._time, self._types, self._tiers, self._actors, self._areas, self._people):
            part()

    def _overlap(self) -> None:
        one, two = self.found
        both = len(one) + len(two) - len(self.union)
        neither = len(self.shared) - len(self.union)
        if sides.alike(*self.chosen):
            st.warning(say("Both sides ask the same."))
        facts = [
            (name, language.number(len(found)), say("incidents"))
            for name, found in zip(self.names, self.found, strict=True)
        ]
        board([
            *facts, (say("In both"), language.number(both), say("counted on each side")),
            (say("In neither"), language.number(neither), say("of those the filter holds")),
        ])  # fmt: skip
        told = count(
            "{n} incident is on both sides, and counts on each.",
            "{n} incidents are on both sides, and count on each.",
            both,
        )
        st.html(f'<p role="status">{escape(told)} {escape(say(widgets.CAVEAT))}</p>')

    def _caveat(self) -> None:
        link = f"/patterns?{urlencode(filtering.link(self.wanted))}" if self.wanted else "/patterns"
        st.html(
            f'<p class="small">{escape(say(CAVEAT))} <a href="{escape(link)}">'
            f"{escape(say('Ask a question of patterns, with a test and its interval'))}</a></p>"
        )

    def _panels(self, rows: Sequence[Sequence[Row]]) -> list[tuple[str, Sequence[Row]]]:
        return list(zip(self.names, rows, strict=True))

    def _counts(self) -> None:
        st.subheader(say("How many"), anchor=False)
        sums = [[counting.sums(found, harm) for harm in HARMS] for found in self.found]
        rows = [[one.row(harm_said(harm)) for harm, one in zip(HARMS, side, strict=True)] for side in sums]
        notes = [
            language.joined((name, f"{harm_said(harm)}: {one.unknown}"), ";")
            for name, side in zip(self.names, sums, strict=True)
            for harm, one in zip(HARMS, side, strict=True)
        ]
        notes.append(
            say("An incident counts whole: what is stated of it is not divided among its groups, actors or areas.")
        )
        title = say("Killed, injured and missing: low, best and high")
        charts.show(
            charts.ranges(title, say("Harm"), say("Best"), self._panels(rows), notes), "compare-harm", self.taking
        )

    def _time(self) -> None:
        st.subheader(say("When"), anchor=False)
        bins = counting.months(self.union)
        held = [bins.counted(found.at) for found in self.found]
        rows = [
            [Row(name, (n,), language.number(n)) for name, n in zip(bins.names, counted, strict=True)]
            for counted, _ in held
        ]
        notes = [
            f"{name}: {count('{n} incident has no date.', '{n} incidents have no date.', undated)}"
            for name, (_, undated) in zip(self.names, held, strict=True)
        ]
        chart = charts.times(
            say("Incidents over time"), counting.per_bin(bins), say("Incidents"), self._panels(rows), notes
        )
        charts.show(chart, "compare-time", self.taking)

    def _types(self) -> None:
        st.subheader(say("What and how well supported"), anchor=False)
        held = [counting.types(found) for found in self.found]
        self._bars(say("Incidents by type"), say("Type"), held, lambda word: language.term(IncidentType(word)), "types")

    def _tiers(self) -> None:
        held = [{tier: len(at) for tier, at in counting.tiers(found).items()} for found in self.found]
        said = {tier: say(filterwords.TIER_WORDS[tier]).capitalize() for tier in TIERS}
        self._bars(say("Incidents by status tier"), say("Status tier"), held, said.__getitem__, "tiers", order=TIERS)

    def _actors(self) -> None:
        st.subheader(say("Who is alleged"), anchor=False)
        held = [counting.tied(found, session.store(), "actor") for found in self.found]
        order = commonest([one.n for one in held], MOST_ACTORS)
        names = filterwords.names("actor", order)
        notes = [
            f"{name}: {count('{n} incident without an alleged actor', '{n} incidents without an alleged actor', one.without)}"
            for name, one in zip(self.names, held, strict=True)
        ]
        notes.append(say("An incident in which several are alleged counts for each."))
        self._bars(
            say("Incidents by alleged actor"), say("Alleged actor"), [one.n for one in held],
            lambda key: names.get(key, key), "actors", notes, order=order,
        )  # fmt: skip

    def _areas(self) -> None:
        st.subheader(say("Where"), anchor=False)
        level, store = chosen_level("compare_level"), session.store()
        held = [counting.located(found, coverage.words(found, store, level)) for found in self.found]
        known = coverage.names(store, level)
        order = commonest([found for found, _ in held], MOST_AREAS)
        notes = [
            f"{name}: {count('{n} incident lies in no known area.', '{n} incidents lie in no known area.', without)}"
            for name, (_, without) in zip(self.names, held, strict=True)
        ]
        self._bars(
            say("Incidents by area"), coverage.level_said(level), [found for found, _ in held],
            lambda key: known.get(key, key), "areas", notes, order=order, absent=say("nothing recorded"),
        )  # fmt: skip

    def _people(self) -> None:
        st.subheader(say("Victims"), anchor=False)
        held = [people.people(found, session.store()) for found in self.found]
        notes = [
            f"{name}: {count('{n} individual person is recorded', '{n} individual persons are recorded', one.n)}"
            for name, one in zip(self.names, held, strict=True)
        ]
        notes.append(
            say(
                "All individual persons of these incidents, whatever befell them and whatever is attributed to them. Unnamed "
                "groups have no sex and no age of their own."
            )
        )
        sexes, bands = [one.sexes for one in held], [one.bands for one in held]
        self._bars(
            say("Individual persons by sex"), say("Sex"), sexes, lambda word: language.term(Sex(word)), "sex", notes,
            order=_held(people.SEXES, sexes), part=say("Persons"),
        )  # fmt: skip
        self._bars(
            say("Individual persons by age"), say("Age"), bands, lambda word: language.term(AgeBand(word)), "age", notes,
            order=_held(people.BANDS, bands), part=say("Persons"),
        )  # fmt: skip

    def _bars(
        self, title: str, head: str, held: Sequence[Mapping[str, int]], label: Callable[[str], str], key: str, notes: Sequence[str] = (),
        *, order: Sequence[str] | None = None, absent: str | None = None, part: str | None = None,
    ) -> None:  # fmt: skip
        """Show counts of both sides by the same words in the same order; `absent`: what none is called, where it is no 0."""
        order = commonest(held, None) if order is None else order
        rows = [[_row(label(word), counts.get(word, 0), absent) for word in order] for counts in held]
        chart = charts.bars(title, head, part or say("Incidents"), self._panels(rows), notes)
        charts.show(chart, f"compare-{key}", self.taking)


def _union(one: Selection, other: Selection) -> Positions:
    either = counting.flags(one) | counting.flags(other)
    return np.flatnonzero(either).astype(np.int32)


def _row(label: str, n: int, absent: str | None) -> Row:
    return Row(label, (None,), absent) if absent and not n else Row(label, (n,), language.number(n))


def commonest(held: Sequence[Mapping[str, int]], most: int | None) -> list[str]:
    """Return the words of both sides, those with most on both together first."""
    words = dict.fromkeys(word for counts in held for word in counts)
    return sorted(words, key=lambda word: (-sum(counts.get(word, 0) for counts in held), word))[:most]


def _held(order: Sequence[str], held: Sequence[Mapping[str, int]]) -> list[str]:
    return [word for word in order if any(word in counts for counts in held)]
