"""Who is signed in, as the guard asks it: the store's sessions with their open websockets, waits, half-done sign-ins."""

import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from casualty.errors import CasualtyError
from casualty.store import Half, Session, Store, digest_of

COOKIE = "casualty_session"
FIRST_WAIT = 0.25
LONGEST_WAIT = 8.0
LONGEST_LINE = 30.0
FORGOTTEN_AFTER = 3600.0
MOST_NAMES = 10_000
HALF_DONE = 300.0  # seconds to take out a telephone
MOST_HALVES = 1000

Clock = Callable[[], float]


class Sessions:
    """The sessions that the database holds, and the websockets that this process has open for them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, set[Callable[[], None]]] = defaultdict(set)
        self._noting: set[str] = set()
        self._notes = ThreadPoolExecutor(1, "session")

    def find(self, token: str | None) -> Session | None:
        """Return the live session of a token."""
        return self._store.session(digest_of(token)) if token else None

    def again(self, session: Session) -> Session | None:
        """Return a session as the database holds it now; None once it is over, in another role, or ended anywhere."""
        found = self._store.session(session.digest)
        return found if found is not None and found.by == session.by else None

    def use(self, session: Session) -> None:
        """Have it noted, soon and by another thread, that a session was used: no page waits for that."""
        if session.stale(self._store.now()) and session.digest not in self._noting:
            self._noting.add(session.digest)
            self._notes.submit(self._note, session.digest)

    def _note(self, digest: str) -> None:
        with suppress(CasualtyError):  # somebody writes for long: the next use is noted
            self._store.use_session(digest)
        self._noting.discard(digest)

    def settle(self) -> None:
        """Wait until what was to be noted is noted."""
        self._notes.submit(lambda: None).result()

    def end(self, token: str | None) -> None:
        """End the session of a token and close its websockets."""
        if token:
            self._store.end_session(digest_of(token))
            for close in tuple(self._open.get(digest_of(token), ())):
                close()

    def opened(self, session: Session, close: Callable[[], None]) -> None:
        """Have a websocket closed as soon as its session is ended here."""
        self._open[session.digest].add(close)

    def closed(self, session: Session, close: Callable[[], None]) -> None:
        """Forget a websocket that is gone."""
        self._open[session.digest].discard(close)
        if not self._open[session.digest]:
            del self._open[session.digest]


class Halves:
    """Sign-ins whose password was right and whose code is still to come, by a ticket good for five minutes and one try."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, tuple[Half, float]] = {}
        self._lock = threading.Lock()

    def keep(self, half: Half) -> str:
        """Return a ticket for the second step."""
        ticket, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._held = {key: kept for key, kept in self._held.items() if kept[1] > now}
            while len(self._held) >= MOST_HALVES:
                del self._held[next(iter(self._held))]
            self._held[digest_of(ticket)] = (half, now + HALF_DONE)
        return ticket

    def take(self, ticket: str) -> Half | None:
        """Return whose second step this is, once; None if the ticket is none or too old."""
        with self._lock:
            half, until = self._held.pop(digest_of(ticket), (None, 0.0))
        return half if until > self._clock() else None


class Throttle:
    """Makes each further failure under one name wait longer, in one line, whether or not the name exists."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._tries: dict[str, tuple[int, float]] = {}

    def wait(self, name: str) -> float | None:
        """Return how many seconds this attempt has to wait for its turn, or None if the line is too long."""
        now, key = self._clock(), digest_of(name.casefold())
        tries, free_at = self._tries.pop(key, (0, now))
        if free_at < now - FORGOTTEN_AFTER:
            tries = 0
        pause = min(FIRST_WAIT * 2 ** (tries - 1), LONGEST_WAIT) if tries else 0.0
        turn = max(free_at, now) + pause
        if turn - now > LONGEST_LINE:
            self._tries[key] = (tries, free_at)
            return None
        self._tries[key] = (min(tries + 1, 16), turn)
        while len(self._tries) > MOST_NAMES:
            del self._tries[next(iter(self._tries))]
        return turn - now

    def forget(self, name: str) -> None:
        """Forget the failures under a name, after it signed in."""
        self._tries.pop(digest_of(name.casefold()), None)
