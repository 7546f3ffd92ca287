"""The shape of what every question but the scan and the disparity is answered with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A question's answer: effect with interval first, p second, what was left out, and one plain sentence.

    method: name of the test; question: what was asked, in words; n: incidents used; left_out: incidents by the reason
    they were left out; rows: by `band`, `area` or `date` (one of them in each), with observed, expected, ratio, low,
    high, p, p_adjusted and alarm where the method has them (None: not defined) and what else it tells; sentence: what
    may be said; caveats: what must be said with it; parameters: everything that was chosen; seed: of what was drawn;
    correction: how p_adjusted comes about.
    """

    method: str
    question: str
    n: int
    left_out: Mapping[str, int]
    rows: tuple[Mapping[str, Any], ...]
    sentence: str
    caveats: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    seed: int | None = None
    correction: str = ""

    def as_json(self) -> dict[str, Any]:
        """The whole as values of strict JSON: infinite and undefined numbers are null."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}


def plain(value: Any) -> Any:
    """Return a value as strict JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, str) else value
