"""What was worked out of a selection for the map and its timeline, remembered for the next run of a page that asks the same.

A selection belongs to one link of the ledger, one filter and what one person may see, so that what is worked out of it alone stays
right. What belongs to an earlier link is forgotten, since it would keep that link's whole record in memory.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from casualty.overview import Selection

Made = TypeVar("Made")
# At a million incidents one answer may take 60 MB.
MOST = 12
_lock = threading.Lock()
_held: "OrderedDict[tuple[Any, ...], Any]" = OrderedDict()


def of(chosen: Selection, asked: tuple[Hashable, ...], make: Callable[[], Made]) -> Made:
    """Return what `make` returns for a selection; `asked` names what is made and all else that it depends on."""
    key = (chosen, *asked)
    with _lock:
        if key in _held:
            _held.move_to_end(key)
            found: Made = _held[key]
            return found
    made = make()
    with _lock:
        for other in [other for other in _held if other[0].overview is not chosen.overview]:
            del _held[other]
        _held[key] = made
        while len(_held) > MOST:
            _held.popitem(last=False)
    return made
