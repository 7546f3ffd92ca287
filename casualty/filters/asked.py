"""What a filter is made of: conditions on fields, joined by and, or and not, and what one row must hold together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BARE = re.compile(r"[^\W_][\w.:/+-]*|[+-]?[0-9][\w.:/+-]*|\*")


def written(value: str) -> str:
    """Return a value as it stands in a filter's text: bare where that is plain, else in quotation marks."""
    if _BARE.fullmatch(value) and value not in ("and", "or", "not"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition on one field: `field.how(values)`."""

    field: str
    how: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}.{self.how}({','.join(map(written, self.values))})"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple["Part", ...]

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, Any) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Any:
    """One part holds at least."""

    parts: tuple["Part", ...]

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, All) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever the part does not hold for: where it does not, and where that is not known."""

    part: "Part"

    def __str__(self) -> str:
        return f"not ({self.part})" if isinstance(self.part, All | Any) else f"not {self.part}"


@dataclass(frozen=True, slots=True)
class Some:
    """There is a row of this kind (a victim, a claim ...) for which the part holds as a whole; None: there is any row."""

    kind: str
    part: "Part | None" = None

    def __str__(self) -> str:
        return f"{self.kind}({'' if self.part is None else self.part})"


Part = Asked | All | Any | Not | Some


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter; without a part it asks nothing and every incident matches."""

    part: Part | None = None

    def __str__(self) -> str:
        return "" if self.part is None else str(self.part)

    @property
    def text(self) -> str:
        """The canonical text, as it stands in an address and as `grammar.read` gives it back."""
        return str(self)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What must hold together: the parts of the outermost `and`."""
        if self.part is None:
            return ()
        return self.part.parts if isinstance(self.part, All) else (self.part,)

    def __bool__(self) -> bool:
        return self.part is not None

    def without(self, *fields: str) -> "Filter":
        """Return the filter without its outermost conditions on these fields."""
        return every(part for part in self.parts if not (isinstance(part, Asked) and part.field in fields))

    def also(self, *parts: Part) -> "Filter":
        """Return the filter with further parts that must hold too."""
        return every((*self.parts, *parts))


def every(parts: "Iterator[Part] | tuple[Part, ...]") -> Filter:
    """Return the filter for which all of these hold; parts of an `and` are taken out of it, and stand once."""
    flat = dict.fromkeys(inner for part in parts for inner in (part.parts if isinstance(part, All) else (part,)))
    found = tuple(flat)
    return Filter(None if not found else found[0] if len(found) == 1 else All(found))


EVERYTHING = Filter()
