"""How the rows of the grid add up: the same as counting heads (R09, R30)."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.entry import people
from casualty import rules

SIZES = st.tuples(st.none() | st.integers(0, 3), st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)).filter(
    lambda sizes: rules.Range(*sizes).ordered
)
GRID = st.tuples(
    st.lists(st.tuples(SIZES, st.sampled_from(["killed", "injured"])), max_size=2),
    st.lists(
        st.tuples(st.sampled_from(["killed", "injured"]), st.booleans(), st.none() | st.integers(0, 1)), max_size=4
    ),
)
MANY = 8  # a group without an end, for counting by hand


@settings(max_examples=300, deadline=None)
@given(GRID, SIZES)
@example(([((None, None, 3), "killed")], []), (None, 2, None))
@example(([((2, None, None), "killed")], [("killed", True, 0)] * 3), (None, None, 2))
def test_nobody_is_counted_twice(
    grid: tuple[list[tuple[tuple[int | None, ...], str]], list[tuple[str, bool, int | None]]],
    stated: tuple[int | None, int | None, int | None],
) -> None:
    """R09, R30: the same as counting heads, for every number of people that the groups' figures allow."""
    groups, persons = grid
    listed: list[dict[str, Any]] = [
        {"kind": "group", "ref": str(at), "harm": harm, **dict(zip(("count_low", "count_best", "count_high"), sizes, strict=True))}
        for at, (sizes, harm) in enumerate(groups)
    ]  # fmt: skip
    for harm, named, group in persons:
        out_of = str(group) if group is not None and group < len(groups) else None
        listed.append({"kind": "person", "harm": harm, "names": ["A"] * named, "resolved_out_of": out_of})
    tally = people.tally(listed, rules.Range(*stated))
    killed = [who for who in listed if who["kind"] == "person" and who["harm"] == "killed"]
    heads = [len(killed)] * 2
    for at, (sizes, harm) in enumerate(groups):
        if harm == "killed":
            known = [size for size in sizes[:2] if size is not None]
            least = known[0] if known else 0
            most = next((size for size in (sizes[2], sizes[1]) if size is not None), MANY)
            inside = sum(1 for who in listed if who.get("resolved_out_of") == str(at))
            heads = [heads[0] + len(range(inside, least)), heads[1] + len(range(inside, most))]
    open_ended = any(harm == "killed" and sizes[1] is sizes[2] is None for sizes, harm in groups)
    assert tally.described == (heads[0], None if open_ended else heads[1])
    assert tally.named + tally.unnamed == len(killed)
    assert tally.groups[0] == heads[0] - len(killed)
    if tally.stated is None:
        assert (tally.left, tally.over) == (None, 0)
        return
    least, most = tally.stated
    described = range(heads[0], (100 if open_ended else heads[1]) + 1)
    able = [
        max(real - there, 0) for real in range(least, (most if most is not None else 200) + 1) for there in described
    ]
    assert tally.left is not None
    assert tally.left[0] == min(able)
    assert tally.left[1] == (max(able) if most is not None else None)
    assert tally.over == (0 if most is None else max(heads[0] - most, 0))
