"""`narae predict` of models that `narae train FOLDER` and `FILE.csv` made: their files say what they take."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from narae.base.files import atomic_write
from narae.base.language import tr, trn
from narae.base.names import printable
from narae.cli import card as cards
from narae.cli import pictures, table
from narae.cli.output import bar, check_writable, complain, say
from narae.cli.predict import predict_images
from narae.saving import load_model

_SHOWN = 20  # rows of a table that are printed; the file has all
_UNSURE = 0.6


def predict(files: Sequence[Path], out: Path, plot: bool, as_json: bool) -> bool:
    """By what the model's file says of its data; digits where it says nothing, or where there is no model before the
    pictures. Returns whether every file was read."""
    model = files[0] if files[0].suffix == ".keras" else None
    rest = list(files[1:] if model is not None else files)
    if not rest:
        raise ValueError(tr("no file is given to be read: `narae predict mnist.keras seven.png`"))
    card = None if model is None else cards.read(model)
    if model is not None and card is not None:
        return predict_own(model, card, rest, out, as_json)
    return predict_images(model, rest, out, plot, as_json)


def predict_own(
    path: Path, card: cards.Card, files: Sequence[Path], out: Path, as_json: bool = False
) -> bool:
    """What a model says of pictures, or of a table's rows. Returns whether every file could be read; raises the first
    one's error when none could."""
    if card["kind"] == cards.PICTURES:
        return _pictures(path, card, files, as_json)
    check_writable(out)
    model = load_model(path)
    results: list[dict[str, Any]] = []
    failed: list[Exception] = []
    for file in files:
        try:
            results.append(_table(model, card, file, out, as_json))
        except (ValueError, OSError) as error:
            failed.append(error)
    return _told(results, failed, as_json)


def _told(results: list[Any], failed: list[Exception], as_json: bool) -> bool:
    if not results and failed:
        raise failed[0]
    for error in failed:
        complain(str(error))
    if as_json:
        print(json.dumps(results, ensure_ascii=False))
    return not failed


def _pictures(path: Path, card: cards.Card, files: Sequence[Path], as_json: bool) -> bool:
    found: dict[Path, np.ndarray] = {}
    failed: list[Exception] = []
    for file in files:
        try:
            found[file] = pictures.picture(file, card["side"])
        except ValueError as error:
            failed.append(error)
    if not found:
        raise failed[0]
    model = load_model(path)
    x = pictures.as_form(list(found.values()), card["channels"])
    rows = np.asarray(model.predict(x, verbose=0))
    classes = card["classes"]
    results = []
    for file, row in zip(found, rows, strict=True):
        order = np.argsort(-row)
        results.append(_as_classes(row, classes) | {"file": str(file)})
        if as_json:
            continue
        best = order[0]
        say(f"{printable(str(file))}: {printable(classes[best])}  ({row[best]:.1%})")
        for place in order[:3]:
            say(f"  {bar(float(row[place]))} {row[place]:6.1%} {printable(classes[place])}")
        if row[best] < _UNSURE:
            say("  " + tr("the model is not sure"))
    return _told(results, failed, as_json)


def _as_classes(row: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    best = int(row.argmax())
    shares = {name: float(share) for name, share in zip(classes, row, strict=True)}
    return {"prediction": classes[best], "probability": float(row[best]), "probabilities": shares}


def _table(model: Any, card: cards.Card, file: Path, out: Path, as_json: bool) -> dict[str, Any]:
    whole = table.read(file)
    x = table.encoded(whole, table.columns_of(card["columns"]), complain)
    rows = np.asarray(model.predict(x, batch_size=1024, verbose=0))
    classes, target = card["classes"], card["target"]
    if classes is None:
        told = [f"{float(row[0]):.6g}" for row in rows]
        shares = None
    else:
        told = [classes[int(row.argmax())] for row in rows]
        shares = [float(row.max()) for row in rows]
    written = out / f"{file.stem}-predicted.csv"
    _write(written, whole, target, told, shares)
    if not as_json:
        _show(file, whole, target, told, shares, written)
    return {
        "file": str(file),
        "target": target,
        "predictions": told if classes is not None else [float(row[0]) for row in rows],
        "probabilities": shares,
        "written": str(written),
    }


def _show(
    file: Path,
    whole: table.Table,
    target: str,
    told: Sequence[str],
    shares: Sequence[float] | None,
    written: Path,
) -> None:
    say(f"{printable(str(file))}: {printable(target)}")
    for i, one in enumerate(told[:_SHOWN]):
        sure = "" if shares is None else f"  ({shares[i]:.1%})"
        say("  " + tr("row {number}: {value}", number=i + 1, value=printable(one)) + sure)
    if len(told) > _SHOWN:
        say(
            "  "
            + trn("... and {count} more row", "... and {count:,} more rows", len(told) - _SHOWN)
        )
    _compare(whole, target, told, shares is None)
    say(tr("wrote {path}", path=written))


def _compare(whole: table.Table, target: str, told: Sequence[str], regression: bool) -> None:
    """How right it was, where the table has the target too."""
    if target not in whole.names:
        return
    cells = whole.column(target)
    if not regression:
        known = [(a, b) for a, b in zip(told, cells, strict=True) if b.lower() not in table.MISSING]
        if known:
            right = sum(a == b for a, b in known)
            say(
                tr(
                    "{right:,} of {count:,} agree with the table's own {target!r}",
                    right=right,
                    count=len(known),
                    target=target,
                )
            )
        return
    found = table.numbers(cells)
    if found is not None and not np.isnan(found).all():
        error = float(np.nanmean(np.abs(found - np.array(told, np.float64))))
        say(
            tr(
                "mean absolute error beside the table's own {target!r}: {error:.6g}",
                target=target,
                error=error,
            )
        )


def _write(
    path: Path,
    whole: table.Table,
    target: str,
    told: Sequence[str],
    shares: Sequence[float] | None,
) -> None:
    """The table with what was told beside it, so that a spreadsheet opens it (UTF-8 with a mark)."""
    names = [*whole.names, f"{target} (predicted)", *([] if shares is None else ["probability"])]
    with atomic_write(path) as file:
        lines = _Lines(file)
        writer = csv.writer(lines)
        writer.writerow(names)
        for i, row in enumerate(whole.rows):
            writer.writerow([*row, told[i], *([] if shares is None else [f"{shares[i]:.4f}"])])


class _Lines:
    """What a csv writer writes, as bytes."""

    def __init__(self, file: Any) -> None:
        self._file = file
        file.write(b"\xef\xbb\xbf")

    def write(self, text: str) -> None:
        """One line."""
        self._file.write(text.encode())
