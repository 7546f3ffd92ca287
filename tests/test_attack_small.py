"""What gave people or places away once, and no longer does: small units that are told, areas of one group told together."""

from pathlib import Path

import attack
import numpy as np
import pytest
from test_attack import GROUPS, INNER, UNITS, T, marked, placed, readers, world  # noqa: F401

from casualty.vocabulary import Tier


def alike(folder: Path, trial: int) -> Path:
    """A public package of a record whose areas are mostly of one group each; everybody's group is known."""
    rng, made = np.random.default_rng(trial), world(folder, trial)
    told = []
    for area in UNITS:
        for year in (2021, 2022, 2023):
            main = str(rng.choice(GROUPS["faith"]))
            for _ in range(rng.integers(0, 3)):
                few = area in ("Tarn", "Slip", "Dun") or rng.random() < 0.3
                killed = int(rng.integers(1, 9) if few else rng.integers(15, 60))
                faith = main if rng.random() < 0.85 else str(rng.choice(GROUPS["faith"]))
                speech = str(rng.choice(GROUPS["speech"]))
                told.append(
                    {"area": area, "year": year, "killed": killed, "known": 1.0, "faith": faith, "speech": speech}
                )
    made.add(*told)
    return Path(made.send(Tier.PUBLIC))


@pytest.mark.parametrize("trial", range(8))
def test_areas_told_together_give_no_group_of_the_few_of_one_away(tmp_path: Path, trial: int) -> None:
    """R66, R70: where all of a joined line are of one group, the list of incidents would tell the few of each area in it."""
    bag = alike(tmp_path, trial)
    found = [
        one for one in attack.joined([bag]) if one.name[1][0] == "groups_by_area" and one.least > 0 and one.most < T
    ]
    assert found == [], "\n".join(map(str, found))


def test_no_area_alone_tells_which_small_unit_it_is(placed, readers) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    """R68: a small unit inside a large one is not betrayed by the lack of a point."""
    west, south, east, north = INNER["Bel Mill"][1]
    guess = ((west + east) / 2, (south + north) / 2)
    for tier in readers:
        rows = marked(tier[0])
        alone = [mark for mark, row in rows.items() if (row["area"], row["place_shown"]) == ("Bel", "area")]
        assert [mark for mark in alone if attack.metres(guess, placed.truth[mark]) < 2_000] == []


def test_no_unit_is_told_that_is_smaller_than_the_way_to_a_mask(placed, readers) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    """R68: the middle of a told unit is no better guess than a mask."""
    boxes = UNITS | {name: box for name, (_, box) in INNER.items()}
    for tier in readers:
        for mark, row in marked(tier[0]).items():
            if row["place_shown"] == "area" and row["pcode"]:
                west, south, east, north = boxes[row["pcode"].removeprefix("P ")]
                assert attack.metres(((west + east) / 2, (south + north) / 2), placed.truth[mark]) >= 2_000, mark
        told = {row["area"] for row in attack.incidents(tier[0])}
        assert "units too small to be told" in told
        assert told.isdisjoint({"Slip", "Tarn"})
        assert b"P Tarn" not in b"".join(path.read_bytes() for path in tier[0].glob("data/0*/*.csv"))


def test_public_ids_are_said_to_be_the_same_in_every_public_release(readers) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    """R64: and so they are; a partner's are its own."""
    public, partner = readers
    one, other = ({row["id"] for row in attack.incidents(bag)} for bag in public[:2])
    assert one == other
    assert "the same in every public release" in (public[0] / "data/00_README.txt").read_text(encoding="utf-8")
    assert one.isdisjoint(row["id"] for row in attack.incidents(partner[0]))
    assert "for this recipient alone" in (partner[0] / "data/00_README.txt").read_text(encoding="utf-8")
