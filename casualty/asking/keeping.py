"""An answer of the record kept as it was asked, and the one way in which a kept question is asked again."""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from casualty import runs
from casualty.asking.answering import answer
from casualty.asking.gathering import gathered
from casualty.asking.material import Chosen, Material, Progress
from casualty.store import Store

if TYPE_CHECKING:
    from casualty.access import Acting


def keep(
    store: Store, who: "Acting", method: str, chosen: Chosen, material: Material, document: Mapping[str, Any],
    *, name: str | None = None, ledger_head: str | None = None,
) -> str:  # fmt: skip
    """Keep an answer and return its code; raise as `runs.keep`. ledger_head: the link at which the record was read."""
    return runs.keep(
        store, who, method=method, question=document["question"], parameters=chosen, data_sha256=digest(material),
        seed=chosen.get("seed"), result=document, name=name, ledger_head=ledger_head,
    )  # fmt: skip


def digest(material: Material) -> str:
    """Return the SHA-256 of what was asked: the incidents and all that stands beside them."""
    return runs.digest(material.events, *material.beside)


def again(
    store: Store, who: "Acting | None" = None, *, executor: Executor | None = None, progress: Progress | None = None
) -> runs.Ask:
    """Return how a kept question is asked of this record again, for `runs.rerun`."""

    def ask(method: str, parameters: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        material = gathered(store, method, parameters, who)
        return digest(material), answer(material, method, parameters, executor=executor, progress=progress)

    return ask
