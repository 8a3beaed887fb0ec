"""narae beside its peers: one table, side by side in one run, medians of interleaved repeats.

    make bench                 everything (about ten minutes)
    make bench ARGS=--quick    a fifth of the data, one repeat
    make bench ARGS="--only narae,numpy --repeats 5"

Each peer runs in a process of its own, in turn, so that a change of the machine's speed meets all of them.
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
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# name -> script, its argument, and the packages whose installed size (with what they need) counts
PEERS: dict[str, tuple[str, str, str]] = {
    "narae": ("keras_like.py", "narae", "narae"),
    "Keras on JAX": ("keras_like.py", "jax", "keras jax"),
    "Keras on TensorFlow": ("keras_like.py", "tensorflow", "keras tensorflow-cpu"),
    "Keras on PyTorch": ("keras_like.py", "torch", "keras torch"),
    "PyTorch by hand": ("torch_loop.py", "", "torch"),
    "scikit-learn (Adam)": ("sklearn_mlp.py", "", "scikit-learn"),
    "NumPy by hand": ("numpy_loop.py", "", "numpy"),
    "bare products": ("products.py", "", "numpy"),
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


def measured(script: str, argument: str, quick: bool) -> dict[str, float]:
    """One run of a peer."""
    env = {
        k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    }
    command = [sys.executable, str(HERE / "peers" / script), *([argument] if argument else [])]
    done = subprocess.run(
        command + (["--quick"] if quick else []),
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{script} {argument} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def installed_mb(packages: str) -> float:
    """The size of packages and of all that they need, as installed here."""
    seen: dict[str, float] = {}
    todo = packages.split()
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name in seen:
            continue
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        seen[name] = sum(_size(found, file) for file in found.files or ()) / 2**20
        if name == "narae":  # installed in place: its sources are what a wheel holds
            source = HERE.parent / "src" / "narae"
            seen[name] = (
                sum(
                    p.stat().st_size
                    for p in source.rglob("*")
                    if p.suffix != ".pyc" and p.is_file()
                )
                / 2**20
            )
        for need in found.requires or ():
            if "extra ==" not in need:
                todo.append(
                    need.split(";")[0]
                    .split("[")[0]
                    .strip(" ()")
                    .split()[0]
                    .split("=")[0]
                    .split(">")[0]
                    .split("<")[0]
                    .split("~")[0]
                    .split("!")[0]
                )
    return sum(seen.values())


def _size(distribution: Any, file: Any) -> float:
    try:
        return float(Path(distribution.locate_file(file)).stat().st_size)
    except OSError:
        return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", help="names of peers, separated by commas")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    chosen = [
        n
        for n in PEERS
        if args.only is None
        or any(part.strip().lower() in n.lower() for part in args.only.split(","))
    ]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in chosen}
    for repeat in range(1 if args.quick else args.repeats):
        for name in chosen:
            print(f"run {repeat + 1}: {name}", file=sys.stderr, flush=True)
            runs[name].append(measured(*PEERS[name][:2], args.quick))
    table = {
        name: {key: statistics.median(r[key] for r in rows) for key in rows[0] if key in COLUMNS}
        | {"size_mb": installed_mb(PEERS[name][2])}
        for name, rows in runs.items()
    }
    show(table)
    if args.json:
        args.json.write_text(
            json.dumps({"machine": machine(), "figures": table, "runs": runs}, indent=1)
        )


def machine() -> str:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        model = next(
            (
                line.split(":")[1].strip()
                for line in info.read_text().splitlines()
                if "model name" in line
            ),
            model,
        )
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def show(table: dict[str, dict[str, float]]) -> None:
    """Print the figures, and each peer's epoch as a multiple of narae's."""
    from rich.console import Console
    from rich.table import Table

    out = Table(title="784-512-10, batch 128, RMSprop, MNIST; tiny: 13-64-64-1, batch 16")
    out.add_column("")
    for title in COLUMNS.values():
        out.add_column(title, justify="right")
    out.add_column("epoch / narae's", justify="right")
    base = table.get("narae", {}).get("epoch_s")
    for name, row in table.items():
        cells = [
            f"{row[key]:.3g}"
            if key in row and row[key] < 100
            else f"{row[key]:,.0f}"
            if key in row
            else ""
            for key in COLUMNS
        ]
        out.add_row(name, *cells, f"{row['epoch_s'] / base:.2f}" if base else "")
    console = Console(width=140)
    console.print(machine())
    console.print(out)


if __name__ == "__main__":
    main()
