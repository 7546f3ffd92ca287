"""Copies show the picture and nothing else; what a file says of itself is told as just that.

Holds R71 (no metadata below the highest tier), R81 (the original stays as it is) and R100 (covered by default).
"""

import io
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photographs import SECRET, photograph, refusal
from PIL import Image

from casualty import evidence
from casualty.access import Acting
from casualty.errors import InvalidRecords
from casualty.evidence import copies
from casualty.evidence.items import Items
from casualty.store import Store


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a server's database keeps its originals in."""
    named = tmp_path / "originals"
    monkeypatch.setenv(evidence.VARIABLE, str(named))
    return named


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("blurred", [True, False])
def test_a_copy_is_the_picture_and_nothing_else(sqlite_store: Store, kind: str, blurred: bool) -> None:
    """R71: no camera, place, comment or thumbnail goes with it, and the original stays as it is."""
    by, data = sqlite_store.local("tester"), photograph(kind=kind)
    kept = evidence.keep(sqlite_store, data, file_name="a", by=by)
    copy = evidence.working_copy(sqlite_store, kept.document_id, blurred=blurred, width=200)
    drawn = Image.open(io.BytesIO(copy))
    assert (drawn.format, drawn.size, dict(drawn.getexif())) == ("JPEG", (200, 150), {})
    assert SECRET.encode() in data
    assert SECRET.encode() not in copy
    assert not {"comment", "exif", "icc_profile", "xmp"} & drawn.info.keys()
    assert Items.of(sqlite_store).original(str(kept.sha256)).read_bytes() == data


def test_a_covered_picture_does_not_hold_what_it_covers() -> None:
    """R100: the blur is in the bytes that are sent, not in the page: fine detail is gone for good."""
    fine = Image.effect_noise((480, 480), 200).convert("RGB")
    out = io.BytesIO()
    fine.save(out, "PNG")

    def contrast(blurred: bool) -> float:
        drawn = Image.open(io.BytesIO(copies.copy_of(out.getvalue(), blurred=blurred, width=480))).convert("L")
        shades = drawn.histogram()
        mean = sum(n * shade for shade, n in enumerate(shades)) / sum(shades)
        return float((sum(n * (shade - mean) ** 2 for shade, n in enumerate(shades)) / sum(shades)) ** 0.5)

    assert contrast(False) > 50
    assert contrast(True) < 5


def test_a_copy_stands_as_the_camera_was_held() -> None:
    """R100: red on the left, taken with the camera turned, is red on top."""
    drawn = Image.open(io.BytesIO(copies.copy_of(photograph(orientation=6), blurred=False, width=300)))
    assert drawn.size == (300, 400)
    top, bottom = drawn.getpixel((150, 40)), drawn.getpixel((150, 360))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 200, bottom[2] > 200) == (True, True)


@pytest.mark.parametrize("blurred", [True, False])
@pytest.mark.parametrize(
    ("size", "drawn"), [((1, 9000), (1, 800)), ((9000, 1), (200, 1)), ((90, 60), (90, 60)), ((600, 2700), (178, 800))]
)
def test_copies_of_long_and_small_pictures_stay_within_bounds(
    size: tuple[int, int], drawn: tuple[int, int], blurred: bool
) -> None:
    """R100: covered and uncovered take the same room, so that nothing jumps; none is more than four times as high as wide."""
    copy = Image.open(io.BytesIO(copies.copy_of(photograph(size, "PNG"), blurred=blurred, width=200)))
    assert all(abs(a - b) <= 1 for a, b in zip(copy.size, drawn, strict=True)), copy.size


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_pictures_of_every_mode_are_drawn(mode: str) -> None:
    """R100: what is clear is white."""
    out = io.BytesIO()
    Image.new(mode, (40, 30)).save(out, "TIFF")
    assert Image.open(io.BytesIO(copies.copy_of(out.getvalue(), blurred=False, width=40))).size == (40, 30)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has so many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bomb(50_000, 50_000), "too many pixels"),
        (bomb(10_000, 10_000), "too many pixels"),
        (bomb(8_000, 8_000), "too many pixels"),
        (bomb(800, 800), "cannot be read as a picture"),
        (photograph()[:900], "cannot be read as a picture"),
        (b"\xff\xd8\xff", "cannot be read as a picture"),
        (b"%PDF-1.7", "No copy is made of a file of this kind"),
        (b"\x00\x00\x00\x18ftypmp42", "No copy is made of a file of this kind"),
        (b"\x00\x00\x00\x18ftypheic", "No copy is made of a file of this kind"),
        (b"words", "No copy is made of a file of this kind"),
    ],
)
def test_what_has_no_copy_is_said_in_words(sqlite_store: Store, data: bytes, why: str) -> None:
    """R100: bombs, broken pictures and other kinds of files; the file is kept all the same."""
    kept = evidence.keep(sqlite_store, data, file_name="a", by=sqlite_store.local("tester"))
    with pytest.raises(InvalidRecords) as told:
        evidence.working_copy(sqlite_store, kept.document_id, blurred=True, width=100)
    assert why in str(told.value)


WHOLE = [photograph((40, 30), kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF")]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_bytes_make_a_copy_or_its_metadata_fail_without_words(data: st.DataObject) -> None:
    """R100: pictures with bytes exchanged, cut and put in, and rubbish that begins like a picture."""
    whole = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        whole = whole or bytearray(b"x")
    for asked in (lambda: copies.copy_of(bytes(whole), blurred=True, width=64), lambda: copies.facts_of(bytes(whole))):
        refused = refusal(asked)
        assert refused is None or refused.faults


def test_metadata_tells_the_camera_s_place_as_the_camera_s(store: Store, by: Acting) -> None:
    """R71: it is told, as what the camera wrote, and nothing of it enters the record."""
    kept = evidence.keep(store, photograph(), file_name="a.jpg", by=by)
    found = {fact.name: fact.value for fact in evidence.metadata(store, kept.document_id, by)}
    assert found["Make"] == SECRET
    assert found["Coordinates that the camera wrote (not of the incident)"] == "-33.510000, -36.250000"
    assert (found["SHA-256"], found["Type of file"]) == (kept.sha256, "image/jpeg")
    assert SECRET not in str(store.history("document", kept.document_id))
    plain = evidence.keep(store, b"words", file_name="a.txt", media_type="text/plain", by=by)
    assert [fact.value for fact in evidence.metadata(store, plain.document_id, by)][:2] == ["a.txt", "text/plain"]


@pytest.mark.parametrize(
    ("tags", "point"),
    [
        ({1: "N", 2: (33.0, 30.0, 0.0), 3: "E", 4: (36.0, 0.0, 36.0)}, (33.5, 36.01)),
        ({1: "S\x00", 2: (0.0, 30.0, 0.0), 3: "w", 4: (0.0, 0.0, 0.0)}, (-0.5, 0.0)),
        ({1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (36.0, 0.0, 0.0)}, None),
        ({1: "N", 2: (float("nan"), 0.0, 0.0), 3: "E", 4: (36.0, 0.0, 0.0)}, None),
        ({1: "N", 2: "33", 3: "E", 4: (36.0, 0.0, 0.0)}, None),
        ({}, None),
    ],
)
def test_a_camera_s_coordinates_are_read_or_left(tags: dict[int, Any], point: tuple[float, float] | None) -> None:
    """R71"""
    assert copies._point(tags) == (None if point is None else pytest.approx(point))
