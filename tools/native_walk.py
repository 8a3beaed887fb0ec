"""What becomes of relu(x @ w + b) on the native executor: its step, its tiles' record, the kernel's IR, the phases.

python tools/native_walk.py          what `src/narae/executors/native/README.md` shows
python tools/native_walk.py --all    all of the IR
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

from narae import ops
from narae.engine.compiled import compile_function
from narae.executors.native.codegen.kernel_record import KernelRecord
from narae.executors.native.jit.target import host
from narae.executors.native.kernels import registers
from narae.executors.native.run.program import NativeProgram
from narae.graph.ir import Spec

X, W, B = (512, 200), (200, 64), (64,)


def program() -> NativeProgram:
    """relu(x @ w + b), loaded."""
    function = compile_function(
        lambda x, w, b: ops.relu(x @ w + b), *(Spec(shape, "float32") for shape in (X, W, B))
    )
    assert isinstance(function.program, NativeProgram)
    return function.program


def named(record: type[KernelRecord[int]], numbers: Iterator[int], **counts: int) -> dict[str, str]:
    """A record's words by the names of its fields."""
    out = {}
    for name, (kind, count, of) in record.fields.items():
        many = counts.get(count, 0) if isinstance(count, str) else count
        if of is not None:
            out[name] = str([named(of, numbers, **counts) for _ in range(many or 0)])
        elif many is not None:
            out[name] = str([next(numbers) for _ in range(many)])
        else:
            number = next(numbers)
            out[name] = "an address" if kind == "ptr" and number else str(number)
    return out


def main() -> None:
    """Print it all."""
    made = program()
    target = host()
    print(f"vectors of {target.width} bytes, {target.registers} of them\n")
    stage = next(s for s in made.stages if s.step is not None)
    step = stage.step
    assert step is not None
    print("step: ", ", ".join(f"{n.op.name} -> {n.specs[0].shape}" for n in step.nodes))
    print("tiles:", [len(phase) for phase in stage.lowered.phases], "in each phase of the step\n")
    tile = stage.lowered.phases[0][0]
    print(f"record of the first tile, of {len(tile.record)} words:")
    for name, value in named(registers.Contraction, iter(tile.record), operands=2).items():
        print(f"    {name:10} {value}")
    print(f"    and {tile.scratch} bytes of scratch\n")
    lines = tile.build("kernel").text().split("\n")
    print(f"kernel, {len(lines)} lines of IR; its widest inner loop:")
    starts = [i for i, line in enumerate(lines) if line.endswith(":")] + [len(lines)]
    blocks = [lines[a:b] for a, b in itertools.pairwise(starts)]
    inner = max(blocks, key=lambda block: sum("@llvm.fma" in line for line in block))
    shown = lines if "--all" in sys.argv else [line for line in inner if "phi" not in line]
    phis = sum("phi" in line for line in inner)
    fmas = sum("@llvm.fma" in line for line in inner)
    print("\n".join(shown if "--all" in sys.argv else [*shown[:14], "  ...", *shown[-4:]]))
    print(f"    ({phis} values carried, {fmas} of them sums)\n")
    tables = made.tables
    print("phases of the program, (first tile, tiles):", tables._phases[: tables.count].tolist())


if __name__ == "__main__":
    main()
