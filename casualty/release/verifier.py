#!/usr/bin/env python3
"""Verify a casualty record package: python3 verify.py [FOLDER] [--key KEY]

Needs Python 3.8 or later and nothing else. Without FOLDER it checks the package it lies in. It says what it checked,
and for every fault the file, the place in it, and what is wrong. It ends with 0 if all holds, with 1 if not.

It shows that the package is whole and agrees with itself, and that what is shown is what the ledger signed. With --key it
shows too that whoever holds that key sent it: take the key from the sender by another way than the package. It does not
show that what was recorded is true.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import sys
from typing import Any, Callable, Iterator  # noqa: UP035 (Python 3.8)

from casualty.release.ed25519 import signed
from casualty.release.recounting import FEATURES, RECORDS, SUMMARY, features, same_cell, summary

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
REQUIRED = ("bagit.txt", "bag-info.txt", "verify.py")
SIGNATURE, ASKED, STAMPED = TAG_MANIFEST + ".minisig", "timestamp.tsq", "timestamp.tsr"
# Made of the tag manifest, so they cannot be listed in it.
OUTSIDE = (TAG_MANIFEST, SIGNATURE, ASKED, STAMPED)
UNTRUSTED = "untrusted comment: signature of a casualty record package"
OUTWARD = ("public", "partner")
GENESIS = "0" * 64
REVISIONS, BODIES = "data/06_ledger/revisions.csv", "data/06_ledger/bodies.jsonl"
INCIDENT_FILES = {
    "incident": "incidents", "claim": "claims", "involvement": "involvements", "victim": "victims",
    "victim_name": "victim_names", "attribution": "attributions", "act": "acts", "review": "reviews",
}  # fmt: skip
OTHER_FILES = {
    "situation": "situations", "identity_group": "groups", "actor": "actors", "source": "sources",
    "document": "documents", "origin": "origins", "admin_unit": "admin_units", "population": "population",
    "batch": "batches", "pairing": "pairings", "analysis_run": "analysis_runs",
}  # fmt: skip
LATER = ("pairing", "analysis_run")  # packages made before there were any have no such file
ADDED = {"has_point", "incident_code", "incident_status", "withheld"}
NOT_IN_TABLES = {"geometry"}
SEALED_EMPTY = ("at", "actor", "record_kind", "record_id", "operation", "reason", "batch_id")
LINK = ("actor", "record_kind", "record_id", "operation", "reason")
MOST_FAULTS = 1000
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, RecursionError, csv.Error)


class Report:
    """What was checked, and every fault found: (file, place, what is wrong)."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.at = ("", "")
        self.checked: list[str] = []
        self.faults: list[tuple[str, str, str]] = []

    def fault(self, file: str, place: str, what: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append((file, place, what))

    def path(self, name: str) -> str:
        return os.path.join(self.folder, *name.split("/"))

    def lines(self, name: str) -> Iterator[str]:
        """Yield the lines of a text file, ends and all, as they stand."""
        with open(self.path(name), encoding="utf-8", newline="\n") as file:
            yield from file

    def placed(self, name: str, word: str, found: Iterator[Any]) -> Iterator[tuple[int, Any]]:
        """Yield (number from 1, item), keeping in `at` what is being read, for a fault in reading it."""
        number = 0
        while True:
            self.at = (name, f"{word} {number + 1}")
            item = next(found, None)
            if item is None:
                return
            number += 1
            yield number, item

    def rows(self, name: str) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield (row number from 1, cells by column) of a CSV file."""
        self.at = (name, "header")
        csv.field_size_limit(2**31 - 1)
        reader = csv.reader(self.lines(name), strict=True)
        header = next(reader, [])
        for number, cells in self.placed(name, "row", reader):
            if len(cells) != len(header):
                raise ValueError(f"{len(cells)} cells under {len(header)} columns")
            yield number, {column: cells[at] for at, column in enumerate(header)}


def check(folder: str, key: str = "") -> Report:
    """Return a report on the package in a folder; it raises nothing for a package that is damaged or false.

    `key`: the sender's public key, one line of base64; without it a signature is held against the key that the package names.
    """
    report = Report(folder)
    steps: list[tuple[str, Callable[[Report], None]]] = [
        (MANIFEST, _files), (SIGNATURE, lambda told: _signature(told, key)), (ASKED, _stamped),
    ]  # fmt: skip
    for name, step in (*steps, ("bag-info.txt", _content)):
        report.at = (name, "")
        try:
            step(report)
        except UNREADABLE as wrong:
            report.fault(*report.at, f"cannot be read as it should be: {wrong}")
    return report


def _content(report: Report) -> None:
    """Check what the files say, by the tier: the ledger and the persons of a record are in no package for the public."""
    tier = _info(report).get("Tier", "")
    steps: tuple[tuple[str, Callable[[Report], None]], ...] = (
        (REVISIONS, _ledger), (SUMMARY, summary), (FEATURES, features),
    )  # fmt: skip
    if tier in OUTWARD:
        for name in (REVISIONS, BODIES):
            if os.path.exists(report.path(name)):
                report.fault(name, "", f"has no place in a package of the {tier} tier")
        report.checked.append(f"no ledger and no bodies are in it, as the {tier} tier has it")
        return
    for name, step in steps:
        report.at = (name, "")
        try:
            step(report)
        except UNREADABLE as wrong:
            report.fault(*report.at, f"cannot be read as it should be: {wrong}")


# Files: every one is listed, every listed one is there, every hash is right ------------------------------------------


def _files(report: Report) -> None:
    found = dict(_walk(report))
    for name in REQUIRED:
        if name not in found:
            report.fault(name, "", "is missing")
    hashes, sizes = {}, {}
    for name in sorted(found):
        hashes[name], sizes[name] = _hash(found[name])
    if "bagit.txt" in found and hashes["bagit.txt"] != hashlib.sha256(DECLARATION).hexdigest():
        report.fault("bagit.txt", "", "is not the declaration of a BagIt 1.0 bag in UTF-8")
    payload = {name: hashes[name] for name in hashes if name.startswith("data/")}
    tags = {name: hashes[name] for name in hashes if not name.startswith("data/") and name not in OUTSIDE}
    listed = _manifest(report, TAG_MANIFEST, tags, False)
    _manifest(report, MANIFEST, payload, listed.get(MANIFEST) == hashes.get(MANIFEST))
    oxum = f"{sum(sizes[name] for name in payload)}.{len(payload)}"
    report.checked.append(f"{len(found)} files against their SHA-256; payload {oxum} (bytes, files)")
    stated = _info(report).get("Payload-Oxum")
    if stated != oxum:
        report.fault("bag-info.txt", "Payload-Oxum", f"says {stated}, the payload is {oxum}")


def _walk(report: Report) -> Iterator[tuple[str, str]]:
    for folder, folders, files in os.walk(report.folder):
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, report.folder).replace(os.sep, "/")
            if os.path.islink(path):
                report.fault(relative, "", "is a link; a package holds files only")
            elif name in files:
                yield relative, path
            elif not os.listdir(path):
                report.fault(relative, "", "is an empty folder that no manifest lists")


def _hash(path: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while True:
            part = file.read(1 << 20)
            if not part:
                return digest.hexdigest(), size
            digest.update(part)
            size += len(part)


def _manifest(report: Report, name: str, found: dict[str, str], sure: bool) -> dict[str, str]:
    """Compare a manifest, byte for byte, with the one these files must have; return what it lists.

    `sure` says that the manifest itself is as it was sent, so that a hash that differs is the file's.
    """
    report.at = (name, "")
    if not os.path.isfile(report.path(name)):
        report.fault(name, "", "is missing")
        return {}
    with open(report.path(name), "rb") as file:
        text = file.read().decode("utf-8")
    listed: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        value, gap, path = line[:64], line[64:66], line[66:]
        if gap != "  " or not path or set(value) - set("0123456789abcdef"):
            report.fault(name, f"line {number}", "is not a SHA-256, two spaces and a path")
        listed[path] = value
    for path in sorted(set(listed) | set(found)):
        if path not in found:
            report.fault(path, "", f"is listed in {name} and missing")
        elif path not in listed:
            report.fault(path, "", f"is in the package and not listed in {name}")
        elif listed[path] != found[path]:
            what = "was changed" if sure else f"was changed, or {name} was"
            report.fault(path, "", f"{what}: SHA-256 is {found[path]}, {name} says {listed[path]}")
    if listed == found and text != "".join(f"{found[path]}  {path}\n" for path in sorted(found)):
        report.fault(name, "", "is not written in order of path, one line a file")
    return listed


def _info(report: Report) -> dict[str, str]:
    report.at = ("bag-info.txt", "")
    with open(report.path("bag-info.txt"), encoding="utf-8", newline="") as file:
        pairs = (line.rstrip("\n").partition(": ") for line in file)
        return {label: value for label, _, value in pairs}


# The signature and the stamp of time: of the tag manifest, and so of everything ----------------------------------------


def _signature(report: Report, key: str) -> None:
    stated = _info(report).get("Signing-Key", "")
    if not os.path.isfile(report.path(SIGNATURE)):
        if stated or key:
            report.fault(SIGNATURE, "", "is missing, though the package is to be signed")
        else:
            report.checked.append("no signature: who sent it is not shown")
        return
    report.at = (SIGNATURE, "")
    with open(report.path(SIGNATURE), "rb") as file:
        lines = file.read().decode("utf-8").split("\n")
    with open(report.path(TAG_MANIFEST), "rb") as file:
        manifest = file.read()
    given, whole = (base64.b64decode(lines[at], validate=True) for at in (1, 3))
    public = base64.b64decode(key or stated, validate=True)
    marks, number, comment = given[:2], given[2:10], lines[2]
    known = (
        marks == b"ED" and public[:2] == b"Ed" and public[2:10] == number and comment.startswith("trusted comment: ")
    )
    exact = (
        lines[0] == UNTRUSTED
        and [base64.b64encode(part).decode() for part in (given, whole)] == [lines[1], lines[3]]
        and lines[4:] == [""]
    )
    if not (known and exact and signed(public[10:], hashlib.blake2b(manifest).digest(), given[10:])):
        report.fault(SIGNATURE, "", f"is not the signature of {TAG_MANIFEST} by the key {key or stated}")
    elif not signed(public[10:], given[10:] + comment[len("trusted comment: ") :].encode(), whole):
        report.fault(SIGNATURE, "trusted comment", "was changed")
    elif key:
        report.checked.append("the signature, by the key you gave")
    else:
        report.checked.append(f"the signature, by the key {stated}: ask the sender by another way whether it is theirs")


def _stamped(report: Report) -> None:
    """A request for a time stamp, and the receipt: both hold the hash of the tag manifest; who stamped is for openssl to say."""
    with open(report.path(TAG_MANIFEST), "rb") as file:
        digest = hashlib.sha256(file.read()).digest()
    for name in (ASKED, STAMPED):
        if os.path.isfile(report.path(name)):
            with open(report.path(name), "rb") as file:
                if digest in file.read():
                    report.checked.append(f"{name} is of this {TAG_MANIFEST}")
                else:
                    report.fault(name, "", f"is not of this {TAG_MANIFEST}")


# The ledger: link by link, body by body, and each row against the body that was signed -------------------------------


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _ledger(report: Report) -> None:
    info = _info(report)
    digests: dict[int, tuple[str, str, str]] = {}
    last: dict[str, int] = {}
    previous, sequence, sealed = GENESIS, 0, 0
    for number, row in report.rows(REVISIONS):
        sequence += 1
        place = f"row {number}"
        if row["seq"] != str(sequence):
            report.fault(REVISIONS, place, f"is link {row['seq']}, where {sequence} should be")
        if not row["digest"]:
            sealed += 1
            if any(row[name] for name in SEALED_EMPTY):
                report.fault(REVISIONS, place, "is sealed and yet states something that nothing proves")
        elif _link(previous, sequence, row) != row["hash"]:
            report.fault(REVISIONS, place, "the link is broken: this row, or the one before, was altered")
        else:
            digests[sequence] = (row["digest"], row["record_kind"], row["record_id"])
            last[row["record_id"]] = sequence
        previous = row["hash"]
    if (str(sequence), previous) != (info.get("Ledger-Seq"), info.get("Ledger-Head")):
        report.fault(REVISIONS, "end", "the chain does not end at the head that bag-info.txt names")
    report.checked.append(f"{sequence} links of the ledger, of which {sealed} sealed (only their hash is shown)")
    _bodies(report, digests, last)
    report.checked.append(f"ledger head: {sequence} {previous}")


def _link(previous: str, sequence: int, row: dict[str, str]) -> str:
    fields = [sequence, row["at"], *(row[name] for name in LINK), row["batch_id"] or None, row["digest"]]
    return hashlib.sha256(f"{previous}\n{_canonical(fields)}".encode()).hexdigest()


def _bodies(report: Report, digests: dict[int, tuple[str, str, str]], last: dict[str, int]) -> None:
    """Check each shown body's digest, and walk the tables beside the bodies: both are in the same order."""
    tables = {kind: {kind: Table(report, file, kind, kind)} for kind, file in OTHER_FILES.items()}
    for kind in LATER:
        if not os.path.isfile(report.path(f"{RECORDS}{OTHER_FILES[kind]}.csv")):
            del tables[kind]
    tables["incident"] = {name: Table(report, file, "incident", name) for name, file in INCIDENT_FILES.items()}
    shown = 0
    for number, proof in _proofs(report):
        shown += 1
        place = f"line {number}"
        signed = f"{proof['salt']}\n{proof['before'] or ''}\n{proof['after'] or ''}"
        stated = (hashlib.sha256(signed.encode()).hexdigest(), proof["record_kind"], proof["record_id"])
        if digests.get(proof["seq"]) != stated:
            report.fault(BODIES, place, f"is not the body that link {proof['seq']} of the ledger signed")
        elif last.get(proof["record_id"]) != proof["seq"]:
            report.fault(BODIES, place, "is not the last body of its record")
        body = json.loads(proof["after"])
        for name, table in tables[proof["record_kind"]].items():
            table.compare(proof["record_id"], body.get(name, []), body[proof["record_kind"]][0])
    every = [table for group in tables.values() for table in group.values()]
    rows = sum(table.count() for table in every)
    compared = sum(table.compared for table in every)
    report.checked.append(f"{shown} bodies against the digest that the ledger signed")
    report.checked.append(f"{compared} of {rows} rows of the tables against these bodies")


def _proofs(report: Report) -> Iterator[tuple[int, dict[str, Any]]]:
    return report.placed(BODIES, "line", map(json.loads, report.lines(BODIES)))


class Table:
    """A CSV file read forward, one record at a time, in order of the record's key."""

    def __init__(self, report: Report, file: str, kind: str, name: str) -> None:
        self._report, self._file = report, f"{RECORDS}{file}.csv"
        self._key = "id" if name == kind else f"{kind}_id"
        self._rows = report.rows(self._file)
        self._next: tuple[int, dict[str, str]] | None = None
        self._read = -1
        self.compared = 0

    def _forward(self) -> None:
        self._next = next(self._rows, None)
        self._read += 1

    def compare(self, record: str, signed: list[dict[str, Any]], root: dict[str, Any]) -> None:
        """Compare the rows of one record with the signed ones."""
        if self._read < 0:
            self._forward()
        while self._next is not None and self._next[1][self._key] < record:
            self._forward()
        expected = {row["id"]: row for row in signed}
        while self._next is not None and self._next[1][self._key] == record:
            number, row = self._next
            self._compare(number, row, expected.pop(row["id"], None), root)
            self.compared += 1
            self._forward()
        for key in expected:
            self._report.fault(self._file, key, "is signed in the ledger and missing here")

    def count(self) -> int:
        """Read to the end; return how many rows there are."""
        while self._read < 0 or self._next is not None:
            self._forward()
        return self._read

    def _compare(self, number: int, row: dict[str, str], signed: dict[str, Any] | None, root: dict[str, Any]) -> None:
        place = "row {} ({})".format(number, row["id"])
        if signed is None:
            self._report.fault(self._file, place, "is not in the body that the ledger signed")
            return
        wrong = [column for column in row if column not in ADDED and not same_cell(row[column], signed.get(column))]
        wrong += [column for column in signed if column not in row and column not in NOT_IN_TABLES]
        beside = {"incident_code": root.get("code"), "incident_status": root.get("status"), "withheld": ""}
        wrong += [column for column in beside if column in row and row[column] != beside[column]]
        for column in wrong:
            what = f"is {row.get(column)!r}, the ledger signed {beside.get(column, signed.get(column))!r}"
            self._report.fault(self._file, f"{place}, {column}", what)


def main(arguments: list[str]) -> int:
    """Check the package named, or the one this file lies in; print the report; return 0 or 1."""
    key = arguments[arguments.index("--key") + 1 :][:1] if "--key" in arguments else []
    named = arguments[: arguments.index("--key")] if "--key" in arguments else arguments
    folder = os.path.abspath(named[0]) if named else os.path.dirname(os.path.abspath(__file__))
    report = check(folder, key[0] if key else "")
    for line in report.checked:
        sys.stdout.write(f"checked: {line}\n")
    for file, place, what in report.faults:
        sys.stdout.write("FAULT: {}: {}\n".format(", ".join(part for part in (file, place) if part), what))
    sys.stdout.write("The package {}.\n".format("DOES NOT HOLD" if report.faults else "holds"))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
