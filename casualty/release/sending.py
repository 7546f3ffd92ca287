"""A package on its way: encrypted to its recipient, and stamped with the time by an authority that neither side is.

Encryption is age's (X25519), so that anybody opens it with that program. A stamp is asked for and given by files (RFC 3161): the
house sends the request on a way of its own choosing, nothing here opens a connection.
"""

import hashlib
import os
import tarfile
from pathlib import Path

from casualty.errors import CheckFailed, NotFound, UsageFault
from casualty.release.verifier import ASKED, STAMPED, TAG_MANIFEST

BEGINNING = 315532800  # 1980-01-01, the time of every file in an archive


def encrypt(package: Path, out: Path, recipients: list[str]) -> int:
    """Write a package as one archive encrypted to recipients (`age1...`), and return its length in bytes.

    The archive within is the same each time, what is around it never. Raises UsageFault for a key that is none, or an `out`
    that is there.
    """
    import pyrage

    if out.exists():
        raise UsageFault(f"{out} is there already; nothing delivered is overwritten. Name a new file.")
    try:
        keys = [pyrage.x25519.Recipient.from_str(key.strip()) for key in recipients]
    except pyrage.RecipientError as wrong:
        raise UsageFault("A recipient's key begins with age1; ask them for the public half of theirs.") from wrong
    if not keys:
        raise UsageFault("Name at least one recipient's key.")
    part = out.with_name(f".{out.name}.part")
    plain = out.with_name(f".{out.name}.tar.part")
    try:
        for path in (plain, part):  # nobody else reads what is not encrypted yet
            os.close(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        archive(package, plain)
        pyrage.encrypt_file(str(plain), str(part), keys)
        part.rename(out)
    finally:
        for path in (plain, part):
            path.unlink(missing_ok=True)
    return out.stat().st_size


def archive(package: Path, out: Path) -> None:
    """Write a package as a tar archive of the same bytes each time: files in order, without owner or clock."""
    if not (package / "bagit.txt").is_file():
        raise NotFound(f"There is no finished package at {package}.")
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(package.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(f"{package.name}/{path.relative_to(package).as_posix()}")
                entry.size, entry.mtime, entry.mode = path.stat().st_size, BEGINNING, 0o644
                with path.open("rb") as file:
                    tar.addfile(entry, file)


def ask_stamp(package: Path) -> Path:
    """Write the request for a time stamp beside the manifests of a package, and return its path; it names a hash and nothing else."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    asked = package / ASKED
    if not asked.exists():
        request = (
            TimestampRequestBuilder()
            .data(_manifest(package))
            .hash_algorithm(HashAlgorithm.SHA256)
            .nonce(nonce=False)
            .build()
        )
        asked.write_bytes(request.as_bytes())
    return asked


def keep_stamp(package: Path, receipt: bytes) -> str:
    """Put an authority's answer beside the manifests of a package; return the time it states, UTC.

    Raises CheckFailed if it is no answer, was refused, or is of something else. That the authority's signature holds is for
    whoever trusts it to check: `openssl ts -verify -in timestamp.tsr -data tagmanifest-sha256.txt -CAfile ITS_CERTIFICATE`.
    """
    from rfc3161_client import decode_timestamp_response

    try:
        answer = decode_timestamp_response(receipt)
        info = answer.tst_info
    except ValueError as wrong:
        raise CheckFailed("This is no answer of a time stamping authority (RFC 3161).") from wrong
    if answer.status > 1 or info.message_imprint.message != hashlib.sha256(_manifest(package)).digest():
        raise CheckFailed("The time stamp was refused, or is of another package.")
    kept = package / STAMPED
    if kept.exists() and kept.read_bytes() != receipt:
        raise UsageFault(f"{kept} is there already; nothing delivered is overwritten.")
    kept.write_bytes(receipt)
    return info.gen_time.isoformat()


def _manifest(package: Path) -> bytes:
    file = package / TAG_MANIFEST
    if not file.is_file():
        raise NotFound(f"There is no finished package at {package}.")
    return file.read_bytes()
