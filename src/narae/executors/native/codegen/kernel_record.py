"""What a kernel is given: a record of 64-bit fields, by name for those who write it and for the kernel.

A record is declared once, beside its kernel. Fields lie one after the other, in the order of the class.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar, dataclass_transform

from narae.executors.native.codegen.ir import INT, PTR, Function

W = TypeVar("W", int, str)  # a field's value: a number for who writes, a name of IR in the kernel


class _Field(NamedTuple):
    """kind: of a word; count: how many there are, or the name of their number; of: what each is."""

    kind: str = INT
    count: int | str | None = None  # None: a single one
    of: type[KernelRecord[Any]] | None = None

    def number(self, counts: dict[str, int]) -> int | None:
        """How many there are, None for a single one."""
        return counts[self.count] if isinstance(self.count, str) else self.count

    def width(self, counts: dict[str, int]) -> int:
        """How many words they take."""
        number = self.number(counts)
        return (1 if number is None else number) * (self.of.word_count(**counts) if self.of else 1)


# These give `Any` since a checker should see the annotation beside them, not what is there until a record is made.


def word() -> Any:
    """A field: a whole number."""
    return _Field()


def pointer() -> Any:
    """A field: an address."""
    return _Field(PTR)


def words(count: int | str) -> Any:
    """Several whole numbers. count: how many, or the name by which `read` is given it."""
    return _Field(count=count)


def parts(of: type[KernelRecord[Any]], count: str) -> Any:
    """Several records of another kind."""
    return _Field(count=count, of=of)


@dataclass_transform(kw_only_default=True, field_specifiers=(word, pointer, words, parts))
class KernelRecord(Generic[W]):
    """A record. Whoever lowers a step fills one with numbers; the kernel reads one of IR's names.

    >>> class Fill(KernelRecord[W]):
    ...     place: W = pointer()
    ...     sizes: list[W] = words("rank")
    >>> Fill(place=4096, sizes=[2, 3]).numbers()
    [4096, 2, 3]
    >>> f = Function("fill", [PTR])
    >>> Fill[str].read(f, f.args[0], rank=2).sizes
    ['%v3', '%v5']
    """

    fields: ClassVar[dict[str, Any]] = {}
    _single: ClassVar[bool] = True  # whether each field is one word

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.fields = {k: v for k, v in vars(cls).items() if isinstance(v, _Field)}
        cls._single = all(field.count is None for field in cls.fields.values())
        if taken := cls.fields.keys() & vars(KernelRecord).keys():
            raise TypeError(f"{cls.__name__} has fields with names of KernelRecord's own: {taken}")

    def __init__(self, **values: Any) -> None:
        if len(values) != len(self.fields):  # a misspelt one is found where it is looked for
            raise TypeError(f"{type(self).__name__} has {[*self.fields]}, got {[*values]}")
        self.__dict__ = values

    def numbers(self) -> list[int]:
        """The record's words, as they lie in memory."""
        values = self.__dict__
        if self._single:
            return [values[name] for name in self.fields]
        out: list[int] = []
        for name, (_, count, of) in self.fields.items():
            if count is None:
                out.append(values[name])
            elif of is None:
                out += values[name]
            else:
                for part in values[name]:
                    out += part.numbers()
        return out

    @classmethod
    def word_count(cls, **counts: int) -> int:
        """How many words a record has."""
        return sum(field.width(counts) for field in cls.fields.values())

    @classmethod
    def read(cls, f: Function, place: str, **counts: int) -> Self:
        """Load all fields. place: where the record lies; counts: of the fields that have several."""
        return cls._read(f, place, itertools.count(), counts)

    @classmethod
    def _read(cls, f: Function, place: str, at: Iterator[int], counts: dict[str, int]) -> Self:
        values: dict[str, Any] = {}
        for name, field in cls.fields.items():
            number = field.number(counts)
            if number is None:
                values[name] = f.field(place, next(at), field.kind)
            elif field.of is None:
                values[name] = [f.field(place, next(at), field.kind) for _ in range(number)]
            else:
                values[name] = [field.of._read(f, place, at, counts) for _ in range(number)]
        return cls(**values)
