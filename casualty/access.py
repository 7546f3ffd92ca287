"""Who may do what, and see what. The store asks here before every write; pages and commands only show what was answered."""

from collections.abc import Mapping
from dataclasses import dataclass

from casualty.errors import Refused, Word
from casualty.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Acting:
    """The person who acts: an account's name and role, or `local:<login>` while the database has no accounts.

    It is a name and no proof: `Store.sign_in` and `Store.local` give it out, and whoever runs code in this process could
    make one. That is no wider a door than the database file or URL which the same process holds. What the store does not
    take on trust is what changes: at every write it reads again whether that account is active, and in this very role.
    """

    name: str
    role: Role | None = None

    @property
    def local(self) -> bool:
        return self.role is None


PERMITTED: dict[str, frozenset[Role]] = {
    "record": frozenset({Role.RECORDER, Role.ADMINISTRATOR}),
    "amend": frozenset({Role.RECORDER, Role.ADMINISTRATOR}),
    "withdraw": frozenset({Role.RECORDER, Role.REVIEWER, Role.ADMINISTRATOR}),
    "review": frozenset({Role.REVIEWER}),
    "evidence": frozenset({Role.RECORDER, Role.REVIEWER, Role.ANALYST, Role.ADMINISTRATOR}),
    "reference": frozenset({Role.ANALYST, Role.ADMINISTRATOR}),
    "intake": frozenset({Role.RECORDER, Role.ANALYST, Role.ADMINISTRATOR}),
    "withdraw_batch": frozenset({Role.RECORDER, Role.ADMINISTRATOR}),
    "release": frozenset({Role.CUSTODIAN}),
    "ask_release": frozenset({Role.ANALYST, Role.CUSTODIAN}),
    # Where there is no second person: the one account may be the administrator's.
    "release_alone": frozenset({Role.CUSTODIAN, Role.ADMINISTRATOR}),
    "correction": frozenset({Role.RECORDER, Role.REVIEWER, Role.ANALYST, Role.ADMINISTRATOR}),
    "export": frozenset({Role.ANALYST, Role.CUSTODIAN, Role.ADMINISTRATOR}),
    "answer": frozenset({Role.REVIEWER}),
    "judge": frozenset({Role.REVIEWER}),
    "code": frozenset({Role.REVIEWER, Role.ANALYST}),
    "analyse": frozenset({Role.REVIEWER, Role.ANALYST, Role.CUSTODIAN, Role.ADMINISTRATOR}),
    "set_credential": frozenset(Role),
    "account": frozenset({Role.ADMINISTRATOR}),
    "deployment": frozenset({Role.ADMINISTRATOR}),
}

ACTION_OF_KIND: dict[str, str] = {
    "account": "account",
    "clearance": "account",
    "deployment": "deployment",
    "situation": "reference",
    "dimension": "reference",
    "identity_group": "reference",
    "admin_unit": "reference",
    "named_place": "reference",
    "population": "reference",
    "actor": "evidence",
    "source": "evidence",
    "document": "evidence",
    "origin": "evidence",
    "consent": "evidence",
    "batch": "intake",
    "release": "release",
    "release_request": "ask_release",
    "correction": "correction",
    "coding_sample": "judge",
    "coding": "code",
    "pairing": "judge",
    "analysis_run": "analyse",
}

# Work on the record as a whole: not for an account that sees a part of it.
WHOLE = ("batch", "release", "release_request", "analysis_run")
WHOLE_ACTIONS = frozenset({"intake", "withdraw_batch", "release", "ask_release", "release_alone"})


def permit(by: Acting, action: str) -> None:
    """Return if `by` may do `action`; raise Refused, saying which roles may, if not.

    A local person may do everything: the database has no accounts, so who holds the file holds it all.
    """
    if by.local or by.role in PERMITTED[action]:
        return
    raise Refused(
        "{name} ({role}) may not {action}; the role must be one of: {roles}.",
        values={
            "name": by.name,
            "role": by.role,
            "action": Word(action.replace("_", " a ")),
            "roles": tuple(sorted(PERMITTED[action])),
        },
    )


def action_for(kind: str, operation: str) -> str:
    """Return the action that a write of this kind and operation needs."""
    if kind == "incident":
        return {"record": "record", "review": "review", "withdraw": "withdraw"}.get(operation, "amend")
    return ACTION_OF_KIND[kind]


def sees(row: Mapping[str, object], situations: frozenset[str] | None, name: str) -> bool:
    """Return whether the account `name`, cleared for these situations (None: all), sees an incident.

    `row` holds the incident's `situation_id` (absent or None: of no situation) and `recorded_by`. What somebody
    recorded they always see.
    """
    return situations is None or row.get("situation_id") in situations or row["recorded_by"] == name


def may_leave(
    before: Mapping[str, object] | None, after: Mapping[str, object], situations: frozenset[str], name: str
) -> bool:
    """Return whether an account of named situations may leave an incident as it would stand after a write.

    It may not put one into a situation that it is not cleared for, nor take away the situation of another's incident.
    """
    to = after.get("situation_id")
    own = to is None and after["recorded_by"] == name
    return own or to in situations or (before is not None and to == before.get("situation_id"))


def permit_whole(situations: frozenset[str] | None) -> None:
    """Raise Refused for an account of named situations: what it does not see, it neither takes in nor lets out."""
    if situations is not None:
        raise Refused("This is work on the whole record; an account of named situations may not do it.")
