"""What a group of measurements is made of: peers, rows of work, a table, bars.

The groups themselves are in `groups/`, a module each; `groups/__init__.py` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

Figures = dict[str, float]
Round = Mapping[str, Figures]  # one round of a row: a peer's figures


class Peer(NamedTuple):
    """A script with its arguments, the packages whose installed size counts, and what is added to
    the name of a task."""

    command: str
    packages: str
    suffix: str = ""


FRESH = "narae, empty cache"
NARAE, JAX, TF = "narae", "Keras on JAX", "Keras on TensorFlow"
XLA = "narae on xla"
KERAS_TORCH, TORCH, LAST = "Keras on PyTorch", "PyTorch by hand", "PyTorch, channels last"
ONNX, ONNX_ONE = "ONNX Runtime", "ONNX Runtime, one thread"
OPENBLAS, MKL = "OpenBLAS", "MKL"
SKLEARN, NUMPY, PRODUCTS = "scikit-learn (Adam)", "NumPy by hand", "bare products"
PEERS = {
    NARAE: Peer("keras_like.py narae", "narae"),
    FRESH: Peer("keras_like.py narae", "narae"),
    XLA: Peer("keras_like.py narae-xla", "narae jax"),
    JAX: Peer("keras_like.py jax", "keras jax"),
    TF: Peer("keras_like.py tensorflow", "keras tensorflow-cpu"),
    KERAS_TORCH: Peer("keras_like.py torch", "keras torch"),
    TORCH: Peer("torch_loop.py", "torch"),
    LAST: Peer("torch_loop.py", "torch", "_channels_last"),
    SKLEARN: Peer("sklearn_mlp.py", "scikit-learn"),
    NUMPY: Peer("numpy_loop.py", "numpy"),
    PRODUCTS: Peer("products.py", "numpy"),
    ONNX: Peer("onnx_inference.py", "onnxruntime"),
    ONNX_ONE: Peer("onnx_inference.py", "onnxruntime", "_one"),
    OPENBLAS: Peer("gemm.py openblas", "numpy"),
    MKL: Peer("gemm.py mkl", "torch"),
    "machine": Peer("limits.py", "narae"),
}
KERAS = (NARAE, JAX, TF, KERAS_TORCH)
RIVALS = (NARAE, JAX, TF, TORCH)


class Line(NamedTuple):
    """A line of a group's table: the work, its row and figure, and as whom narae runs."""

    what: str
    row: str
    figure: str
    own: str = NARAE


class Column(NamedTuple):
    """A column of a group's table: its head, and a line's value from a round of its row.

    A KeyError of `value` is a figure that was not measured: the cell stays empty.
    """

    head: str
    value: Callable[[Round, Line], float]


class Bar(NamedTuple):
    """What must hold of a row's figures in a round: `value` at least, or at most, `limit`."""

    row: str
    what: str
    sense: str
    limit: float
    unit: str
    value: Callable[[Round], float]


class Group(NamedTuple):
    """Rows that are run by one name of `--only`, with their table and bars.

    rows: the peers of each, in the order of their turns. extra: peers that a quick run leaves
    out, all of a row's for the whole row. scripts: what a peer runs here in place of its own
    script. rounds: no more than that, however many others have. A group without columns has no
    table of this kind.
    """

    rows: dict[str, tuple[str, ...]]
    bars: tuple[Bar, ...]
    title: str = ""
    columns: tuple[Column, ...] = ()
    lines: tuple[Line, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = {}
    scripts: Mapping[str, str] = {}
    rounds: int = 1


# -- cells -----------------------------------------------------------------------------------------


def of(peer: str, figure: str = "{}") -> Callable[[Round, Line], float]:
    """A peer's figure of a line. figure: its name, with {} for the line's."""

    def value(found: Round, line: Line) -> float:
        name = line.own if peer == NARAE else peer
        return found[name][figure.format(line.figure)]

    return value


def compared(
    over: tuple[Callable[[Round, Line], float], ...],
    under: tuple[Callable[[Round, Line], float], ...],
    best: Callable[[list[float]], float] = min,
) -> Callable[[Round, Line], float]:
    """The best of some cells over the best of others, of those that were measured."""

    def of_measured(
        cells: tuple[Callable[[Round, Line], float], ...], found_in: Round, line: Line
    ) -> float:
        found = []
        for cell in cells:
            try:
                found.append(cell(found_in, line))
            except KeyError:
                continue
        if not found:
            raise KeyError("none of these was measured")
        return best(found)

    return lambda found, line: of_measured(over, found, line) / of_measured(under, found, line)


# -- bars ------------------------------------------------------------------------------------------


def faster(row: str, what: str, limit: float, figure: str, *peers: str) -> Bar:
    """narae's figure is so many times smaller than that of the fastest of peers, of those that ran."""
    shown = peers[0] if len(peers) == 1 else "the fastest of " + ", ".join(peers)

    def value(found: Round) -> float:
        ran = [peer for peer in peers if peer in found] or peers
        return min(found[peer][figure] for peer in ran) / found[NARAE][figure]

    return Bar(row, f"{what}: times faster than {shown}", ">=", limit, "×", value)


def within(row: str, what: str, limit: float, figure: str, peer: str = NARAE) -> Bar:
    """A figure in seconds is at most the limit."""
    return Bar(row, what, "<=", limit, "s", lambda found: found[peer][figure])


def fastest(found: Round, *peers: str) -> Figures:
    """The figures of the peer with the shortest step."""
    return min(
        (found[peer] for peer in peers if peer in found), key=lambda figures: figures["step_ms"]
    )


def peak_share(operations: float, found: Round) -> float:
    """Per cent of the FMA peak that a step of so many operations runs at."""
    own = found[NARAE]
    return operations / own["step_ms"] / own["peak_gflops"] / 1e6 * 100
