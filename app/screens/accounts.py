"""Accounts: one's own password, second factor and sign-ins; for administrators, everybody's."""

from collections.abc import Callable
from html import escape

import streamlit as st

from app import language, session, widgets
from app.language import say
from casualty.access import Acting
from casualty.errors import CasualtyError
from casualty.store import digest_of
from casualty.vocabulary import AccountScope, Role

ISSUER = "Casualty record"
DONE = "accounts_done"


def done(act: Callable[[], object], said: str) -> None:
    """Do what a form asks and say so on the page drawn anew; or say what is wrong with it, where it stands."""
    try:
        act()
    except CasualtyError as told:
        widgets.told(told)
    else:
        st.session_state[DONE] = said
        st.rerun()


def here() -> str | None:
    """Return the digest of this browser's own session, which stays when one's others end."""
    token = session.token()
    return digest_of(token) if token else None


def password(by: Acting) -> None:
    """Change one's own password."""
    st.subheader(say("Password"), anchor=False)
    with st.form("own_password"):
        old = st.text_input(say("Present password"), type="password", autocomplete="current-password")
        new = st.text_input(say("New password"), type="password", autocomplete="new-password")
        again = st.text_input(say("New password once more"), type="password", autocomplete="new-password")
        pressed = st.form_submit_button(say("Change the password"))
    if pressed and new != again:
        widgets.faults(say("The two new passwords differ."))
    elif pressed:
        done(
            lambda: session.store().set_password(by.name, new, by, old=old, but=here()),
            say("The password is changed. Your other sign-ins are ended."),
        )


def second_factor(by: Acting) -> None:
    """Set up a second factor: the secret as text, link and picture, then a code of it."""
    st.subheader(say("Second factor"), anchor=False)
    if session.store().second_factor_since(by):
        st.write(say("On. If the telephone is lost, an administrator can take the second factor away."))
        return
    secret = st.session_state.get("totp_secret")
    if secret is None:
        _begin(by)
    else:
        _confirm(by, secret)


def _begin(by: Acting) -> None:
    st.write(say("Off. With it, signing in asks for a code of your telephone too (any TOTP app)."))
    with st.form("factor_begin"):
        proof = st.text_input(say("Present password"), type="password", autocomplete="current-password")
        pressed = st.form_submit_button(say("Set up a second factor"))
    if pressed:
        try:
            st.session_state["totp_secret"] = session.store().begin_second_factor(by, proof)
        except CasualtyError as told:
            widgets.told(told)
        else:
            st.rerun()


def _confirm(by: Acting, secret: str) -> None:
    import pyotp
    import segno

    link = pyotp.TOTP(secret).provisioning_uri(name=by.name, issuer_name=ISSUER)
    picture = segno.make(link, error="m").svg_data_uri(scale=4, border=4, light="#fff")
    shown = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    alt = escape(say("The secret as a QR code"))
    st.html(
        f"<p>{escape(say('Take it into your app, by the picture, the link or the letters.'))}</p>"
        f'<img src="{escape(picture)}" alt="{alt}" width="220" height="220">'
        f'<p><a href="{escape(link)}">{escape(say("Open in an app on this device"))}</a></p>'
        f'<p><code dir="ltr">{escape(shown)}</code></p>'
    )
    with st.form("factor_confirm"):
        code = st.text_input(say("A code that the app shows"), autocomplete="one-time-code")
        pressed = st.form_submit_button(say("Turn the second factor on"))
    if pressed:

        def confirm() -> None:
            session.store().confirm_second_factor(by, code, but=here())
            del st.session_state["totp_secret"]

        done(confirm, say("The second factor is on. Your other sign-ins are ended."))


def sign_ins(by: Acting) -> None:
    """Show where one is signed in, and end it."""
    st.subheader(say("Where you are signed in"), anchor=False)
    now, heads = here(), [say("Since"), say("Last used"), say("Where")]
    widgets.table(
        heads,
        (
            [
                escape(language.moment(one.begun_at.isoformat())),
                escape(language.moment(one.used_at.isoformat())),
                escape(say("this browser") if one.digest == now else say("elsewhere")),
            ]
            for one in session.store().sessions(by, by.name)
        ),
    )
    if st.button(say("End all others")):
        done(lambda: session.store().end_sessions(by, by.name, but=now), say("Your other sign-ins are ended."))


def others(by: Acting) -> None:
    """Show every account, and what an administrator may change in it."""
    store = session.store()
    st.subheader(say("All accounts"), anchor=False)
    held = store.accounts(by)
    open_now = {one.by.name for one in store.sessions(by)}
    heads = [say("Name"), say("Role"), say("State"), say("Situations"), say("Second factor"), say("Signed in")]
    widgets.table(
        heads,
        (
            [
                widgets.text(row.name),
                escape(language.term(Role(row.role))),
                escape(say("open") if row.active else say("closed")),
                escape(language.term(AccountScope(row.scope or AccountScope.ALL))),
                escape(say("on") if row.totp_since else say("off")),
                escape(say("yes") if row.name in open_now else say("no")),
            ]
            for row in held
        ),
    )
    if st.button(say("Sign everybody out")):
        done(lambda: store.end_sessions(by, but=here()), say("Everybody else is signed out."))
    _add(by)
    chosen = st.selectbox(say("Account to change"), [row.name for row in held], index=None)
    found = next((row for row in held if row.name == chosen), None)
    if found is not None:
        _change(by, found.name, Role(found.role), active=bool(found.active), linked=found.organisation_digest or "")


def _add(by: Acting) -> None:
    with st.expander(say("Add an account")), st.form("account_add"):
        st.caption(say("The name signs every revision and goes out with packages: use a code, not a person's name."))
        name = st.text_input(say("Name"), autocomplete="off")
        role = st.selectbox(say("Role"), list(Role), format_func=language.term)
        secret = st.text_input(say("First password"), type="password", autocomplete="new-password")
        if st.form_submit_button(say("Add")):
            done(lambda: session.store().add_account(name, role, secret, by), say("{name} is added.", name=name))


def _change(by: Acting, name: str, role: Role, *, active: bool, linked: str) -> None:
    """The steps on one account; each needs its reason."""
    store = session.store()
    reason = st.text_input(say("Reason (it stands in the ledger)"), key=f"reason {name}")
    wanted = st.selectbox(say("New role"), list(Role), list(Role).index(role), format_func=language.term)
    digest = st.text_input(say("Link to the organisation's sign-in (the digest shown there)"), linked)
    secret = st.text_input(say("New password for this account"), type="password", autocomplete="new-password")
    steps: list[tuple[str, Callable[[], object]]] = [
        (say("Give the role"), lambda: store.change_account(name, by, reason, role=wanted)),
        (
            say("Close the account") if active else say("Open the account again"),
            lambda: store.change_account(name, by, reason, active=not active),
        ),
        (say("Link"), lambda: store.change_account(name, by, reason, organisation_digest=digest.strip() or None)),
        (say("Set the password"), lambda: store.set_password(name, secret, by)),
        (say("Take the second factor away"), lambda: store.reset_second_factor(name, by, reason)),
        (say("Let it sign in after failures"), lambda: store.unlock(name, by)),
        (say("Sign it out everywhere"), lambda: store.end_sessions(by, name)),
    ]
    with st.container(horizontal=True):
        pressed = [act for label, act in steps if st.button(label)]
    if pressed:
        done(pressed[0], say("Done for {name}.", name=name))
    _situations(by, name, reason)


def _situations(by: Acting, name: str, reason: str) -> None:
    """Which situations an account is cleared for."""
    store = session.store()
    named = {row.id: row.name for row in session.listed("situation")}
    cleared = store.situations_of(Acting(name, Role.RECORDER))
    said = say("all") if cleared is None else language.joined(sorted(named.get(key, key) for key in cleared))
    st.html(f"<p>{escape(say('Situations'))}: {widgets.text(said or say('none'))}</p>")
    chosen = st.selectbox(say("Situation"), list(named), index=None, format_func=lambda key: named[key])
    with st.container(horizontal=True):
        clear, end = st.button(say("Clear for it")), st.button(say("End the clearance"))
        everything = st.button(say("Clear for all situations"))
    if chosen is not None and (clear or end):
        act = store.clear if clear else store.end_clearance
        done(lambda: act(name, chosen, by, reason), say("Done for {name}.", name=name))
    if everything:
        done(lambda: store.change_account(name, by, reason, scope=AccountScope.ALL), say("Done for {name}.", name=name))


def show() -> None:
    """Draw the page."""
    by = session.acting()
    if by is None or by.role is None:
        return
    keeps = by.role is Role.ADMINISTRATOR
    st.title(say("Accounts") if keeps else say("Your account"), anchor=False)
    if said := st.session_state.pop(DONE, ""):
        st.html(f'<p class="done" role="status">{escape(said)}</p>')
    password(by)
    second_factor(by)
    sign_ins(by)
    if keeps:
        others(by)


show()
