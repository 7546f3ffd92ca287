"""Who does the work of many replications: this thread, several threads, or the machines of a Dask cluster.

Each replication draws from its own stream, so that whoever does the work never changes the result.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from casualty.errors import CasualtyError, Interrupted, UsageFault

if TYPE_CHECKING:
    from concurrent.futures import Executor

# Seconds that a scheduler has to answer, and a worker to come in.
WAIT = 5
# Bytes from which on a thing that many tasks are given is sent once and not with each of them.
LARGE = 50_000
SCHEMES = ("tcp", "tls")
# Of what the program says of itself, what every worker must hold alike.
ALIKE = ("kernel", "methods")


@contextmanager
def executor(threads: int, cluster: str | None = None) -> "Iterator[tuple[Executor | None, int]]":
    """Give the executor for a number of threads, or for the cluster at an address, and into how many to part the work.

    One thread: (None, 1), and nothing is loaded. `cluster`: host:port of a Dask scheduler, tcp:// or tls://; then
    `threads` is not asked for. What waits is dropped when the work is left early. Raises UsageFault where a cluster
    cannot serve, CasualtyError where it is lost, and Interrupted for Ctrl-C: so keep results after this, not within.
    The data worked on, coordinates and groups, go to the cluster's machines: over tcp:// anybody on the way can read them.
    """
    if threads < 1:
        raise UsageFault("--threads must be 1 or more.")
    try:
        if cluster:
            yield from _of_cluster(cluster)
        elif threads == 1:
            yield None, 1
        else:
            yield from _of_threads(threads)
    except KeyboardInterrupt as stopped:
        raise Interrupted("Stopped before the end. Nothing of it was kept.") from stopped


def _of_threads(threads: int) -> "Iterator[tuple[Executor, int]]":
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(threads)
    try:
        yield pool, threads
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _of_cluster(address: str) -> "Iterator[tuple[Executor, int]]":
    try:
        import distributed
    except ImportError as missing:
        raise UsageFault("--cluster needs Dask, which is not installed: pip install 'casualty[cluster]'") from missing
    import logging

    # What the client would log of a lost cluster, page by page, is said by the errors raised here.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    _answered(address)
    try:
        client = distributed.Client(address, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError) as wrong:
        raise UsageFault("No Dask scheduler answers at {address}.", values={"address": address}) from wrong
    from concurrent.futures import CancelledError

    sending = _sending(client)
    try:
        threads = _ready(client, address)
        yield sending, threads
    except (CancelledError, distributed.KilledWorker, distributed.comm.CommClosedError) as lost:
        raise CasualtyError(
            "The cluster at {address} was lost. Nothing of it was kept.", (), {"address": address}
        ) from lost
    finally:
        sending.shutdown(wait=False)
        client.close(timeout=WAIT)


def _answered(address: str) -> None:
    """Raise UsageFault unless somebody listens there: Dask itself would wait, and close noisily."""
    import socket

    scheme, _, rest = address.rpartition("://")
    host, _, port = rest.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16) or scheme not in ("", *SCHEMES):
        raise UsageFault(
            "--cluster {address}: write host:port, with tcp:// or tls:// before it.", (), {"address": address}
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=WAIT).close()
    except OSError as wrong:
        raise UsageFault(
            "Nobody answers at {address}. Start a scheduler there (dask scheduler), or ask for --threads.",
            values={"address": address},
        ) from wrong


def _ready(client: Any, address: str) -> int:
    """The threads of all workers; UsageFault where there is none, or one that would not compute the same."""
    from casualty import runs

    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError as none:
        raise UsageFault(
            "The scheduler at {address} has no workers. Start some: dask worker {address}", values={"address": address}
        ) from none
    own = runs.versions()
    for worker, found in client.run(runs.versions, on_error="return").items():
        wrong = found if isinstance(found, Exception) else None
        if wrong is not None or any(found[name] != own[name] for name in ALIKE):
            raise UsageFault(
                "The worker {worker} does not hold this version of the program. Install it there, and start it again.",
                values={"worker": worker},
            ) from wrong
    return sum(client.nthreads().values())


def _sending(client: Any) -> "Executor":
    """The cluster's executor, which sends what many tasks are given alike only once, to every worker."""
    from concurrent.futures import Executor

    from dask.sizeof import sizeof

    tasks = client.get_executor(pure=False)
    sent: dict[int, tuple[Any, Any]] = {}

    def once(value: Any) -> Any:
        if id(value) in sent:
            return sent[id(value)][1]
        if sizeof(value) < LARGE:
            return value
        sent[id(value)] = value, client.scatter([value], broadcast=True, hash=False)[0]
        return sent[id(value)][1]

    class Sending(Executor):
        def submit(self, fn: Any, /, *args: Any, **named: Any) -> Any:
            return tasks.submit(fn, *map(once, args), **named)

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            tasks.shutdown(wait=wait)

    return Sending()
