"""Who may do what: every action as every role, forged and outdated actors, accounts and their passwords."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import PASSWORD, minimum
from whole import analysis, incident, references

from casualty import access, extract, filters
from casualty.access import ACTION_OF_KIND, PERMITTED, Acting, action_for
from casualty.errors import InvalidRecords, Refused
from casualty.schema import (
    ROOTS,
    AccountFields,
    BatchFields,
    CodingFields,
    CodingSampleFields,
    CorrectionFields,
    DeploymentFields,
    DocumentFields,
    OriginFields,
    PairingFields,
    PopulationFields,
    ReleaseFields,
    SituationFields,
    SourceFields,
    table,
)
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Operation, Role

pytestmark = pytest.mark.usefixtures("quick_hashes")


R, V, A, C, K = Role.RECORDER, Role.REVIEWER, Role.ANALYST, Role.CUSTODIAN, Role.ADMINISTRATOR

# What is done                        who may
TABLE: list[tuple[str, set[Role]]] = [
    ("record an incident",             {R, K}),
    ("amend an incident",              {R, K}),
    ("submit a draft",                 {R, K}),
    ("withdraw an incident",           {R, V, K}),
    ("review an incident",             {V}),
    ("record a source",                {R, V, A, K}),
    ("amend a source",                 {R, V, A, K}),
    ("withdraw a source",              {R, V, A, K}),
    ("restore a source",               {R, V, A, K}),
    ("record a population",            {A, K}),
    ("record a situation",             {A, K}),
    ("take in a file",                 {R, A, K}),
    ("withdraw a batch",               {R, K}),
    ("release",                        {C}),
    ("ask for a release",              {A, C}),
    ("take a table out",               {A, C, K}),
    ("record a correction",            {R, V, A, K}),
    ("answer a correction",            {V}),
    ("judge a pair",                   {V}),
    ("draw a sample",                  {V}),
    ("code an incident",               {V, A}),
    ("keep an analysis",               {V, A, C, K}),
    ("withdraw an analysis",           {V, A, C, K}),
    ("add an account",                 {K}),
    ("clear an account",               {K}),
    ("end a clearance",                {K}),
    ("set another's password",         {K}),
    ("reset a second factor",          {K}),
    ("end another's sessions",         {K}),
    ("end all sessions",               {K}),
    ("unlock an account",              {K}),
    ("list the accounts",              {K}),
    ("amend an account",               {K}),
    ("withdraw an account",            {K}),
    ("amend the deployment",           {K}),
]  # fmt: skip


class Doings:
    """One of each thing that can be done, ready to be done by anybody."""

    def __init__(self, store: Store) -> None:
        self.store = store
        by, self.number = store.local("setup"), 0
        self.ids = references(store, by)
        self.incident = store.record("incident", incident(self.ids), by).id
        self.draft = store.record("incident", incident(self.ids), by, status=IncidentStatus.DRAFT).id
        self.gone = store.record("source", SourceFields(name="Gone"), by).id
        store.withdraw("source", self.gone, by, "not a source")
        self.pair = [
            next(one["id"] for one in store.current("incident", key)["victim"] if one["kind"] == "person")
            for key in (self.incident, self.draft)
        ]
        asked = CorrectionFields(
            incident_id=self.incident, asked_by="family", received_on="2024-06-01", wanted="The age"
        )
        self.correction = store.record("correction", asked, by).id
        drawn = CodingSampleFields(
            coder="analyst", seed=1, drawn_from="all", population=2, incidents=f'["{self.incident}"]'
        )
        self.sample = store.record("coding_sample", drawn, by).id
        self.analysis = store.record("analysis_run", analysis(), by).id
        store.add_account("administrator", K, PASSWORD, by)
        first = store.sign_in("administrator", PASSWORD)
        self.spare = store.add_account("spare", R, PASSWORD, first).id
        self.who: dict[Role, Acting] = {K: first}
        for role in (R, V, A, C):
            store.add_account(role.value, role, PASSWORD, first)
            self.who[role] = store.sign_in(role.value, PASSWORD)

    def name(self) -> str:
        self.number += 1
        return f"name{self.number}"

    def amended(self, by: Acting) -> Any:
        draft, version = self.store.draft(self.incident)
        draft.title = self.name()
        return self.store.amend("incident", self.incident, draft, expected=version, by=by)

    def changed(self, kind: str, key: str, draft: Any, by: Acting) -> Any:
        return self.store.amend(kind, key, draft, expected=self.store.current(kind, key)[kind][0]["version"], by=by)

    def taken_in(self, by: Acting) -> Any:
        fields = dict.fromkeys(("recorded", "amended", "unchanged", "refused", "vanished", "warnings", "read"), 0)
        batch = BatchFields(dataset="d", format="ged", document_id=self.ids["document"], mapping="-", **fields)
        self.number += 1
        with self.store.writing(by, action="intake") as writer:
            writer.insert(
                "batch",
                {"batch": [{**BLANK, "id": writer.ids.key(), "number": self.number, **batch.model_dump(mode="json")}]},
            )

    def permitted(self, action: str, by: Acting) -> Any:
        with self.store.writing(by, action=action):
            return None

    def account(self, by: Acting) -> Any:
        held = self.store.current("account", self.spare)["account"][0]
        fields = {name: held.get(name) for name in AccountFields.model_fields} | {"active": not held["active"]}
        return self.changed("account", self.spare, AccountFields.model_validate(fields), by)

    def deployment(self, by: Acting) -> Any:
        held = self.store.deployment()
        return self.changed("deployment", held["id"], DeploymentFields(name=self.name()), by)

    def answered(self, by: Acting) -> Any:
        held = self.store.current("correction", self.correction)["correction"][0]
        fields = {name: held.get(name) for name in CorrectionFields.model_fields} | {
            "answer": "declined", "answer_reasons": self.name(), "answered_on": "2024-07-01",
        }  # fmt: skip
        return self.changed("correction", self.correction, CorrectionFields.model_validate(fields), by)

    def asked(self, by: Acting) -> Any:
        wanted = CorrectionFields(incident_id=self.incident, asked_by="family", received_on="2024-06-01", wanted="x")
        return self.store.record("correction", wanted, by)

    def paired(self, by: Acting) -> Any:
        victim, other = self.pair
        return self.store.record(
            "pairing", PairingFields(victim_id=victim, other_id=other, verdict="same", reasons="x"), by
        )

    def drawn(self, by: Acting) -> Any:
        drawn = CodingSampleFields(coder="x", seed=2, drawn_from="all", population=2, incidents=f'["{self.incident}"]')
        return self.store.record("coding_sample", drawn, by)

    def coded(self, by: Acting) -> Any:
        coded = CodingFields(
            sample_id=self.sample, incident_id=self.incident, incident_type="unknown", to_status="unverifiable"
        )
        return self.store.record("coding", coded, by)

    def fresh(self, kind: str, by: Acting) -> str:
        return self.store.record(kind, SourceFields(name=self.name()), by).id

    def doing(self, what: str) -> Callable[[Acting], Any]:
        store, ids = self.store, self.ids
        release = ReleaseFields(
            tier="public", recipient="x", basis="x", manifest_sha256="x", ledger_head="x", incidents=1
        )
        return {
            "record an incident": lambda by: store.record("incident", incident(ids), by),
            "amend an incident": self.amended,
            "submit a draft": lambda by: store.submit(self.draft, by),
            "withdraw an incident": lambda by: store.withdraw("incident", self.incident, by, "twice"),
            "review an incident": lambda by: store.review(self.incident, IncidentStatus.IN_REVIEW, "taken up", by),
            "record a source": lambda by: store.record("source", SourceFields(name=self.name()), by),
            "amend a source": lambda by: self.changed("source", ids["source"], SourceFields(name=self.name()), by),
            "withdraw a source": lambda by: store.withdraw("source", ids["source"], by, "wrong"),
            "restore a source": lambda by: store.restore("source", self.gone, by, "after all"),
            "record a population": lambda by: store.record(
                "population", PopulationFields(area="x", year=2000, number=1, source="x"), by
            ),
            "record a situation": lambda by: store.record("situation", SituationFields(name=self.name()), by),
            "take in a file": self.taken_in,
            "withdraw a batch": lambda by: self.permitted("withdraw_batch", by),
            "release": lambda by: store.record("release", release, by),
            "ask for a release": lambda by: self.permitted("ask_release", by),
            "take a table out": lambda by: extract.take(store, by, filters.EVERYTHING, "to count"),
            "record a correction": self.asked,
            "answer a correction": self.answered,
            "judge a pair": self.paired,
            "draw a sample": self.drawn,
            "code an incident": self.coded,
            "keep an analysis": lambda by: store.record("analysis_run", analysis(), by),
            "withdraw an analysis": lambda by: store.withdraw("analysis_run", self.analysis, by, "another seed"),
            "clear an account": lambda by: store.clear("spare", ids["situation"], by, "works there"),
            "end a clearance": lambda by: store.end_clearance("spare", ids["situation"], by, "moved"),
            "set another's password": lambda by: store.set_password("spare", "another password", by),
            "reset a second factor": lambda by: store.reset_second_factor("spare", by, "lost"),
            "end another's sessions": lambda by: store.end_sessions(by, "spare"),
            "end all sessions": lambda by: store.end_sessions(by),
            "unlock an account": lambda by: store.unlock("spare", by),
            "list the accounts": store.accounts,
            "add an account": lambda by: store.add_account(self.name(), R, PASSWORD, by),
            "amend an account": self.account,
            "withdraw an account": lambda by: store.withdraw("account", self.spare, by, "left"),
            "amend the deployment": self.deployment,
        }[what]


BLANK = {"version": 1, "recorded_at": "x", "recorded_by": "x", "sensitivity": "low", "codebook_version": "1"}


@pytest.fixture(scope="module")
def doings(tmp_path_factory: pytest.TempPathFactory) -> Doings:
    return Doings(Store.create(tmp_path_factory.mktemp("access") / "record.db"))


@pytest.mark.parametrize(("what", "who"), TABLE)
def test_who_may(doings: Doings, what: str, who: set[Role]) -> None:
    """R75: the store asks, whatever a page shows; a refusal says which roles may, and writes nothing."""
    do = doings.doing(what)
    for role in Role:
        if role not in who:
            before = doings.store.head()
            with pytest.raises(Refused, match="must be one of: ") as told:
                do(doings.who[role])
            assert doings.store.head() == before, role
            assert all(allowed.value in str(told.value) for allowed in who)
    do(doings.who[sorted(who)[0]])


def test_the_table_names_every_action() -> None:
    """R75: nothing can be done that no rule speaks of; every role may do something, none may do all."""
    asked = {action_for(kind, operation.value) for kind in ROOTS for operation in Operation}
    assert asked <= PERMITTED.keys()
    assert set(ACTION_OF_KIND) == set(ROOTS) - {"incident"}
    assert PERMITTED.keys() - asked == {"answer", "export", "release_alone", "withdraw_batch", "set_credential"}
    for role in Role:
        assert 0 < sum(role in roles for roles in PERMITTED.values()) < len(PERMITTED)


def test_the_local_person_may_do_everything_but_only_without_accounts(store: Store) -> None:
    """R75: who holds a file without accounts holds it all; the first account ends that, for open pages too."""
    by = store.local("tester")
    for action in PERMITTED:
        access.permit(by, action)
    store.record("origin", OriginFields(label="before"), by)
    store.add_account("administrator", K, PASSWORD, by)
    with pytest.raises(Refused, match="--as"):
        store.local("tester")
    with pytest.raises(Refused, match="--as"):
        store.record("origin", OriginFields(label="after"), by)


FORGED = [
    Acting("forger", R), Acting("administrator", R), Acting("recorder", K), Acting("local:tester"), Acting("recorder"),
    Acting("local:tester", K), Acting("", K), Acting("Administrator", K), Acting("administrator ", K), Acting("recorder\x00", R),
]  # fmt: skip


def test_forged_actors_are_refused(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: `Acting` is only a name; the store reads the role itself, at every write."""
    before = store.head()
    for by in FORGED:
        for act in (lambda by: store.record("origin", OriginFields(label="x"), by), lambda by: store.add_account("x", K, PASSWORD, by),
                    lambda by: store.withdraw("account", "x", by, "x")):  # fmt: skip
            with pytest.raises((Refused, InvalidRecords)):
                act(by)
    assert store.head() == before


def test_forged_actors_without_accounts_are_refused(store: Store) -> None:
    """R75: without accounts only a local name signs; nobody can sign as a later account."""
    for by in (Acting("administrator"), Acting("administrator", K), Acting("local:tester", K), Acting("")):
        with pytest.raises(Refused):
            store.record("origin", OriginFields(label="x"), by)
    assert store.local("x" * 200).name == "local:" + "x" * 74
    store.record("origin", OriginFields(label="x"), store.local("ann\x00a \udc80" + "x" * 200))
    store.verify()


def amend_account(store: Store, who: str, by: Acting, **fields: Any) -> None:
    key = store.rows(sa.select(table("account").c.id).where(table("account").c.name == who))[0][0]
    held = store.current("account", key)["account"][0]
    stated = {field: held.get(field) for field in AccountFields.model_fields} | fields
    store.amend("account", key, AccountFields.model_validate(stated), expected=held["version"], by=by)


def test_a_closed_account_acts_no_more(store: Store, accounts: dict[str, Acting]) -> None:
    """R77: what was opened before stays open in a page, and is refused at its next write; so is the next sign-in."""
    first = accounts["administrator"]
    recorder, custodian = accounts["recorder"], accounts["custodian"]
    store.record("origin", OriginFields(label="while active"), recorder)
    amend_account(store, "recorder", first, active=False)
    key = store.rows(sa.select(table("account").c.id).where(table("account").c.name == "custodian"))[0][0]
    store.withdraw("account", key, first, "left the team")
    for by, name in ((recorder, "recorder"), (custodian, "custodian")):
        with pytest.raises(Refused, match="not active"):
            store.record("origin", OriginFields(label="x"), by)
        with pytest.raises(Refused, match="not right"):
            store.sign_in(name, PASSWORD)
    amend_account(store, "recorder", first, active=True)
    store.restore("account", key, first, "came back")
    assert store.sign_in("recorder", PASSWORD) == recorder
    assert store.sign_in("custodian", PASSWORD) == custodian
    store.verify()


def test_a_changed_role_holds_from_the_next_write(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: the old role is refused, also for what both roles may do; the new one signs in."""
    amend_account(store, "recorder", accounts["administrator"], role="analyst")
    with pytest.raises(Refused, match="sign in again"):
        store.record("source", SourceFields(name="x"), accounts["recorder"])
    store.record(
        "population", PopulationFields(area="x", year=2000, number=1, source="x"), store.sign_in("recorder", PASSWORD)
    )


def test_somebody_always_keeps_the_accounts(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: the last administrator cannot close, withdraw or demote themselves."""
    first = accounts["administrator"]
    key = store.rows(sa.select(table("account").c.id).where(table("account").c.name == "administrator"))[0][0]
    for act in (
        lambda: amend_account(store, "administrator", first, active=False),
        lambda: amend_account(store, "administrator", first, role="recorder"),
        lambda: store.withdraw("account", key, first, "gone"),
    ):
        with pytest.raises(InvalidRecords, match="Nobody would be left"):
            act()
    store.add_account("second", K, PASSWORD, first)
    store.withdraw("account", key, first, "gone")
    store.verify()


@pytest.mark.parametrize("field", ["name", "sample", "credential_digest"])
def test_an_account_stays_whose_it_is(store: Store, accounts: dict[str, Acting], field: str) -> None:
    """R75: role and standing may change; a name is never given to another, a sample account never becomes a real one."""
    value = {"name": "other", "sample": True, "credential_digest": "0" * 64}[field]
    with pytest.raises(InvalidRecords) as told:
        amend_account(store, "recorder", accounts["administrator"], **{field: value})
    assert [fault.field for fault in told.value.faults] == [field]


def test_what_is_said_once_stays(store: Store) -> None:
    """R81, R86: a hash of evidence may be added, never exchanged; what left the house, and what came in, stay said."""
    by = store.local("tester")
    document = store.record("document", DocumentFields(title="Film"), by).id
    store.amend("document", document, DocumentFields(title="Film", sha256="a" * 64, bytes=5), expected=1, by=by)
    store.amend(
        "document", document, DocumentFields(title="Film, first reel", sha256="a" * 64, bytes=5), expected=2, by=by
    )
    for fields in ({"sha256": "b" * 64, "bytes": 5}, {"sha256": "a" * 64, "bytes": 6}, {}):
        with pytest.raises(InvalidRecords, match="stated once"):
            store.amend("document", document, DocumentFields(title="Film", **fields), expected=3, by=by)
    stated = {
        "tier": "public",
        "recipient": "Archive",
        "basis": "law",
        "manifest_sha256": "b",
        "ledger_head": "c",
        "incidents": 2,
    }
    release = store.record("release", ReleaseFields.model_validate(stated), by).id
    for field in stated:
        other = {"tier": "partner", "incidents": 3}.get(field, "other")
        with pytest.raises(InvalidRecords) as told:
            store.amend("release", release, ReleaseFields.model_validate({**stated, field: other}), expected=1, by=by)
        assert [fault.field for fault in told.value.faults] == [field]


def test_a_sample_never_becomes_a_real_database(sqlite_store: Store) -> None:
    """R75: nor the other way; and a database says once what it is."""
    held = sqlite_store.deployment()
    by = sqlite_store.local("tester")
    with pytest.raises(InvalidRecords):
        sqlite_store.amend("deployment", held["id"], DeploymentFields(name="x", sample=True), expected=1, by=by)
    with pytest.raises(InvalidRecords, match="says once"):
        sqlite_store.record("deployment", DeploymentFields(name="x", sample=True), by)
    with pytest.raises(InvalidRecords, match="stays said"):
        sqlite_store.withdraw("deployment", held["id"], by, "why not")
    sqlite_store.amend("deployment", held["id"], DeploymentFields(name="x", minimum_origins=3), expected=1, by=by)
    assert sqlite_store.deployment()["minimum_origins"] == 3


def test_reviewing_is_for_a_second_person_whatever_their_role(
    store: Store, document: str, accounts: dict[str, Acting]
) -> None:
    """R13: who recorded or amended an incident and became a reviewer since still cannot review it."""
    first, recorder, second = accounts["administrator"], accounts["recorder"], accounts["recorder2"]
    saved = store.record("incident", minimum(document), recorder)
    draft, version = store.draft(saved.id)
    draft.title = "Amended"
    store.amend("incident", saved.id, draft, expected=version, by=second)
    for name in ("recorder", "recorder2"):
        amend_account(store, name, first, role="reviewer")
        with pytest.raises(InvalidRecords, match="second person"):
            store.review(saved.id, IncidentStatus.IN_REVIEW, "looks right", store.sign_in(name, PASSWORD))
    store.review(saved.id, IncidentStatus.IN_REVIEW, "taken up", accounts["reviewer"])
