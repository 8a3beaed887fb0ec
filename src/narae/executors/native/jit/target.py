"""The processor that code is made for: its vectors and its registers."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from typing import Any

import llvmlite
import llvmlite.binding as llvm

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
