"""narae beside its peers: one table, side by side in one run, medians of interleaved repeats.

    make bench                 everything (about ten minutes)
    make bench ARGS=--quick    a fifth of the data, one repeat
    make bench ARGS="--only narae,numpy --repeats 5"

Each peer runs in a process of its own, in turn, so that a change of the machine's speed meets all
of them.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from packaging.requirements import Requirement
from rich.console import Console
from rich.table import Table

from narae.base.files import atomic_write
from narae.datasets import mnist

HERE = Path(__file__).parent
# Set on some machines for old builds of OpenBLAS; they slow a current one down.
DROPPED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class Peer(NamedTuple):
    """A script with its argument, and the packages whose installed size counts."""

    script: str
    argument: str
    packages: str


Figures = dict[str, float]

PEERS = {
    "narae": Peer("keras_like.py", "narae", "narae"),
    "Keras on JAX": Peer("keras_like.py", "jax", "keras jax"),
    "Keras on TensorFlow": Peer("keras_like.py", "tensorflow", "keras tensorflow-cpu"),
    "Keras on PyTorch": Peer("keras_like.py", "torch", "keras torch"),
    "PyTorch by hand": Peer("torch_loop.py", "", "torch"),
    "scikit-learn (Adam)": Peer("sklearn_mlp.py", "", "scikit-learn"),
    "NumPy by hand": Peer("numpy_loop.py", "", "numpy"),
    "bare products": Peer("products.py", "", "numpy"),
}
COLUMNS = {
    "import_s": "import, s",
    "first_step_s": "first step, s",
    "epoch_s": "epoch, s",
    "predict_ms": "predict 1, ms",
    "tiny_ms": "tiny step, ms",
    "peak_mb": "peak, MB",
    "size_mb": "installed, MB",
}


def prepare(folder: str) -> dict[str, str]:
    """Write the data for the peers; the environment in which they run."""
    (images, labels), _ = mnist.load_data()
    np.save(Path(folder) / "images.npy", images.reshape(60000, 784))
    np.save(Path(folder) / "labels.npy", labels)
    kept = {key: value for key, value in os.environ.items() if key not in DROPPED}
    return kept | {"BENCH_DATA": folder}


def measured(peer: Peer, env: dict[str, str], quick: bool) -> Figures:
    """One run of a peer. Raises RuntimeError with the end of what it said when it fails."""
    command = [sys.executable, str(HERE / "peers" / peer.script)]
    command += [peer.argument] * bool(peer.argument) + ["--quick"] * quick
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise RuntimeError(f"{peer.script} {peer.argument} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def installed_mb(packages: str) -> float:
    """The size of packages and of all that they need, as installed here."""
    seen: dict[str, float] = {}
    todo = packages.split()
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name in seen:
            continue
        found = importlib.metadata.distribution(name)
        seen[name] = own_mb(found)
        needs = map(Requirement, found.requires or ())
        todo += [n.name for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})]
    return sum(seen.values())


def own_mb(found: importlib.metadata.Distribution) -> float:
    """The size of one package's files."""
    if found.metadata["Name"] == "narae":  # installed in place: a wheel holds its sources
        files = [p for p in (HERE.parent / "src").rglob("*") if p.suffix != ".pyc"]
    else:
        files = [Path(str(found.locate_file(file))) for file in found.files or ()]
    return sum(path.stat().st_size for path in files if path.is_file()) / 2**20


def machine() -> str:
    """What the figures were measured on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    model = names[0] if names else platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def digits(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(figures: dict[str, Figures]) -> None:
    """Print the figures, and each peer's epoch as a multiple of narae's."""
    out = Table(title="784-512-10, batch 128, RMSprop, MNIST; tiny: 13-64-64-1, batch 16")
    out.add_column("")
    for title in (*COLUMNS.values(), "epoch / narae's"):
        out.add_column(title, justify="right")
    base = figures.get("narae", {}).get("epoch_s")
    for name, row in figures.items():
        ratio = f"{row['epoch_s'] / base:.2f}" if base else ""
        out.add_row(name, *(digits(row.get(key)) for key in COLUMNS), ratio)
    console = Console(width=140)
    console.print(machine())
    console.print(out)


def parsed() -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--quick", action="store_true", help="less data, one repeat")
    parser.add_argument("--repeats", type=int, default=3, help="rounds through all peers")
    parser.add_argument("--only", default="", help="parts of peers' names, separated by commas")
    parser.add_argument("--json", type=Path, help="write the figures of every run there")
    args = parser.parse_args()
    wanted = [part.strip().lower() for part in args.only.split(",")]
    args.peers = [name for name in PEERS if any(part in name.lower() for part in wanted)]
    if not args.peers or args.repeats < 1:
        parser.error(f"nothing to run: repeats from 1, and peers among {', '.join(PEERS)}")
    return args


def main() -> None:
    args = parsed()
    runs: dict[str, list[Figures]] = {name: [] for name in args.peers}
    failed: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        env = prepare(folder)
        for repeat in range(1 if args.quick else args.repeats):
            for name in args.peers:
                print(f"run {repeat + 1}: {name}", file=sys.stderr, flush=True)
                try:
                    runs[name].append(measured(PEERS[name], env, args.quick))
                except RuntimeError as error:  # the others' runs are not thrown away
                    failed.add(name)
                    print(error, file=sys.stderr)
    figures = {
        name: {key: statistics.median(r[key] for r in rows) for key in rows[0]}
        | {"size_mb": installed_mb(PEERS[name].packages)}
        for name, rows in runs.items()
        if name not in failed
    }
    show(figures)
    if args.json:
        with atomic_write(args.json, "w") as file:
            json.dump({"machine": machine(), "figures": figures, "runs": runs}, file, indent=1)
    if failed:
        sys.exit(f"failed, and left out of the table: {', '.join(sorted(failed))}")


if __name__ == "__main__":
    main()
