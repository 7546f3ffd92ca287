"""The text of a SaTScan parameter file: its keys and values, each checked, all faults kept for one telling."""

import math
from collections.abc import Mapping
from pathlib import Path

from casualty.errors import Fault
from casualty.satscan.keys import KEYS, Key, known, like


class Values:
    """Values by key, and the faults found while they are read; a blank or absent key has its default."""

    def __init__(self, text: str, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self._given: dict[str, tuple[str, int, str]] = {}  # by key in small letters: value, line, key as written
        for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
            self._keep(number, line.strip())

    def _keep(self, number: int, line: str) -> None:
        if not line or line[0] in ";#" or line.startswith("//") or (line[0] == "[" and line[-1] == "]"):
            return
        name, equals, value = line.partition("=")
        key, value = name.strip().lower(), _bare(value.strip())
        if not equals or not key:
            self.faults.append(Fault(number, "", "{line} is no KEY=value.", "Write it as one.", {"line": repr(line)}))
        elif self._given.get(key, (value,))[0] != value:
            self.wrong(name.strip(), "stands twice, with unlike values.", "Keep one.", row=number)
        else:
            self._given[key] = (value, number, name.strip())

    def text(self, name: str) -> str:
        """The value as it stands."""
        return self._given.get(name.lower(), ("",))[0] or KEYS[name.lower()].default

    def wrong(self, name: str, fault: str, mend: str, row: int = 0, **values: object) -> None:
        """Note a fault of a key; `{value}` in it is the key's value."""
        value, line, _ = self._given.get(name.lower(), ("", 0, name))
        self.faults.append(Fault(row or line, name, fault, mend, {"value": repr(value), **values}))

    def flag(self, name: str) -> bool:
        """Whether the value is y."""
        value = self.text(name).lower()
        if value not in ("y", "n"):
            self.wrong(name, "is {value}.", "Write y or n.")
        return value == "y"

    def whole(self, name: str, least: int = 0) -> int:
        """A whole number, `least` or more."""
        try:
            value = int(self.text(name))
        except ValueError:
            value = least - 1
        if value < least:
            self.wrong(name, "is {value}.", "Write a whole number, {least} or more.", least=least)
        return max(value, least)

    def number(self, name: str, most: float = math.inf) -> float:
        """A number above 0, `most` or less."""
        try:
            value = float(self.text(name))
        except ValueError:
            value = math.nan
        if 0 < value <= most and math.isfinite(value):
            return value
        upto = f", {most:g} or less" if math.isfinite(most) else ""
        self.wrong(name, "is {value}.", "Write a number above 0{upto}.", upto=upto)
        return 1.0

    def numbers(self, name: str) -> tuple[float, ...]:
        """Numbers above 0 with commas between them."""
        try:
            values = tuple(float(part) for part in self.text(name).split(","))
        except ValueError:
            values = (0.0,)
        if not all(0 < value < math.inf for value in values):
            self.wrong(name, "is {value}.", "Write numbers above 0 with commas between them.")
        return values

    def choice(self, name: str, held: Mapping[int, object], lacking: Mapping[int, str] | None = None) -> int:
        """One of the values held here, the first in place of a wrong one; one that SaTScan has and we lack is refused."""
        text = self.text(name)
        value = int(text) if text.isdecimal() else -1
        if value not in held:
            if lacking and value in lacking:
                self.refuse(name, lacking[value], "/".join(map(str, sorted(held))))
            else:
                self.wrong(name, "is {value}.", "Write one of {held}.", held=", ".join(map(str, sorted(held))))
            return next(iter(held))
        return value

    def refuse(self, name: str, what: str, instead: str) -> None:
        """Refuse what would change the result and is not held here."""
        fault = "{value} asks for {what}, which is not held here and would change the result."
        mend = (
            "Set it to {instead}, or run this file in SaTScan." if instead else "Leave it blank, or run it in SaTScan."
        )
        self.wrong(name, fault, mend, what=what, instead=instead)

    def checked(self) -> tuple[str, ...]:
        """Refuse every key that is unknown or not held; return the names of those that ask for outputs."""
        outputs = []
        for value, _, name in self._given.values():
            key = known(name)
            if key is None:
                self._unknown(name)
            elif value and not self._is_default(key, value):
                if key.becomes == "output":
                    outputs.append(key.name)
                elif key.becomes == "refused" and self._lives(key):
                    self.refuse(key.name, key.what, key.default)
        return tuple(outputs)

    def _unknown(self, name: str) -> None:
        near = like(name)
        mend = "Did you mean {near}?" if near else "Leave it out if you can do without it."
        self.wrong(name, "is no key of SaTScan's that is known here.", mend, near=near)

    def _is_default(self, key: Key, value: str) -> bool:
        try:
            return float(value) == float(key.default)
        except ValueError:
            return value.lower() == key.default.lower()

    def _lives(self, key: Key) -> bool:
        return not key.under or self.text(key.under).lower() in key.values


def _bare(value: str) -> str:
    return value[1:-1] if len(value) > 2 and value[0] == value[-1] == '"' else value
