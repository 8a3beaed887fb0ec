"""A small dense network on the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import narae
from narae import layers
from narae.base.language import tr
from narae.base.names import printable
from narae.cli import card as cards
from narae.cli import pictures, table
from narae.cli.fitting import Learning
from narae.cli.job import Asked, Job
from narae.cli.output import complain, say

_LEAST = 10  # rows


def table_task(path: Path, name: str, job: Job, asked: Asked) -> Learning:
    """A small dense network on the rows of a table."""
    whole = table.read(path)
    target = str(asked.target)
    table.require(whole, target)
    whole = _with_target(whole, target)
    cells = whole.column(target)
    _require_different(cells, target)
    task = asked.task or table.task_of(cells)
    columns = table.understood(whole, target, asked.ignore, complain)
    x = table.encoded(whole, columns, complain)
    y, classes = _targets(cells, task, target)
    rng = np.random.default_rng(job.seed)
    groups = y if classes is not None else np.zeros(len(y), np.int32)
    rest, tested = pictures.split(groups, job.test, rng)
    kept, held = pictures.split(groups[rest], job.validation, rng)
    kept, held = rest[kept], rest[held]
    say(_what_is_told(target, classes, len(columns), x.shape[1]))
    return Learning(
        name=name,
        model=table_network(x[kept], y[kept], columns, classes, job.units or 64),
        train=(x[kept], y[kept]),
        validation=(x[held], y[held]),
        test=(x[tested], y[tested]),
        classes=classes,
        epochs=100,
        optimizer="adam",
        patience=15,
        card={
            "kind": cards.TABLE,
            "classes": classes,
            "target": target,
            "columns": table.card_of(columns),
        },
        facts={"target": target, "task": task},
    )


def _what_is_told(target: str, classes: Sequence[str] | None, columns: int, width: int) -> str:
    if classes is None:
        return tr(
            "{target!r} is a number to be told (regression), by {columns} columns, {width} numbers",
            target=target,
            columns=columns,
            width=width,
        )
    return tr(
        "{target!r} is one of {count} classes, {classes}, by {columns} columns, {width} numbers",
        target=target,
        count=len(classes),
        classes=", ".join(map(printable, classes)),
        columns=columns,
        width=width,
    )


def _with_target(whole: table.Table, target: str) -> table.Table:
    """The rows of which the target is known."""
    cells = whole.column(target)
    known = [cell.lower() not in table.MISSING for cell in cells]
    if not all(known):
        gone = len(known) - sum(known)
        complain(
            tr("rows without {target!r}: {count}; they are left out", target=target, count=gone)
        )
    rows = [row for row, there in zip(whole.rows, known, strict=True) if there]
    if len(rows) < _LEAST:
        raise ValueError(
            tr(
                "{count} rows with {target!r} are too few to learn from and to test with: {least} at least",
                count=len(rows),
                target=target,
                least=_LEAST,
            )
        )
    return table.Table(whole.names, rows)


def _require_different(cells: Sequence[str], target: str) -> None:
    if len(set(cells)) == 1:
        raise ValueError(
            tr(
                "every row has {cell!r} as {target!r}: there is nothing to learn",
                cell=cells[0],
                target=target,
            )
        )


def _targets(cells: Sequence[str], task: str, target: str) -> tuple[np.ndarray, list[str] | None]:
    if task == table.REGRESSION:
        found = table.numbers(cells)
        if found is None:
            odd = next(cell for cell in cells if table.number(cell) is None)
            raise ValueError(
                tr("{target!r} is to be a number, got {cell!r} in it", target=target, cell=odd)
            )
        table.require_moderate(target, cells)
        return found.astype(np.float32)[:, None], None
    classes = table.classes_of(cells)
    labels = np.array([classes.index(cell) for cell in cells], np.int32)
    least = int(np.bincount(labels).min())
    if len(classes) < 2 or least < 3:
        rare = classes[int(np.bincount(labels).argmin())]
        raise ValueError(
            tr(
                "the class {name!r} of {target!r} has {count} rows: each of two classes at least needs 3. "
                "For a number, say --task regression",
                name=rare,
                target=target,
                count=least,
            )
        )
    return labels, classes


def table_network(
    x: np.ndarray,
    y: np.ndarray,
    columns: Sequence[table.Column],
    classes: Sequence[str] | None,
    units: int,
) -> narae.Sequential:
    """Two hidden layers. The columns' scale is part of the model: numbers go in as the table has them, and a number
    that is told comes out as such."""
    means, variances = [], []
    for column in columns:
        place = len(means)
        plain = column.kind == table.CATEGORY
        part = x[:, place : place + column.width].astype(np.float64)
        means += [0.0] * column.width if plain else [float(part.mean())]
        variances += [1.0] * column.width if plain else [float(part.var()) or 1.0]
    end = (
        [layers.Dense(1), layers.Rescaling(float(y.std()) or 1.0, float(y.mean()))]
        if classes is None
        else [layers.Dense(len(classes), activation="softmax")]
    )
    return narae.Sequential(
        [
            narae.Input((len(means),)),
            layers.Normalization(mean=means, variance=variances),
            layers.Dense(units, activation="relu"),
            layers.Dense(units, activation="relu"),
            *end,
        ]
    )
