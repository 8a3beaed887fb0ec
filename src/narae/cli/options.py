"""The flags of `narae train`, each with its help."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from narae.base.language import tr


class Task(StrEnum):
    """What a table's target is."""

    classification = "classification"
    regression = "regression"


Epochs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help=tr(
            "Passes over the training data. More learn more, and overfit. Not given: 5 for mnist; for your own "
            "data at most 20 (pictures) or 100 (a table), until validation gets no better."
        ),
    ),
]
BatchSize = Annotated[
    int, typer.Option(min=1, help=tr("Samples per step. Larger: fewer, smoother steps."))
]
Units = Annotated[
    int | None,
    typer.Option(min=1, help=tr("Width of the hidden layer: 512 for mnist, 64 else.")),
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        help=tr("How weights follow the gradient: `rmsprop` (mnist), `adam` (else), `sgd`, ...")
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(min=0.0, help=tr("Length of a step; the optimizer's own when not given.")),
]
Seed = Annotated[
    int,
    typer.Option(min=0, help=tr("The same seed gives the same network, bit for bit.")),
]
Validation = Annotated[
    float,
    typer.Option(
        min=0.01, max=0.5, help=tr("Share of the training data that is kept to validate by.")
    ),
]
Test = Annotated[
    float,
    typer.Option(
        min=0.01,
        max=0.5,
        help=tr(
            "Share of your own data that is kept for the test; a folder with `train` and `test` has its own."
        ),
    ),
]
Size = Annotated[
    int, typer.Option(min=8, max=512, help=tr("Side of the pictures that the network sees."))
]
Grey = Annotated[
    bool | None,
    typer.Option("--grey/--colour", help=tr("Of pictures; told by the pictures when not given.")),
]
Target = Annotated[str | None, typer.Option(help=tr("The column of a table that is to be told."))]
Kind = Annotated[
    Task | None,
    typer.Option(help=tr("What the target is; told by its values when not given.")),
]
Ignore = Annotated[
    list[str] | None, typer.Option(help=tr("A column to leave out; may be given again."))
]
