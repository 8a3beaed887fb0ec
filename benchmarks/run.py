"""narae beside its peers: tables, side by side in one run, medians of interleaved rounds.

    make bench                                     everything (about ten minutes)
    make bench ARGS=--quick                        less data, no peer without a bar, one round
    make bench ARGS="--only seed busy --rounds 5"  some rows
    make bench ARGS="--only sequences --quick"     all rows of recurrent networks and transformers
    make bench ARGS="--json bench.json"            keep the figures of every round, for report.py

Each measurement is a process of its own; in a row the peers take turns, one at a time, so that a
change of the machine's speed meets all of them. Ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Drawn

import groups
from groups import EXTRA, GROUPS, ROWS
from machine import installed_mb, kind, machine
from narae.base.files import atomic_write
from narae.datasets import mnist
from results import Data, Table, tables
from rows import FRESH, NARAE, PEERS, Figures

HERE = Path(__file__).parent
# What some machines set: the first two slow OpenBLAS down, the third keeps a package that was not
# installed by pip without bytecode.
DROPPED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")
EXAMPLE = HERE.parent / "examples" / "first_network.py"
IMPORTS = {
    "import narae as keras\n": "import keras\n",
    "from narae import layers\n": "from keras import layers\n",
    "from narae.datasets import mnist\n": "import mnist_file as mnist\n",
}
EPOCHS = "epochs=5"  # of the classic script
LIMIT_S = {False: 300, True: 100}  # of one measurement, a quick one: longer, and something hangs


class Bench:
    """Runs peers in a folder with the data and with narae's kernel caches."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder, self.quick = folder, quick
        (images, labels), test = mnist.load_data()
        np.save(folder / "images.npy", images.reshape(60000, 784))
        np.save(folder / "labels.npy", labels)
        names = ("x_train", "y_train", "x_test", "y_test")
        arrays = dict(zip(names, (images, labels, *test), strict=True))
        np.savez_compressed(folder / "mnist.npz", **arrays)
        self.rows, self.script_epochs = (12800, 1) if quick else (60000, 5)
        kept = {key: value for key, value in os.environ.items() if key not in DROPPED}
        paths = {"BENCH_DATA": str(folder), "PYTHONPATH": f"{HERE / 'peers'}{os.pathsep}{HERE}"}
        self.env = kept | paths | {"PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}

    def measured(self, row: str, name: str, turn: int) -> Figures:
        """One run of a peer. Raises RuntimeError with the end of what it said when it fails."""
        peer = PEERS[name]
        env = self.env | {"NARAE_CACHE": str(self.folder / f"kernels-{row}-{turn}")}
        if row == "script":
            return {"script_s": self.script_s(peer.command.split()[1], env)}
        script, *arguments = groups.command(row, name).split()
        command = [sys.executable, str(HERE / "peers" / script), *arguments, row + peer.suffix]
        try:
            done = subprocess.run(
                command + ["--quick"] * self.quick,
                capture_output=True,
                text=True,
                env=env,
                timeout=LIMIT_S[self.quick],
            )
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"{name}, {row} took more than {LIMIT_S[self.quick]} s") from error
        if done.returncode:
            raise RuntimeError(f"{name}, {row} failed:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def script_s(self, backend: str, env: dict[str, str]) -> float:
        """Seconds of the classic script, from the start of its process to its accuracy."""
        text = EXAMPLE.read_text().replace(EPOCHS, f"epochs={self.script_epochs}")
        if backend != NARAE:
            for ours, theirs in IMPORTS.items():
                if ours not in text:
                    raise RuntimeError(f"{EXAMPLE} no longer has the line {ours!r}")
                text = text.replace(ours, theirs)
            env = env | {"KERAS_BACKEND": backend}
        path = self.folder / f"script_{backend}.py"
        path.write_text(text)
        log = self.folder / "script.log"
        taken = None
        with log.open("w") as said:
            start = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, str(path)], stdout=subprocess.PIPE, stderr=said, text=True, env=env
            )
            with process:
                for line in process.stdout or ():
                    if line.startswith("test accuracy"):
                        taken = time.perf_counter() - start
        if taken is None:
            raise RuntimeError(f"the script failed on {backend}:\n{log.read_text()[-2000:]}")
        return taken


def drawn(table: Table) -> Drawn:
    """A table for the terminal."""
    out = Drawn(title=table.title, box=box.SIMPLE_HEAD)
    for i, head in enumerate(table.heads):
        out.add_column(escape(head), justify="right" if i else "left")
    for line in table.lines:
        out.add_row(*map(escape, line))
    return out


def parsed() -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument(
        "--quick", action="store_true", help="less data, no peer without a bar, one round"
    )
    parser.add_argument("--rounds", type=int, default=3, help="at most, through rows and peers")
    names = (*ROWS, *GROUPS)
    parser.add_argument("--only", nargs="+", choices=names, metavar="ROW", help=", ".join(names))
    parser.add_argument("--json", type=Path, help="write the figures of every round there")
    args = parser.parse_args()
    if args.rounds < 1:
        parser.error(f"--rounds is from 1, got {args.rounds}")
    return args


def collected(bench: Bench, rows: list[str], rounds: int) -> tuple[Data, set[str]]:
    """The figures of all rounds, and what failed."""
    figures: dict[str, list[dict[str, Figures]]] = {row: [] for row in rows}
    failed: set[str] = set()
    for turn in range(rounds):
        for row in rows:
            if turn >= groups.most_rounds(row):
                continue
            figures[row].append({})
            for name in ROWS[row]:
                if bench.quick and name in EXTRA.get(row, ()):
                    continue
                begin = time.monotonic()
                try:
                    figures[row][turn][name] = bench.measured(row, name, turn)
                except RuntimeError as error:  # the others' runs are not thrown away
                    failed.add(f"{row}: {name}")
                    print(error, file=sys.stderr)
                said = f"round {turn + 1}, {row}: {name}, {time.monotonic() - begin:.1f} s"
                print(said, file=sys.stderr, flush=True)
    ran = {name for row in rows for name in ROWS[row]} - {FRESH, "machine"}
    sizes = {name: installed_mb(PEERS[name].packages) for name in PEERS if name in ran}
    facts = {"machine": machine(), "kind": kind(), "quick": bench.quick, "rows": bench.rows}
    facts |= {"script_epochs": bench.script_epochs, "installed_mb": sizes}
    return {**facts, "figures": figures}, failed


def main() -> None:
    args = parsed()
    # The limits are measured beside whatever is: shares need them.
    only = {row for name in args.only or ROWS for row in groups.of(name)}
    rows = [row for row in ROWS if row in only or row == "limits"]
    if args.quick:
        rows = [row for row in rows if set(ROWS[row]) - {*EXTRA.get(row, ())}]
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), args.quick)
        data, failed = collected(bench, rows, 1 if args.quick else args.rounds)
    console = Console(width=160)
    console.print(data["machine"])
    for name, table in tables(data).items():
        if name != "short":
            console.print(drawn(table))
    console.print(f"{time.monotonic() - begin:.0f} s")
    if args.json:
        with atomic_write(args.json, "w") as file:
            json.dump(data, file, indent=1)
    if failed:
        sys.exit(f"failed, and left out of the tables: {', '.join(sorted(failed))}")


if __name__ == "__main__":
    main()
