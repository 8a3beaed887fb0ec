"""Single products beside OpenBLAS and MKL: forward and both gradients, one thread and two.

The peer "bare products" is another thing: the products of the seed's epoch, one after another.
"""

from __future__ import annotations

from rows import MKL, NARAE, OPENBLAS, Bar, Column, Group, Line, Round, compared, of

Shape = tuple[int, int, int]  # m, k, n of (m, k) by (k, n): a batch, and a layer's widths

# Rows by the time that they take.
POWERS = tuple(2**i for i in range(5, 13))


def _powers(low: int, high: int) -> tuple[Shape, ...]:
    """Cubes of the powers of two, and a square layer of each width with other batches."""
    widths = [width for width in POWERS if low <= width <= high]
    cubes = [(width, width, width) for width in widths]
    return (*cubes, *((b, width, width) for width in widths for b in (32, 128, 512) if b != width))


ROWS: dict[str, tuple[Shape, ...]] = {
    "gemm_layers": ((128, 784, 512), (128, 512, 10), (256, 1024, 1024), (256, 1024, 10)),
    "gemm_small": _powers(32, 256),
    "gemm_middle": _powers(512, 1024),
    "gemm_large": _powers(2048, 4096),
}
# x w; the gradient to the weights, xᵀ dy; the one to the inputs, dy wᵀ.
KINDS = {"forward": "x w", "weights": "xᵀ dy", "inputs": "dy wᵀ"}
THREADS = (1, 2)
LIMIT = 0.9  # of the better library


def lowest(found: Round, threads: int) -> float:
    """The lowest share of the better library's rate, over the shapes of a row."""
    own = found[NARAE]
    keys = [key for key in own if key.endswith(f" {threads}") and key in found[MKL]]
    if not keys:
        raise KeyError("none of these was measured")
    return min(own[key] / best(found, key) for key in keys)


def best(found: Round, key: str) -> float:
    return max(found[peer][key] for peer in (OPENBLAS, MKL))


def sizes(shapes: tuple[Shape, ...]) -> str:
    """How a bar names a row's shapes."""
    if all(k == n for _, k, n in shapes):
        widths = [k for _, k, _ in shapes]
        return f"{min(widths)} to {max(widths)} wide"
    return "the layers' shapes"


def thread_columns(threads: int) -> tuple[Column, ...]:
    shown = "1 thread" if threads == 1 else f"{threads} threads"
    own, others = (
        of(NARAE, f"{{}} {threads}"),
        (of(OPENBLAS, f"{{}} {threads}"), of(MKL, f"{{}} {threads}")),
    )
    return (
        Column(f"narae, {shown}", own),
        *(Column(f"{peer}, {threads}", of(peer, f"{{}} {threads}")) for peer in (OPENBLAS, MKL)),
        Column(f"narae / better, {threads}", compared((own,), others, max)),
    )


GROUP = Group(
    rows=dict.fromkeys(ROWS, (NARAE, OPENBLAS, MKL)),
    bars=tuple(
        Bar(
            *(
                row,
                f"products, {sizes(shapes)}, {threads} thread{'s' * (threads > 1)}: lowest share",
            ),
            *(">=", LIMIT, ""),
            lambda found, threads=threads: lowest(found, threads),
        )
        for row, shapes in ROWS.items()
        for threads in THREADS
    ),
    title="Products, GFLOP/s",
    columns=tuple(column for threads in THREADS for column in thread_columns(threads)),
    lines=tuple(
        Line(f"{m}, {k}, {n}: {shown}", row, f"{m} {k} {n} {kind}")
        for row, shapes in ROWS.items()
        for m, k, n in shapes
        for kind, shown in KINDS.items()
    ),
    extra={"gemm_large": (NARAE, OPENBLAS, MKL)},
    scripts={NARAE: "gemm.py narae"},
)
