"""Who is signed in: the table of sessions, kept in memory, and the growing wait after failed attempts.

A session is known by the SHA-256 of its token; the token itself lies only in the browser's cookie.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from casualty.access import Acting

COOKIE = "casualty_session"
LONGEST = 12 * 3600.0
IDLE = 3600.0
FIRST_WAIT = 0.25
LONGEST_WAIT = 8.0
LONGEST_LINE = 30.0
FORGOTTEN_AFTER = 3600.0
MOST_NAMES = 10_000

Clock = Callable[[], float]


@dataclass
class Session:
    """One signed-in browser: who acts, since when, last seen when, and how to close its open websockets."""

    by: Acting
    began: float
    seen: float
    ended: bool = False
    closers: set[Callable[[], None]] = field(default_factory=set)

    def left(self, now: float) -> float:
        """Return for how many seconds the session is still good."""
        return 0.0 if self.ended else min(self.began + LONGEST, self.seen + IDLE) - now

    def end(self) -> None:
        """Make the session good for nothing and close its websockets."""
        self.ended = True
        for close in tuple(self.closers):
            close()


class Sessions:
    """The sessions of this process: at most 12 hours long, ended after an hour without use."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, by: Acting) -> str:
        """Open a session and return its token."""
        self._sweep()
        token = secrets.token_urlsafe(32)
        now = self._clock()
        with self._lock:
            self._held[_digest(token)] = Session(by, now, now)
        return token

    def find(self, token: str | None) -> Session | None:
        """Return the live session of a token; one whose time is over is ended."""
        session = self._held.get(_digest(token)) if token else None
        if session is not None and self.left(session) <= 0:
            self.end(token)
            return None
        return session

    def left(self, session: Session) -> float:
        """Return for how many seconds a session is still good; nothing is left of one that was ended."""
        return session.left(self._clock())

    def use(self, session: Session) -> None:
        """Note that a session was used now, which puts off its end."""
        session.seen = self._clock()

    def end(self, token: str | None) -> None:
        """End a session and close its websockets."""
        with self._lock:
            session = self._held.pop(_digest(token or ""), None)
        if session is not None:
            session.end()

    def _sweep(self) -> None:
        now = self._clock()
        with self._lock:
            over = [key for key, session in self._held.items() if session.left(now) <= 0]
            ended = [self._held.pop(key) for key in over]
        for session in ended:
            session.end()


class Throttle:
    """Makes each further failure under one name wait longer, in one line, whether or not the name exists."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._tries: dict[str, tuple[int, float]] = {}

    def wait(self, name: str) -> float | None:
        """Return how many seconds this attempt has to wait for its turn, or None if the line is too long."""
        now, key = self._clock(), _digest(name.casefold())
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
        self._tries.pop(_digest(name.casefold()), None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
