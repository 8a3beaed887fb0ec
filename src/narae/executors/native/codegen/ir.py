"""LLVM IR as text: a function grows line by line, with loops that carry values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

INT = "i64"
PTR = "ptr"


@dataclass(eq=False)
class Loop:
    """A loop while its body is written: `i` counts, `values` are what the last round left.

    The body sets `next`; after the loop `out` holds the values of the last round, the first ones
    when there was none.
    """

    i: str
    values: list[str]
    next: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Nest:
    """Loops within each other, while the innermost body is written; the same values go through all.

    places: where the innermost round stands, of the addresses that the nest was given; values, next, out: as
    a `Loop` has them.
    """

    places: list[str]
    values: list[str]
    next: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)


class Phi:
    """A value that depends on which block came before, while not all of them are known."""

    def __init__(self, name: str, kind: str, sources: Sequence[tuple[str, str]]) -> None:
        self.name, self._kind, self._sources = name, kind, list(sources)

    def add(self, value: str, block: str) -> None:
        """Have this value where `block` came before."""
        self._sources.append((value, block))

    def text(self) -> str:
        """The instruction."""
        return f"  {self.name} = {_phi(self._kind, self._sources)}"


def _phi(kind: str, sources: Sequence[tuple[str, str]]) -> str:
    return f"phi {kind} {', '.join([f'[ {value}, %{block} ]' for value, block in sources])}"


class Function:
    """One function's text. Names of values are strings; so are numbers."""

    def __init__(self, name: str, args: Sequence[str], result: str = "void") -> None:
        """args: their types; the names are %a0, %a1, ..."""
        self.name = name
        self._kinds, self._result = tuple(args), result
        self.args = [f"%a{i}" for i in range(len(args))]
        self.declared: dict[str, str] = {}  # the line that declares each outside function
        self._lines: list[str] = ["entry:"]
        self._open: list[tuple[int, Phi]] = []  # by the lines that are theirs
        self._count = 0
        self.block = "entry"

    def text(self) -> str:
        """The whole definition. The body must have ended with a terminator."""
        for line, phi in self._open:
            self._lines[line] = phi.text()
        shown = ", ".join(f"{kind} %a{i}" for i, kind in enumerate(self._kinds))
        head = f"define {self._result} @{self.name}({shown}) #0 {{"
        return "\n".join([head, *self._lines, "}"])

    # -- lines ---------------------------------------------------------------------------------

    def let(self, text: str) -> str:
        """A new value."""
        self._count = count = self._count + 1
        name = f"%v{count}"
        self._lines.append(f"  {name} = {text}")
        return name

    def phi(self, kind: str, *sources: tuple[str, str]) -> str:
        """The value of the block that came before: (value, block) pairs. It stands at the beginning
        of a block."""
        return self.let(_phi(kind, sources))

    def open_phi(self, kind: str, *sources: tuple[str, str]) -> Phi:
        """The same, where some of the blocks that may come before are yet to be written."""
        phi = Phi(self.let(""), kind, sources)
        self._open.append((len(self._lines) - 1, phi))
        return phi

    def do(self, text: str) -> None:
        """An instruction without a value."""
        self._lines.append(f"  {text}")

    def label(self) -> str:
        """A name for a block to come."""
        self._count += 1
        return f"b{self._count}"

    def place(self, label: str) -> None:
        """Begin a block."""
        self._lines.append(f"{label}:")
        self.block = label

    def jump(self, label: str) -> None:
        """Go on at a block."""
        self.do(f"br label %{label}")

    def branch(self, condition: str, yes: str, no: str) -> None:
        """Go on at one of two blocks."""
        self.do(f"br i1 {condition}, label %{yes}, label %{no}")

    def call(self, result: str, name: str, args: Sequence[tuple[str, str]]) -> str:
        """Call an outside function: (type, value) pairs."""
        if name not in self.declared:
            kinds = ", ".join([kind for kind, _ in args])
            self.declared[name] = f"declare {result} @{name}({kinds})"
        shown = ", ".join([f"{kind} {value}" for kind, value in args])
        text = f"call {result} @{name}({shown})"
        if result == "void":
            self.do(text)
            return ""
        return self.let(text)

    # -- integers and addresses ------------------------------------------------------------------

    def add(self, a: str, b: str | int) -> str:
        """a + b, 64 bits."""
        return a if b in (0, "0") else self.let(f"add nsw i64 {a}, {b}")

    def sub(self, a: str | int, b: str | int) -> str:
        """a - b, 64 bits."""
        return str(a) if b in (0, "0") else self.let(f"sub nsw i64 {a}, {b}")

    def mul(self, a: str, b: str | int) -> str:
        """a times b, 64 bits."""
        return a if b in (1, "1") else self.let(f"mul nsw i64 {a}, {b}")

    def least(self, a: str | int, b: str | int) -> str:
        """The smaller of two."""
        less = self.let(f"icmp slt i64 {a}, {b}")
        return self.let(f"select i1 {less}, i64 {a}, i64 {b}")

    def at(self, pointer: str, offset: str | int) -> str:
        """The address `offset` bytes further."""
        return (
            pointer
            if offset in (0, "0")
            else self.let(f"getelementptr i8, ptr {pointer}, i64 {offset}")
        )

    def load(self, kind: str, pointer: str, align: int = 1) -> str:
        """What is at an address."""
        return self.let(f"load {kind}, ptr {pointer}, align {align}")

    def store(self, kind: str, value: str, pointer: str, align: int = 1) -> None:
        """Put a value at an address."""
        self.do(f"store {kind} {value}, ptr {pointer}, align {align}")

    def field(self, record: str, index: int, kind: str = INT) -> str:
        """Field `index` of a record of 64-bit fields, which does not change while this runs."""
        return self.let(
            f"load {kind}, ptr {self.at(record, 8 * index)}, align 8, !invariant.load !0"
        )

    # -- loops -----------------------------------------------------------------------------------

    @contextmanager
    def loop(
        self,
        start: str | int,
        stop: str | int,
        step: str | int = 1,
        carry: Sequence[tuple[str, str]] = (),
    ) -> Iterator[Loop]:
        """for i in range(start, stop, step), with (type, first value) pairs carried along."""
        before, body, done = self.block, self.label(), self.label()
        self.branch(self.let(f"icmp slt i64 {start}, {stop}"), body, done)
        self.place(body)
        i = self.let("")
        phi = len(self._lines) - 1  # these lines are written when the loop ends
        loop = Loop(i, [self.let("") for _ in carry])
        loop.next = list(loop.values)
        yield loop
        after = self.add(i, step)
        again = self.let(f"icmp slt i64 {after}, {stop}")
        end = self.block
        self.branch(again, body, done)
        firsts = [(INT, str(start)), *carry]
        for n, ((kind, first), value, following) in enumerate(
            zip(firsts, [i, *loop.values], [after, *loop.next], strict=True)
        ):
            self._lines[phi + n] = (
                f"  {value} = phi {kind} [ {first}, %{before} ], [ {following}, %{end} ]"
            )
        self.place(done)
        loop.out = [
            self.let(f"phi {kind} [ {first}, %{before} ], [ {value}, %{end} ]")
            for (kind, first), value in zip(carry, loop.next, strict=True)
        ]

    @contextmanager
    def nest(
        self,
        lengths: Sequence[str],
        places: Sequence[tuple[str, Sequence[str]]] = (),
        carry: Sequence[tuple[str, str]] = (),
    ) -> Iterator[Nest]:
        """A loop for each length, the last one innermost. places: (address, bytes of a step of each
        loop) pairs; carry: as of `loop`."""
        if not lengths:
            values = [value for _, value in carry]
            nest = Nest([place for place, _ in places], values, list(values))
            yield nest
            nest.out = nest.next
            return
        with self.loop(0, lengths[0], carry=carry) as loop:
            moved = [(self.at(p, self.mul(loop.i, steps[0])), steps[1:]) for p, steps in places]
            inside = [(kind, value) for (kind, _), value in zip(carry, loop.values, strict=True)]
            with self.nest(lengths[1:], moved, inside) as nest:
                yield nest
            loop.next = nest.out
        nest.out = loop.out

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """What follows only where an i1 holds. Values made within are not seen outside."""
        yes, done = self.label(), self.label()
        self.branch(condition, yes, done)
        self.place(yes)
        yield
        self.jump(done)
        self.place(done)


def module(functions: Sequence[Function], features: str = "") -> str:
    """A module's text. features: attributes of its functions."""
    declared: dict[str, str] = {}
    for function in functions:
        declared.update(function.declared)
    own = {function.name for function in functions}
    lines = [line for name, line in declared.items() if name not in own]
    bodies = [function.text() for function in functions]
    return "\n\n".join(
        [*bodies, "\n".join(lines), f"attributes #0 = {{ nounwind {features} }}", "!0 = !{}", ""]
    )
