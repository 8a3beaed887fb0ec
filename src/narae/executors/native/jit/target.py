"""The processor that code is made for: its vectors, its registers, and the float mode in which native code runs:
subnormal numbers flushed to zero, or kept.

A processor has the mode in a register of each thread: MXCSR on x86 (FTZ flushes results, DAZ operands), FPCR on ARM
(FZ does both). Some processors take a slow path of a hundred cycles or more for each vector with a subnormal number in
it, such as an optimizer's state that decays.

A native function that threads enter writes `float_mode(f)` at its beginning and `leave` before each return, so what
Python and NumPy compute before, between and after is computed in the caller's own mode.
"""

from __future__ import annotations

import functools
import platform
import sys
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import llvmlite
import llvmlite.binding as llvm

from narae.base.settings import flush_subnormals
from narae.executors.native.codegen.ir import INT, PTR, Function

# jitted objects may lie anywhere: addresses are absolute and of full width
OPTIONS: Any = {"opt": 2, "reloc": "static", "codemodel": "large"}


@dataclass(frozen=True)
class Target:
    """width: bytes of a vector register; registers: how many there are."""

    triple: str
    cpu: str
    features: str
    width: int
    registers: int

    @property
    def attributes(self) -> str:
        """Attributes of functions: vectors of full width are meant."""
        bits = 8 * self.width
        return f'"min-legal-vector-width"="{bits}" "prefer-vector-width"="{bits}"'

    @property
    def masks(self) -> bool:
        """Whether there are registers of masks (AVX-512): part of a vector is read as fast as all of it."""
        return self.width == 64

    def lanes(self, itemsize: int) -> int:
        """How many numbers of `itemsize` bytes one register holds."""
        return self.width // itemsize

    def has(self, feature: str) -> bool:
        """Whether the processor has a feature, by LLVM's name for it."""
        return f"+{feature}" in self.features.split(",")

    @property
    def narrow(self) -> frozenset[str]:
        """The narrow dtypes of which there are products with wider sums (`kernels/words.py`)."""
        found: set[str] = set()
        if self.width == 64 and self.has("avx512bf16"):
            found.add("bfloat16")
        if self.width == 64 and self.has("avx512vnni"):
            found.update(("int8", "uint8"))
        return frozenset(found)

    def machine(self) -> Any:
        """LLVM's target machine."""
        _initialize()
        found = llvm.Target.from_triple(self.triple)
        return found.create_target_machine(cpu=self.cpu, features=self.features, **OPTIONS)

    def __str__(self) -> str:
        """All that machine code depends on but its IR: who writes it for what, and how."""
        llvm_version = ".".join(map(str, llvm.llvm_version_info))
        of_machine = f"{self.triple}\n{self.cpu}\n{self.features}\n{sorted(OPTIONS.items())}"
        return f"llvmlite {llvmlite.__version__} llvm {llvm_version}\n{of_machine}"


@functools.cache
def host() -> Target:
    """The processor that runs this. Raises RuntimeError for one without a 64-bit LLVM target."""
    _initialize()
    features = llvm.get_host_cpu_features()
    triple = llvm.get_process_triple()
    if sys.maxsize < 2**32:
        raise RuntimeError("the native executor needs a 64-bit processor")
    width, registers = 16, 16
    if features.get("avx512f") and features.get("avx512vl") and features.get("avx512bw"):
        width, registers = 64, 32
    elif features.get("avx2") and features.get("fma"):
        width = 32
    elif triple.startswith(("aarch64", "arm64")):
        registers = 32
    return Target(triple, _tuned_for(triple, width), features.flatten(), width, registers)


def _tuned_for(triple: str, width: int) -> str:
    """The processor whose timing LLVM writes code for. Its name for this one is a guess where it is newer than LLVM or
    a virtual machine hides some of it, and code would be another for each guess: on x86-64 the vectors decide."""
    if not triple.startswith(("x86_64", "amd64")):
        return llvm.get_host_cpu_name()
    return {64: "x86-64-v4", 32: "x86-64-v3"}.get(width, "x86-64")


# What code for other processors is checked with: that it compiles.
FOREIGN = {
    "avx2": Target("x86_64-unknown-linux-gnu", "haswell", "", 32, 16),
    "avx512": Target("x86_64-unknown-linux-gnu", "skylake-avx512", "", 64, 32),
    "avx512bf16": Target(
        "x86_64-unknown-linux-gnu", "cooperlake", "+avx512bf16,+avx512vnni", 64, 32
    ),
    "neon": Target("aarch64-unknown-linux-gnu", "neoverse-n1", "", 16, 32),
}


@functools.cache
def _initialize() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()


# -- the float mode -----------------------------------------------------------------------------------


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
