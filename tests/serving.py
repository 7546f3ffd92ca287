"""A server in a process of its own, asked over the wire."""

import http.client
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from starlette.datastructures import Headers
from websockets.sync.client import ClientConnection, connect

from casualty.access import Acting
from casualty.store import Store
from casualty.vocabulary import Role

PASSWORD = "a long password"
SERVE = (
    "import sys; from pathlib import Path; from app.server import serve;"
    " serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), *map(Path, sys.argv[4:]))"
)
HTML = {"Accept": "text/html,application/xhtml+xml"}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def cookie(self) -> str:
        return self.headers.get("set-cookie", "").partition(";")[0]


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    host: str
    port: int
    told: list[str] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        """Send one request and return the answer, redirects not followed."""
        line = http.client.HTTPConnection(self.host, self.port, timeout=30)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        line.request(method, path, body, {**form, **{name.replace("_", "-"): value for name, value in headers.items()}})
        answer = line.getresponse()
        text = answer.read().decode("utf-8", "replace")
        line.close()
        return Answer(answer.status, Headers(dict(answer.getheaders())), text)

    def sign_in(self, name: str, password: str = PASSWORD, **headers: str) -> Answer:
        """Send the sign-in form."""
        return self.ask("/sign-in", "POST", urlencode({"name": name, "password": password}), **headers)

    def socket(self, cookie: str = "", **headers: str) -> ClientConnection:
        """Open the websocket of the pages."""
        address = f"ws://{self.host}:{self.port}/_stcore/stream"
        return connect(address, additional_headers={"Cookie": cookie, **headers}, subprotocols=["streamlit"])


def running(path: Path, host: str = "127.0.0.1", port: int = 0, *oidc: Path) -> Iterator[Running]:
    """Serve a database, on a free port unless one is named, until the test is over."""
    arguments = [str(path), host, str(port), *map(str, oidc)]
    process = subprocess.Popen([sys.executable, "-c", SERVE, *arguments], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    told = [process.stderr.readline()]
    port = int(told[0].split("/ ")[0].rpartition(":")[2])
    yield Running(process, "127.0.0.1", port, told)
    process.terminate()
    told += process.stderr.readlines()
    process.wait(timeout=30)
    process.stderr.close()


def database(path: Path, *, sample: bool, sample_accounts: bool) -> Path:
    """Make a database with the accounts of an administrator and a recorder."""
    store = Store.create(path, sample=sample)
    store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, store.local("tester"), sample=sample_accounts)
    first = Acting("administrator", Role.ADMINISTRATOR)
    store.add_account("recorder", Role.RECORDER, PASSWORD, first, sample=sample_accounts)
    store.close()
    return path
