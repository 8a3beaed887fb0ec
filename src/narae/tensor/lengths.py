"""Unknown lengths: numbers that stand in for them while a function is traced, and what an error teaches.

A length that is not known (None) is traced as two numbers, one small and one large, each unknown length by a
pair of its own. Where the two traces of a function give one number, the result's length is known; where
they give two, it depends on an unknown one. An operation that refuses a length says which two lengths
should be equal, or what should divide one: an unknown length that must be another is that other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from narae.base.types import Shape


class Unknown(int):
    """A number in the place of a length that is not known. What is computed from it is one too, and it
    is written None: people do not see the number."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "None"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "None"

    def __reduce__(self) -> Any:  # a copy or a file has the plain number
        return int, (int.__int__(self),)


def _derived(name: str) -> Any:
    plain = getattr(int, name)

    def operation(self: int, *others: Any) -> Any:
        out = plain(self, *others)
        return Unknown(out) if type(out) is int else out

    return operation


for _name in [
    "add",
    "radd",
    "sub",
    "rsub",
    "mul",
    "rmul",
    "floordiv",
    "rfloordiv",
    "mod",
    "rmod",
    "neg",
]:
    setattr(Unknown, f"__{_name}__", _derived(f"__{_name}__"))


def public_shape(shape: Sequence[int]) -> Shape:
    """A traced tensor's shape for people and for layers that are built: None where it is not known."""
    return tuple(None if type(n) is Unknown else n for n in shape)


def _primes(start: int, count: int) -> list[int]:
    end = start + 20 * count  # far enough: every tenth number of five digits is prime
    prime = bytearray([1]) * end
    for n in range(2, int(end**0.5) + 1):
        prime[n * n :: n] = bytes(len(range(n * n, end, n)))
    return list(islice((n for n in range(start, end) if prime[n]), count))


# A small and a large number for each unknown length: what is cut at a length between them, or is the smaller
# of it and another, differs in the two traces. The large ones descend where the small ones ascend, so that
# neither of two unknown lengths is the shorter one in both. Primes, so that products do not meet by chance. The
# small ones become middling where an operation needs more.
_STARTS = (2, 83, 1201)
_TABLE = [_primes(start, 64) for start in _STARTS]
_SAID = 83  # smaller numbers are those of people
_DIVISOR = 1000  # what divides a length is looked for up to here


class Lengths:
    """The two numbers of each unknown length of some shapes, and what is learned of them."""

    def __init__(self, shapes: list[Shape], batched: bool = False) -> None:
        """batched: axis 0 is one length in all shapes, that of the batch."""
        self.shapes = shapes
        places = [(i, axis) for i, s in enumerate(shapes) for axis, n in enumerate(s) if n is None]
        taken = {n for shape in shapes for n in shape}
        count = len(places)
        small, middle, large = (_free(i, taken if i else set(), count) for i in range(3))
        self.numbers: dict[tuple[int, int], tuple[int, int]] = {
            place: (Unknown(a), Unknown(b))
            for place, a, b in zip(places, small, reversed(large), strict=True)
        }
        batch = next((pair for (_, axis), pair in self.numbers.items() if axis == 0), None)
        if batched and batch is not None:
            self.numbers.update({place: batch for place in self.numbers if place[1] == 0})
        self._middle = dict(zip(small, middle, strict=True))

    def filled(self, which: int) -> list[tuple[int, ...]]:
        """The shapes with the first or the second numbers in the place of what is not known."""
        return [
            tuple(self.numbers[i, a][which] if n is None else n for a, n in enumerate(shape))
            for i, shape in enumerate(self.shapes)
        ]

    def learn(self, errors: Sequence[Exception | None]) -> bool:
        """Take from what the two traces' errors say what an unknown length must be. Whether something new
        was learned."""
        divisor = next((d for e in errors if (d := getattr(e, "divisor", None))), None)
        if divisor is not None:
            return self._multiplied(divisor)
        pairs = [getattr(e, "lengths", None) for e in errors]
        open_ = [pair for pair in self.numbers.values() if type(pair[0]) is Unknown]
        for numbers in open_ if any(pairs) else ():
            for times in _times(numbers, pairs):
                others = tuple(_beside(n, p, times) for n, p in zip(numbers, pairs, strict=True))
                if None not in others and self._set(numbers, others):
                    return True
        if any(isinstance(e, IndexError) for e in errors):
            return self._multiplied(_DIVISOR)  # an index is a place in a long axis
        return self._grown()

    def _grown(self) -> bool:
        """Middling numbers for the small ones: an operation needs more, or they are another's length too."""
        grown = {
            place: (Unknown(self._middle[int(a)]), b)
            for place, (a, b) in self.numbers.items()
            if type(a) is Unknown and int(a) in self._middle
        }
        self.numbers.update(grown)
        return bool(grown)

    def _set(self, numbers: tuple[int, int], others: tuple[int | None, ...]) -> bool:
        known = others[0] == others[1]
        pair = tuple(int(n) if known else Unknown(n) for n in others if n is not None)
        if pair == numbers:
            return False
        for place, found in self.numbers.items():  # lengths known to be equal stay equal
            if found == numbers:
                self.numbers[place] = pair  # type: ignore[assignment]
        return True

    def _multiplied(self, divisor: int) -> bool:
        """Every unknown length as a multiple of a number that should divide one."""
        if divisor > _DIVISOR or all(n % divisor == 0 for p in self.numbers.values() for n in p):
            return False
        for place, pair in self.numbers.items():
            if type(pair[0]) is Unknown:
                self.numbers[place] = (pair[0] * divisor, pair[1] * divisor)
        return True

    def guesses(self) -> Iterator[Lengths]:
        """Other lengths to try where an error did not say what they must be, the fewest that become known
        first: one length along each axis, one as another argument has it, all along an axis, one for all."""
        own = {axis: pair for (_, axis), pair in self.numbers.items()}
        known = {
            a: (n, n)
            for shape in self.shapes
            for a, n in enumerate(shape)
            if a in own and n is not None
        }
        yield self._with({(i, a): own[a] for i, a in self.numbers})
        for place in self.numbers:
            if place[1] in known:
                yield self._with({place: known[place[1]]})
        for axis, pair in known.items():
            yield self._with({(i, a): pair for i, a in self.numbers if a == axis})
        yield self._with({(i, a): known.get(a, own[a]) for i, a in self.numbers})
        yield self._with(dict.fromkeys(self.numbers, next(iter(own.values()))))
        for pair in sorted(set(known.values())):
            yield self._with(dict.fromkeys(self.numbers, pair))

    def _with(self, numbers: dict[tuple[int, int], tuple[int, int]]) -> Lengths:
        other = Lengths.__new__(Lengths)
        other.shapes, other._middle = self.shapes, self._middle
        other.numbers = {**self.numbers, **numbers}
        return other

    def without_numbers(self, error: Exception) -> Exception:
        """An error that says None where it said a number that stood for an unknown length."""
        said = {int(n) for p in self.numbers.values() for n in p if type(n) is Unknown}
        numbers = "|".join(str(n) for n in sorted(said, reverse=True) if n >= _SAID)
        if numbers:
            pattern = re.compile(rf"(?<![\w.])(?:{numbers})(?![\w.]*\w)")
            error.args = tuple(
                pattern.sub("None", a) if isinstance(a, str) else a for a in error.args
            )
        return error


def _free(kind: int, taken: set[int | None], count: int) -> list[int]:
    """So many primes of a kind that are nobody's length."""
    free = [n for n in _TABLE[kind] if n not in taken][:count]
    if len(free) < count:
        free = [n for n in _primes(_STARTS[kind], count + len(taken)) if n not in taken][:count]
    return free


def _times(numbers: tuple[int, int], pairs: Sequence[tuple[int, int] | None]) -> list[int]:
    """How many times an unknown length may be in one that should equal another: once, or as in an axis
    that was made of it and known ones."""
    which, pair = next((i, p) for i, p in enumerate(pairs) if p)
    found = {int(n) // int(numbers[which]) for n in pair if n and n % numbers[which] == 0}
    return [1, *sorted(found - {1})]


def _beside(number: int, pair: tuple[int, int] | None, times: int) -> int | None:
    """The length that makes the two of a pair equal, one of which is `times` a number; the number itself
    where there is no pair, None where there is none."""
    if pair is None:
        return number
    for mine, other in (pair, pair[::-1]):
        if mine == number * times and other % times == 0:
            return other // times
    return None
