"""A server for the browser tests of the parts of ours: a page that shows them all, in a process that can be killed."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext

from app.gate import COOKIE
from casualty.access import Acting
from casualty.store import Store
from casualty.vocabulary import Role

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30.0
ADMIN = Acting("administrator", Role.ADMINISTRATOR)
SERVE = """
import sys
from pathlib import Path
import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from streamlit.web.bootstrap import load_config_options
from app import gate, guard, server, session
from casualty.store import Store

store = Store.open(sys.argv[1])
load_config_options(server.SETTINGS)
house = session.House(store, gate.Sessions(store), True)
session.move_in(house)
policy = guard.page_policy(Path(st.__file__).parent / "static" / "index.html")
guarded = [Middleware(guard.Guard, sessions=house.sessions, policy=policy)]
app = st.App(Path(sys.argv[2]), routes=server.Doors(house).routes(), middleware=guarded)
line = server.listen("127.0.0.1", int(sys.argv[3]))
print(line.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, ws="websockets-sansio")).run(sockets=[line])
"""
PAGE = """
import json
from pathlib import Path
import streamlit as st
from app import map as parts

state, asked = st.session_state, st.query_params
HELD = Path(__file__).with_name(f"{asked['draft']}.json")
direction = asked.get("dir", "ltr")
draft = json.loads(HELD.read_text()) if HELD.exists() else {"story": "", "killed": None, "rows": [], "generation": "1"}


def begin(key):
    if key not in state:
        state[key] = draft[key]
    return key


parts.watch()
sex = ["female", "Female", "أنثى"], ["male", "Male", "ذكر"]
columns = [
    {"name": "name", "label": "Name", "kind": "text", "options": [], "required": True, "width": 12},
    {"name": "age", "label": "Age", "kind": "text", "options": [], "required": False, "width": 4},
    {"name": "sex", "label": "Sex", "kind": "choice", "options": sex, "required": False, "width": 6},
]
said = {
    "cell": "{name}, row {row}", "number": "Row", "actions": "Actions", "required": "required", "same": "Same as above",
    "remove": "Remove", "same_row": "Fill row {row} as above", "remove_row": "Remove row {row}", "undo": "Undo",
    "removed": "Row {row} was removed.", "pasted": "{rows} rows pasted.", "beyond": "{cells} cells had no column.",
    "unlisted": "{value} is not in the list.",
}
st.text_area("Story", key=begin("story"))
st.number_input("Killed", min_value=0, step=1, key=begin("killed"))
wrong = [row for row in state.get("rows_seen", draft["rows"]) if row["age"] and not row["age"].isdigit()]
rows = parts.grid(
    "grid", columns, draft["rows"], words=said, direction=direction, generation=draft["generation"],
    faults={row["id"]: {"age": "Type the age in years."} for row in wrong},
)
if rows != state.get("rows_seen"):
    state["rows_seen"] = rows
    st.rerun()
if st.button("Take the rows of another", key="take"):
    other = {"id": "x1", "name": "From elsewhere", "age": "", "sex": ""}
    HELD.write_text(json.dumps(draft | {"rows": [other], "generation": draft["generation"] + "1"}))
    st.rerun()
if st.button("Save", key="save"):
    st.text("Saved")


def picked():
    state["point"] = state["place"]["point"]


if st.button("Found by name", key="found"):
    state["point"] = {"lat": 33.5, "lon": 36.3}
told = {
    "map": "Map", "marker": "Marker", "help": "Click, drag or use the arrow keys.", "at": "Point {point}",
    "none": "No point is set.", "enter": "Press Enter to set it.", "zoom_in": "Closer", "zoom_out": "Further",
    "two_fingers": "Two fingers", "failed": "The map did not load.",
}
parts.place(
    "place", point=state.get("point"), metres=20_000, outline=[35, 32, 43, 38], words=told, direction=direction,
    picked=picked,
)
parts.keys(
    [
        {"keys": "Alt+S", "says": "Save", "press": "save"},
        {"keys": "Alt+F", "says": "First fault", "press": "[aria-invalid=true]"},
    ],
    {"title": "Keys", "close": "Close", "absent": "Nothing to do.", "more": [{"keys": "Ctrl+D", "says": "As above"}]},
    direction,
)
parts.keeper({
    "down": "The line is down.", "back": "The line is back; all is sent.", "ended": "Your session has ended.",
    "sign_in": "Sign in",
})
held = {"story": state.story, "killed": state.killed, "rows": rows, "generation": draft["generation"]}
HELD.with_suffix(".new").write_text(json.dumps(held | {"point": state.get("point")}))
HELD.with_suffix(".new").replace(HELD)
"""


class House:
    """A server of the page above as a process of its own, that can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.database, self.page, self.port = folder, folder / "r.db", folder / "page.py", 0
        self.drafts = 0
        self.page.write_text(PAGE, encoding="utf-8")
        store = Store.create(self.database)
        store.add_account("administrator", Role.ADMINISTRATOR, "a long password", store.local("tester"))
        self.token = store.begin_session(ADMIN)
        store.close()
        self.begin()

    def afresh(self) -> "House":
        """Be up, with an empty draft."""
        if self.process.poll() is not None:
            self.begin()
        self.drafts += 1
        return self

    def begin(self) -> None:
        """Start, at first on any port."""
        arguments = [sys.executable, "-c", SERVE, str(self.database), str(self.page), str(self.port)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        """Die at once, as when the power fails."""
        self.process.kill()
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def sign_in(self, context: BrowserContext) -> None:
        """Give a browser the session."""
        context.add_cookies([{"name": COOKIE, "value": self.token, "url": self.address}])

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/?draft={self.drafts}"

    def held(self) -> dict[str, Any]:
        """What has reached the server so far."""
        found: dict[str, Any] = json.loads((self.folder / f"{self.drafts}.json").read_text(encoding="utf-8"))
        return found

    def comes(self, right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until what has reached the server is right, and return it."""
        until = time.monotonic() + PATIENCE
        while not right(self.held()):
            assert time.monotonic() < until, self.held()
            time.sleep(0.05)
        return self.held()
