"""Commands for what leaves the house: ask for a package, grant it, send it on its way, and check one."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casualty.cli.frame import Json, acting, app, dumped, opened, out, release_app, remaining, say
from casualty.errors import UsageFault

if TYPE_CHECKING:
    from casualty.release import Released

HEAD = 8
Tiered = Annotated[str, typer.Option(help="public, partner, commission or internal.")]
Follows = Annotated[
    str | None,
    typer.Option(metavar="RELEASE", help="The earlier release that this one corrects: its id, or its manifest's hash."),
]


@release_app.command("request")
def release_request(
    place: Annotated[Path, typer.Argument(metavar="OUT", help="The folder that the package is to be.")],
    tier: Tiered,
    to: Annotated[str, typer.Option(help="Who receives it.")],
    basis: Annotated[str, typer.Option(help="On what legal basis or agreement.")],
    follows: Follows = None,
    report: Annotated[bool, typer.Option(help="With the report for people who read, a PDF.")] = True,
) -> None:
    """Ask that a package may leave; where one person alone keeps the record, it is written at once."""
    from casualty import release
    from casualty.release import approving
    from casualty.vocabulary import Tier

    if tier not in set(Tier):
        raise UsageFault(f"{tier} is not a tier; one of: {', '.join(Tier)}.")
    store = opened()
    wanted = {
        "tier": Tier(tier), "recipient": to, "basis": basis, "by": acting(store), "follows": follows, "report": report,
        "progress": remaining("links and incidents"),
    }  # fmt: skip
    if not approving.second_person(store):
        _told(release.build(store, place, **wanted))  # type: ignore[arg-type]
        say("No second person approved it: the record is kept by one person alone. The package says so.")
        return
    asked = release.request(store, place, **wanted)  # type: ignore[arg-type]
    say(
        f"Asked for: {asked.incidents:,} incidents, to {to}. What would leave lies in {asked.folder}; nothing has left."
    )
    say(f"A custodian who is not {asked.recorded_by} grants it: casualty release grant {asked.id} --as NAME")


@release_app.command("grant")
def release_grant(key: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Let a package go that somebody else asked for, exactly as it was shown."""
    from casualty import release

    store = opened()
    who = acting(store)
    _told(release.grant(store, release.one(store, key, who), who))


@release_app.command("refuse")
def release_refuse(
    key: Annotated[str, typer.Argument(metavar="ID")], reason: Annotated[str, typer.Option(help="Why.")]
) -> None:
    """Refuse a package that somebody else asked for, with reasons."""
    from casualty import release

    store = opened()
    who = acting(store)
    release.refuse(store, release.one(store, key, who), reason, who)
    say("Refused; what was shown is removed.")


@release_app.command("withdraw")
def release_withdraw(
    key: Annotated[str, typer.Argument(metavar="ID")], reason: Annotated[str, typer.Option(help="Why.")]
) -> None:
    """Take back a request of one's own, before it is answered."""
    from casualty import release

    store = opened()
    who = acting(store)
    release.take_back(store, release.one(store, key, who), reason, who)
    say("Taken back; what was shown is removed.")


@release_app.command("list")
def release_list(as_json: Json = False) -> None:
    """List the packages asked for and those that left, newest first, each with its number for its recipient."""
    from casualty import release

    store = opened()
    who = acting(store)
    asked, left = release.requests(store, who), release.sent(store, who)
    if as_json:
        out(dumped({"requests": [vars_of(one) for one in asked], "releases": [vars_of(one) for one in left]}))
        return
    for one in asked:
        if one.answer == "open":
            out(f"{one.id}  asked    {one.recorded_at[:10]}  {one.tier:<11}{one.incidents:>9,}  {one.recipient}")
    for gone in left:
        receipt = f", received {gone.received_on}" if gone.received_on else ""
        out(
            f"{gone.id}  no. {gone.number:<4} {gone.recorded_at[:10]}  {gone.tier:<11}{gone.incidents:>9,}  {gone.recipient}{receipt}"
        )
    say(f"{len(left):,} left; {sum(one.answer == 'open' for one in asked):,} asked for.")


@release_app.command("show")
def release_show(key: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show what would leave: every file with its length, what is withheld, and where to look at it."""
    from casualty import release

    store = opened()
    asked = release.one(store, key, acting(store))
    out(
        f"{asked.tier} to {asked.recipient}, on: {asked.basis}\nasked by {asked.recorded_by}, {asked.recorded_at}: {asked.answer}"
    )
    for path, size in asked.files():
        out(f"{size:>14,}  {path}")
    say(f"It lies in {asked.folder}; data/00_README.txt and data/08_withheld.csv come first.")


@release_app.command("encrypt")
def release_encrypt(
    package: Path,
    place: Annotated[Path, typer.Argument(metavar="OUT.age")],
    to: Annotated[
        list[str], typer.Option(metavar="age1...", help="The recipient's public key; may be given more than once.")
    ],
) -> None:
    """Encrypt a package to its recipient; age opens it: age -d -i KEY OUT.age | tar x"""
    from casualty import release
    from casualty.release import sending

    release.verify(package)
    say(f"{sending.encrypt(package, place, to):,} bytes: {place}")


@release_app.command("stamp")
def release_stamp(
    package: Path,
    receipt: Annotated[
        Path | None, typer.Option(metavar="FILE.tsr", help="The authority's answer, to be kept with the package.")
    ] = None,
) -> None:
    """Write the request for a time stamp (RFC 3161), or keep the authority's answer; nothing is sent from here."""
    from casualty.release import sending

    if receipt is None:
        say(f"Send this to an authority of your choice, on a way of your choice: {sending.ask_stamp(package)}")
    else:
        say(f"Stamped: {sending.keep_stamp(package, receipt.read_bytes())}")


@release_app.command("receipt")
def release_receipt(
    key: Annotated[str, typer.Argument(metavar="RELEASE")],
    said: Annotated[str, typer.Option(help="What the recipient confirmed, in their words.")],
    on: Annotated[str, typer.Option(metavar="DAY", help="When they had it (ISO 8601).")],
) -> None:
    """Keep what a recipient confirmed."""
    from casualty import release

    store = opened()
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise UsageFault(f"{on} is no day; write YYYY-MM-DD.") from None
    release.received(store, key, day, said, acting(store))
    say("Kept.")


@release_app.command("key")
def release_key() -> None:
    """Print the public key that this house signs with; tell it to recipients by another way than the package."""
    from casualty import release

    store = opened()
    out(release.public_key(store, acting(store)))


@app.command()
def verify(
    package: Path,
    key: Annotated[str, typer.Option(metavar="KEY", help="The sender's public key, given to you by another way.")] = "",
) -> None:
    """Check a released package, with nothing but the package."""
    from casualty import release

    for line in release.verify(package, key):
        out(line)


def vars_of(one: object) -> dict[str, object]:
    """Return a frozen record as values of JSON, without the place on this machine."""
    names = (name for name in one.__slots__ if name != "place")  # type: ignore[attr-defined]
    return {name: None if (value := getattr(one, name)) is None else str(value) for name in names}


def _told(done: "Released") -> None:
    say(f"Released {done.incidents:,} incidents: {done.path}")
    say(f"SHA-256 of its manifest: {done.manifest_sha256}")
