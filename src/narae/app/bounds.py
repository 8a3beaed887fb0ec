"""What values of messages may be: each bound checks a value, and describes itself to the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from narae.base.types import Json


class BadMessage(ValueError):
    """A message that the server does not take; the text says what came and what was expected."""


class Bound(Protocol):
    """What a value must be."""

    def check(self, name: str, value: Json) -> Any:
        """The value, in the form it is used in. Raises BadMessage."""
        ...

    def described(self) -> dict[str, Any]:
        """JSON for the page."""
        ...


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`; `marks`: the values that the page offers."""

    low: float
    high: float
    whole: bool = True
    marks: tuple[float, ...] = ()

    def check(self, name: str, value: Json) -> Any:
        """The number as int or float."""
        # NaN is in no range
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and self.low <= value <= self.high
            and not (self.whole and value != int(value))
        ):
            return int(value) if self.whole else float(value)
        kind = "a whole number" if self.whole else "a number"
        raise BadMessage(
            f"{name}: expected {kind} from {self.low:g} to {self.high:g}, got {shown(value)}"
        )

    def described(self) -> dict[str, Any]:
        """Kind, ends and marks."""
        return {
            "kind": "number",
            "low": self.low,
            "high": self.high,
            "whole": self.whole,
            "marks": self.marks,
        }


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    def check(self, name: str, value: Json) -> Any:
        """The word."""
        if not isinstance(value, str) or value not in self.options:
            raise BadMessage(
                f"{name}: expected one of {', '.join(self.options)}; got {shown(value)}"
            )
        return value

    def described(self) -> dict[str, Any]:
        """Kind and words."""
        return {"kind": "choice", "options": self.options}


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def check(self, name: str, value: Json) -> Any:
        """The truth value."""
        if not isinstance(value, bool):
            raise BadMessage(f"{name}: expected true or false, got {shown(value)}")
        return value

    def described(self) -> dict[str, Any]:
        """Kind alone."""
        return {"kind": "flag"}


@dataclass(frozen=True)
class Row:
    """Up to `most` numbers."""

    each: Number
    most: int

    def check(self, name: str, value: Json) -> Any:
        """The numbers as a tuple."""
        if not isinstance(value, list) or len(value) > self.most:
            raise BadMessage(
                f"{name}: expected a list of at most {self.most} numbers, got {shown(value)}"
            )
        return tuple(self.each.check(f"{name}[{i}]", v) for i, v in enumerate(value))

    def described(self) -> dict[str, Any]:
        """Kind, how many, and what each may be."""
        return {**self.each.described(), "kind": "row", "most": self.most}


@dataclass(frozen=True)
class Several:
    """Some of a few words, at least one."""

    options: tuple[str, ...]

    def check(self, name: str, value: Json) -> Any:
        """The words as a tuple, in the order of the options."""
        if (
            not isinstance(value, list)
            or not value
            or any(not isinstance(v, str) or v not in self.options for v in value)
        ):
            raise BadMessage(
                f"{name}: expected a list of some of {', '.join(self.options)}; got {shown(value)}"
            )
        return tuple(option for option in self.options if option in value)

    def described(self) -> dict[str, Any]:
        """Kind and words."""
        return {"kind": "several", "options": self.options}


def shown(value: object) -> str:
    """A value for an error message: its beginning, since it may be of any size."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
