"""A house of whose packages one asks and two may grant, and what is read on the page of releases."""

from html import unescape
from typing import Any

import reviewed
from filled import fill
from paged import shown
from streamlit.testing.v1 import AppTest

from casualty.access import Acting
from casualty.store import Store
from casualty.vocabulary import Role

CUSTODIAN, OTHER, ANALYST = Acting("custodian", Role.CUSTODIAN), Acting("other", Role.CUSTODIAN), reviewed.ANALYST
WOULD, ASK, LEFT = "What would leave", "Ask for a package", "What left"
YOU_ASKED = "You asked for this package, so you cannot grant it"


def moved_in(store: Store) -> Store:
    """Return the store, shown by the pages, with one account of each role and a second custodian."""
    reviewed.moved_in(store)
    store.add_account(OTHER.name, Role.CUSTODIAN, reviewed.PASSWORD, reviewed.ADMINISTRATOR)
    return store


def filled(store: Store) -> Store:
    """The same with something of everything."""
    fill(store, store.local("tester"), store.local("second person"))
    return moved_in(store)


def view(test: AppTest, name: str) -> AppTest:
    """Go to a part of the page."""
    test.get("button_group")[0].set_value(name).run()
    assert not test.exception
    return test


def text(test: AppTest) -> str:
    """All that the page says."""
    kinds: tuple[Any, ...] = (test.info, test.warning, test.success, test.caption, test.markdown)
    said = " ".join(part.value for kind in kinds for part in kind)
    return unescape(f"{shown(test)} {said}").replace("\\", "")


def buttons(test: AppTest) -> set[str]:
    """The labels of all buttons."""
    return {part.label for part in test.button}
