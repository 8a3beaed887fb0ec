"""What a kernel is given: a record of 64-bit fields, by name for those who write it and for the kernel.

A record is declared once, beside its kernel. Fields lie one after the other, in the order of the class.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Generic, Self, TypeVar, dataclass_transform

from narae.executors.native.codegen.ir import INT, PTR, Function

W = TypeVar("W", int, str)  # a field's value: a number for who writes, a name of IR in the kernel


def word() -> Any:
    """A field: a whole number."""
    return dataclasses.field(metadata={"kind": INT})


def pointer() -> Any:
    """A field: an address."""
    return dataclasses.field(metadata={"kind": PTR})


def words(count: int | str) -> Any:
    """Several whole numbers. count: how many, or the name by which `read` is given it."""
    return dataclasses.field(metadata={"kind": INT, "count": count})


def parts(of: type[KernelRecord[Any]], count: str) -> Any:
    """Several records of another kind."""
    return dataclasses.field(metadata={"of": of, "count": count})


@dataclass_transform(kw_only_default=True, field_specifiers=(word, pointer, words, parts))
class KernelRecord(Generic[W]):
    """A record. Whoever lowers a step fills one with numbers; the kernel reads one of IR's names.

    >>> class Fill(KernelRecord[W]):
    ...     place: W = pointer()
    ...     sizes: Sequence[W] = words("rank")
    >>> Fill(place=4096, sizes=[2, 3]).numbers()
    [4096, 2, 3]
    >>> f = Function("fill", [PTR])
    >>> Fill[str].read(f, f.args[0], rank=2).sizes
    ['%v3', '%v5']
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__dataclass_fields__" not in cls.__dict__:
            dataclasses.dataclass(kw_only=True, eq=False)(cls)

    def numbers(self) -> list[int]:
        """The record's words, as they lie in memory."""
        out: list[int] = []
        for field in _fields(type(self)):
            value = getattr(self, field.name)
            if "count" not in field.metadata:
                out.append(value)
            elif "of" in field.metadata:
                for part in value:
                    out += part.numbers()
            else:
                out += value
        return out

    @classmethod
    def size(cls, **counts: int) -> int:
        """How many words a record has."""
        return sum(_width(field, counts) for field in _fields(cls))

    @classmethod
    def read(cls, f: Function, place: str, **counts: int) -> Self:
        """Load all fields. place: where the record lies; counts: of the fields that have several."""
        return cls._read(f, place, _places(), counts)

    @classmethod
    def _read(cls, f: Function, place: str, at: Iterator[int], counts: dict[str, int]) -> Self:
        values: dict[str, Any] = {}
        for field in _fields(cls):
            count = _count(field, counts)
            if "of" in field.metadata:
                of = field.metadata["of"]
                values[field.name] = [of._read(f, place, at, counts) for _ in range(count or 0)]
                continue
            kind = field.metadata["kind"]
            found = [f.field(place, next(at), kind) for _ in range(1 if count is None else count)]
            values[field.name] = found[0] if count is None else found
        return cls(**values)


def _count(field: dataclasses.Field[Any], counts: dict[str, int]) -> int | None:
    """How many a field has, None for a single one."""
    given = field.metadata.get("count")
    return counts[given] if isinstance(given, str) else given


def _width(field: dataclasses.Field[Any], counts: dict[str, int]) -> int:
    count = _count(field, counts)
    of = field.metadata.get("of")
    return (1 if count is None else count) * (1 if of is None else of.size(**counts))


def _places() -> Iterator[int]:
    place = 0
    while True:
        yield place
        place += 1


def _fields(of: type[Any]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(of)
