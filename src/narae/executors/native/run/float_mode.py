"""The float mode in which native code runs: subnormal numbers flushed to zero, or kept.

A processor has the mode in a register of each thread: MXCSR on x86 (FTZ flushes results, DAZ operands), FPCR on ARM
(FZ does both). Some processors take a slow path of a hundred cycles or more for each vector with a subnormal number in
it, such as an optimizer's state that decays.

A native function that threads enter writes `float_mode(f)` at its beginning and `leave` before each return, so what
Python and NumPy compute before, between and after is computed in the caller's own mode.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import ClassVar, Protocol

from narae.base.settings import flush_subnormals
from narae.executors.native.codegen.ir import INT, PTR, Function


class FloatMode(Protocol):
    """The thread's mode while a function is written: made at its beginning, where the mode is the caller's."""

    flushed: ClassVar[int]  # the bits of the register that flush

    def enter(self, f: Function, bits: str) -> None:
        """Flush as these of the bits say, which are in a 64-bit number; all else stays the caller's."""
        ...

    def leave(self, f: Function) -> None:
        """Be in the caller's mode again, exactly: what was computed meanwhile left no exception flags either."""
        ...


@dataclass(frozen=True)
class _OfX86:
    """MXCSR is read and written by way of memory. To write it takes some 10 cycles, to compare it less."""

    caller: str
    now: str  # where the mode is that was set last
    flushed: ClassVar[int] = 0x8040  # FTZ and DAZ

    @staticmethod
    def begin(f: Function) -> _OfX86:
        now = f.let("alloca i32, align 4")
        f.call("void", "llvm.x86.sse.stmxcsr", [(PTR, now)])
        return _OfX86(f.load("i32", now, 4), now)

    def enter(self, f: Function, bits: str) -> None:
        own = f.let(f"and i32 {self.caller}, {~self.flushed}")
        wanted = f.let(f"or i32 {own}, {f.let(f'trunc i64 {bits} to i32')}")
        with f.when(f.let(f"icmp ne i32 {wanted}, {f.load('i32', self.now, 4)}")):
            self._set(f, wanted)

    def leave(self, f: Function) -> None:
        self._set(f, self.caller)

    def _set(self, f: Function, mode: str) -> None:
        f.store("i32", mode, self.now, 4)
        f.call("void", "llvm.x86.sse.ldmxcsr", [(PTR, self.now)])


@dataclass(frozen=True)
class _OfArm:
    """FPCR is read and written as a number."""

    caller: str
    now: str
    flushed: ClassVar[int] = 1 << 24  # FZ

    @staticmethod
    def begin(f: Function) -> _OfArm:
        now = f.let("alloca i64, align 8")
        caller = f.call(INT, "llvm.aarch64.get.fpcr", [])
        f.store(INT, caller, now, 8)
        return _OfArm(caller, now)

    def enter(self, f: Function, bits: str) -> None:
        wanted = f.let(f"or i64 {f.let(f'and i64 {self.caller}, {~self.flushed}')}, {bits}")
        with f.when(f.let(f"icmp ne i64 {wanted}, {f.load(INT, self.now, 8)}")):
            self._set(f, wanted)

    def leave(self, f: Function) -> None:
        self._set(f, self.caller)

    def _set(self, f: Function, mode: str) -> None:
        f.store(INT, mode, self.now, 8)
        f.call("void", "llvm.aarch64.set.fpcr", [(INT, mode)])


class _Unknown:
    """Another processor, whose mode stays what it is."""

    flushed: ClassVar[int] = 0

    @staticmethod
    def begin(f: Function) -> _Unknown:
        return _Unknown()

    def enter(self, f: Function, bits: str) -> None:
        return

    def leave(self, f: Function) -> None:
        return


_KINDS = {"x86_64": _OfX86, "amd64": _OfX86, "aarch64": _OfArm, "arm64": _OfArm}


def float_mode(f: Function, machine: str | None = None) -> FloatMode:
    """Read the mode, at the beginning of a function. machine: the processor's kind, as `platform.machine` names it."""
    return _kind(machine).begin(f)


def _kind(machine: str | None) -> type[_OfX86] | type[_OfArm] | type[_Unknown]:
    return _KINDS.get((machine or platform.machine()).lower(), _Unknown)


_FLUSHED = _kind(None).flushed


def bits_wanted() -> int:
    """The bits that flush, where subnormal numbers are to be flushed on this processor; else 0."""
    return _FLUSHED if flush_subnormals() else 0
