"""The way of x: the files of narae in which a function runs, in the order in which each is first entered.

    python tools/way.py            the first fit of two Dense layers
    python tools/way.py --warm     the fit after it, of the same model
    python tools/way.py --calls    also how often each file calls into another

docs/engine.md tells the same way in words.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any


@dataclass
class Way:
    """What ran: files in the order of their first function, the function, and calls between files."""

    files: dict[str, str] = field(default_factory=dict)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)


def walked(run: Callable[[], object]) -> Way:
    """The files of narae in which a function runs during `run()`, on every thread that it starts.

    What runs while a module is imported does not count: its body, its classes, its decorators.
    """
    import narae

    root = Path(narae.__file__).parent
    names: dict[CodeType, str | None] = {}
    way = Way()

    def file_of(code: CodeType) -> str | None:
        if code not in names:
            path = Path(code.co_filename)
            ours = code.co_flags & inspect.CO_OPTIMIZED and root in path.parents
            names[code] = str(path.relative_to(root)) if ours else None
        return names[code]

    def imports(frame: FrameType | None) -> bool:
        while frame is not None and frame is not outside:
            if frame.f_code.co_name == "<module>":
                return True
            frame = frame.f_back
        return False

    outside = sys._getframe()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or (here := file_of(frame.f_code)) is None:
            return
        if here not in way.files and not imports(frame):
            way.files[here] = frame.f_code.co_qualname
        caller = frame.f_back and file_of(frame.f_back.f_code)
        if caller and caller != here:
            way.calls[caller, here] += 1

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return way


def two_dense_layers() -> Callable[[], object]:
    """The fit of a fresh model of two Dense layers on 64 rows, ready to be called."""
    import numpy as np

    import narae

    model = narae.Sequential([narae.layers.Dense(8, activation="relu"), narae.layers.Dense(3)])
    model.compile("sgd", "mse")
    x, y = np.ones((64, 5), np.float32), np.ones((64, 3), np.float32)
    return lambda: model.fit(x, y, epochs=2, verbose=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warm", action="store_true", help="the second fit, not the first")
    parser.add_argument("--calls", action="store_true", help="calls between files too")
    options = parser.parse_args()
    fit = two_dense_layers()
    if options.warm:
        fit()
    way = walked(fit)
    for number, (file, function) in enumerate(way.files.items(), 1):
        print(f"{number:4} {file:48} {function}")
    rooms = Counter(file.split("/")[0] for file in way.files)
    print(f"{len(way.files)} files:", ", ".join(f"{room} {n}" for room, n in rooms.most_common()))
    for (caller, called), count in way.calls.most_common() if options.calls else ():
        print(f"{count:6} {caller} -> {called}")


if __name__ == "__main__":
    main()
