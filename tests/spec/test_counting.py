"""How many were harmed: each person once, whether counted alone or named out of a group (R08, R09, R30, R91).

A group is written low/best/high harm; `?` is unknown. A person is written by the harm alone, with `of` and the group
they were named out of. The answer is what stands in these rows for one harm; an unknown number adds nothing.
"""

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casualty import rules
from casualty.rules import Range
from casualty.schema import VictimDraft
from casualty.vocabulary import Harm

TABLE = """
victims                                                                         | harm    | low best high
                                                                                | killed  | 0 0 0
killed                                                                          | killed  | 1 1 1
killed, killed, injured                                                         | killed  | 2 2 2
killed, killed, injured                                                         | injured | 1 1 1
a: 5/7/9 killed                                                                 | killed  | 5 7 9
a: 5/7/9 killed, killed                                                         | killed  | 6 8 10
a: 5/7/9 killed, killed of a                                                    | killed  | 5 7 9
a: 5/7/9 killed, killed of a, killed of a, killed of a                          | killed  | 5 7 9
a: 1/2/9 killed, killed of a, killed of a, killed of a                          | killed  | 3 3 9
a: 5/7/9 killed, killed of a, killed                                            | killed  | 6 8 10
a: 5/7/9 killed, b: 2/2/2 killed, killed of b, killed of b                      | killed  | 7 9 11
a: 5/?/? killed                                                                 | killed  | 5 0 0
a: ?/?/? killed, killed of a                                                    | killed  | 1 1 1
a: ?/7/? killed, killed of a                                                    | killed  | 1 7 1
a: 5/7/9 missing, killed of a                                                   | killed  | 1 1 1
a: 5/7/9 missing, killed of a                                                   | missing | 4 6 8
a: 5/7/9 killed, alive of a                                                     | killed  | 4 6 8
a: 5/7/9 killed, alive of a                                                     | alive   | 1 1 1
a: 5/7/9 killed, injured of a, killed of a                                      | killed  | 4 6 8
a: 0/1/1 missing, killed of a, killed of a                                      | missing | 0 0 0
a: 9/5/1 killed                                                                 | killed  | 9 5 1
a: 3/3/3 injured, killed                                                        | killed  | 1 1 1
a: 3/3/3 missing                                                                | killed  | 0 0 0
"""  # fmt: skip
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip("\n").splitlines()[1:]]


def read(text: str) -> VictimDraft:
    """Return the victim that one part of a row of the table says."""
    name, _, rest = text.rpartition(":")
    if name:
        counts, harm = rest.split()
        numbers = [None if part == "?" else int(part) for part in counts.split("/")]
        fields: dict[str, Any] = dict(zip(("count_low", "count_best", "count_high"), numbers, strict=True))
        return VictimDraft.model_validate({"kind": "group", "ref": name.strip(), "harm": harm, **fields})
    harm, _, group = rest.partition(" of ")
    return VictimDraft.model_validate({"harm": harm.strip(), "resolved_out_of": group.strip() or None})


@pytest.mark.parametrize(("victims", "harm", "answer"), ROWS)
def test_each_person_once(victims: str, harm: str, answer: str) -> None:
    """R09, R30: and in whatever order they were entered."""
    drafts = [read(part.strip()) for part in victims.split(",") if part.strip()]
    for order in itertools.permutations(drafts):
        assert rules.victims_harmed(order, Harm(harm)) == Range(*map(int, answer.split()))


HARMS = st.sampled_from([Harm.KILLED, Harm.INJURED, Harm.MISSING, Harm.ALIVE])
GROUPS = st.lists(st.tuples(HARMS, st.integers(0, 12)), max_size=4)
PERSONS = st.lists(st.tuples(HARMS, st.integers(-1, 3)), max_size=12)


@given(groups=GROUPS, persons=PERSONS, seed=st.integers(0, 99))
def test_naming_people_never_counts_them_twice(
    groups: list[tuple[Harm, int]], persons: list[tuple[Harm, int]], seed: int
) -> None:
    """R09: people are handed out one by one; all harms together are always the heads that were there, in any order."""
    heads: list[Harm] = []
    drafts = []
    for number, (harm, size) in enumerate(groups):
        named = [h for h, group in persons if group == number][:size]
        heads += named + [harm] * (size - len(named))
        ref = {"ref": f"g{number}"} if seed % 2 else {"id": f"g{number}"}
        drafts.append(VictimDraft.model_validate(
            {"kind": "group", "harm": harm, "count_low": size, "count_best": size, "count_high": size, **ref}))  # fmt: skip
        drafts += [VictimDraft.model_validate({"harm": h, "resolved_out_of": f"g{number}"}) for h in named]
    alone = [harm for harm, group in persons if group < 0]
    heads += alone
    drafts += [VictimDraft.model_validate({"harm": harm}) for harm in alone]
    random.Random(seed).shuffle(drafts)
    for harm in Harm:
        assert rules.victims_harmed(drafts, harm) == Range(*[heads.count(harm)] * 3)


@given(size=st.integers(0, 20), order=st.permutations(range(6)), named=st.integers(0, 6))
def test_resolving_a_group_leaves_its_number(size: int, order: list[int], named: int) -> None:
    """R09: total = remainder + resolved, for any number of people of the same harm, up to the group's own number."""
    counts = dict.fromkeys(("count_low", "count_best", "count_high"), size)
    group = VictimDraft.model_validate({"kind": "group", "ref": "g", "harm": "killed", **counts})
    people = [VictimDraft.model_validate({"harm": "killed", "resolved_out_of": "g"}) for _ in order[:named]]
    assert rules.victims_harmed([group, *people], Harm.KILLED) == Range(*[max(size, len(people))] * 3)


ORDERED = [
    # low   best  high    in order
    (1,     2,    3,      True),
    (2,     2,    2,      True),
    (None,  None, None,   True),
    (1,     None, 3,      True),
    (None,  2,    3,      True),
    (3,     None, 1,      False),
    (3,     2,    None,   False),
    (None,  3,    2,      False),
    (0,     0,    0,      True),
]  # fmt: skip


@pytest.mark.parametrize(("low", "best", "high", "ordered"), ORDERED)
def test_a_range_is_in_order_as_far_as_it_is_known(
    low: int | None, best: int | None, high: int | None, ordered: bool
) -> None:
    """R08: unknown is not zero, and stands in nobody's way."""
    assert Range(low, best, high).ordered is ordered
    assert Range(low, best, high).stated is any(value is not None for value in (low, best, high))


# Rows judged to be one person: a>b is "a is counted as b"; incidents hold rows; those in brackets do not count (taken
# back or merged). The answer: what each row is counted as, where that is another row.
ONCE = """
judged            | rows                | counted as
                  | a b                 |
a>b               | a b                 | a:b
a>b b>c           | a b c               | a:c b:c
a>c b>c           | a b c               | a:c b:c
a>b               | a (b)               |
a>b               | (a) b               |
a>c b>c           | a b (c)             | b:a
a>b b>c           | a b (c)             | a:b
a>b b>c           | a (b) c             | a:c
a>b b>c c>d       | a (b) c (d)         | a:c
a>b c>d           | a b c d             | a:b c:d
a>b b>a           | a b                 | b:a
a>b               | (a) (b)             |
"""  # fmt: skip
ONCE_ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in ONCE.strip("\n").splitlines()[1:]]


@pytest.mark.parametrize(("judged", "rows", "answer"), ONCE_ROWS)
def test_of_all_rows_of_one_person_one_counts(judged: str, rows: str, answer: str) -> None:
    """R09: never two, and never none while any of them stands."""
    pairs = [(pair[0], pair[2]) for pair in judged.split()]
    standing = {row for row in rows.split() if not row.startswith("(")}
    found = rules.counted_once(pairs, standing)
    assert found == {part[0]: part[2] for part in answer.split()}


@given(pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=9), standing=st.sets(st.integers(0, 9)))
def test_the_persons_counted_are_the_persons_there(pairs: list[tuple[int, int]], standing: set[int]) -> None:
    """R09: as many rows count as there are groups of linked rows with one that stands."""
    into = {str(a): str(b) for a, b in pairs if a < b}
    stand = {str(row) for row in standing}
    groups = [{str(row)} for row in range(10)]
    for a, b in into.items():
        joined = [group for group in groups if {a, b} & group]
        groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    counted = rules.counted_once(into.items(), stand)
    assert len(stand - counted.keys()) == sum(1 for group in groups if group & stand)
    assert set(counted) <= stand
    assert set(counted.values()) <= stand - counted.keys()
    assert all(any({row, other} <= group for group in groups) for row, other in counted.items())


AGAIN = [
    # victims, by id                                                counted as             killed
    ("p: killed, q: killed",                                        {"q": "p"},            "1 1 1"),
    ("p: killed, q: killed",                                        {"p": "elsewhere"},    "1 1 1"),
    ("p: killed, q: killed",                                        {"p": "x", "q": "x"},  "0 0 0"),
    ("g: 5/7/9 killed, p: killed of g",                             {"p": "elsewhere"},    "4 6 8"),
    ("g: 5/7/9 killed, p: killed of g, q: killed of g",             {"q": "p"},            "5 7 9"),
    ("g: 5/7/9 killed, p: killed of g, q: killed of g",             {"p": "x", "q": "x"},  "4 6 8"),
    ("g: 5/7/9 killed, p: killed of g, q: killed",                  {"q": "p"},            "5 7 9"),
    ("g: 5/7/9 killed, p: killed of g, q: killed",                  {"p": "q"},            "5 7 9"),
    ("g: 3/3/3 missing, p: killed of g",                            {"p": "elsewhere"},    "0 0 0"),
    ("p: missing, q: killed",                                       {"q": "p"},            "0 0 0"),
]  # fmt: skip


@pytest.mark.parametrize(("victims", "counted", "answer"), AGAIN)
def test_a_person_counted_as_another_row_adds_nothing(victims: str, counted: dict[str, str], answer: str) -> None:
    """R09, R30: and leaves a group once, however many rows tell of them."""
    drafts = []
    for part in victims.split(","):
        name, _, said = part.strip().partition(":")
        draft = read(f"{name}: {said.strip()}" if "/" in said else said.strip())
        drafts.append(draft.model_copy(update={"id": name, "ref": None}))
    for order in itertools.permutations(drafts):
        assert rules.victims_harmed(order, Harm.KILLED, counted) == Range(*map(int, answer.split()))
