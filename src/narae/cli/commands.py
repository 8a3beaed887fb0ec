"""The commands and their flags. What they do is in the modules beside this one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import narae
from narae.base.language import tr
from narae.cli.helps import TRAIN
from narae.cli.job import Asked, Job
from narae.cli.options import (
    BatchSize,
    Epochs,
    Grey,
    Ignore,
    Kind,
    Optimizer,
    Rate,
    Seed,
    Size,
    Target,
    Test,
    Units,
    Validation,
)
from narae.cli.speaking import libraries_speak  # noqa: F401  (for main, which loads this module alone)

app = typer.Typer(
    name="narae",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
    help=tr("Keras code, on its own wings: train networks, look at them, use them."),
)


class Dataset(StrEnum):
    """The data sets that ship with narae."""

    mnist = "mnist"


class Step(StrEnum):
    """The compiled steps of a model."""

    train = "train"
    test = "test"
    predict = "predict"


Model = Annotated[
    Path, typer.Argument(help=tr("A `.keras` file, of narae or of Keras 3."), metavar="MODEL.keras")
]
Length = Annotated[
    int | None,
    typer.Option(min=1, help=tr("Of axes whose length the network leaves open, such as words.")),
]
Out = Annotated[
    Path,
    typer.Option("--out", "-o", help=tr("The folder for the files and pictures that are written.")),
]
Json = Annotated[bool, typer.Option("--json", help=tr("Print the results for programs, as JSON."))]
Plot = Annotated[bool, typer.Option(help=tr("Write pictures (needs `pip install 'narae[plot]'`)."))]


@app.command(help=TRAIN)
def train(
    what: Annotated[
        str,
        typer.Argument(
            help=tr("What to learn from: `mnist`, a folder of pictures, or a CSV file."),
            metavar="mnist|FOLDER|FILE.csv",
        ),
    ],
    epochs: Epochs = None,
    batch_size: BatchSize = 128,
    units: Units = None,
    optimizer: Optimizer = None,
    learning_rate: Rate = None,
    seed: Seed = 1,
    validation: Validation = 0.1,
    test: Test = 0.2,
    size: Size = 32,
    grey: Grey = None,
    target: Target = None,
    task: Kind = None,
    ignore: Ignore = None,
    out: Out = Path("."),
    plot: Plot = True,
    as_json: Json = False,
) -> None:
    """Train on a data set, a folder of pictures or a table."""
    from narae.cli.train import train as run

    job = Job(
        epochs, batch_size, units, optimizer, learning_rate, seed, out, plot, validation, test
    )
    asked = Asked(size, grey, target, None if task is None else task.value, ignore or ())
    run(what, job, asked, as_json)


@app.command(
    help=tr(
        """Show what a saved model is made of: layers, output shapes, numbers of weights; and what its data were like.

        **Try:** `narae summary mnist.keras`
        """
    )
)
def summary(
    file: Annotated[
        Path,
        typer.Argument(
            help=tr("A model: `.keras` of narae or of Keras 3, `.h5` of older Keras."),
            metavar="MODEL.keras|MODEL.h5",
        ),
    ],
    as_json: Json = False,
) -> None:
    """The layers of a saved model."""
    from narae.cli.summary import print_summary

    print_summary(file, as_json)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"narae {narae.__version__}")
        raise typer.Exit


@app.callback()
def narae_(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help=tr("Print narae's version.")
        ),
    ] = False,
) -> None:
    """What comes before a command."""


@app.command(
    help=tr("""Test a saved network: loss, accuracy, every class, and its surest mistakes.

    **Try:** `narae evaluate mnist.keras mnist`
    """)
)
def evaluate(
    model: Model,
    dataset: Annotated[Dataset, typer.Argument(help=tr("The data set whose test part is used."))],
    out: Out = Path("."),
    plot: Plot = True,
) -> None:
    """Test a saved network."""
    from narae.cli.evaluate import evaluate_mnist

    evaluate_mnist(model, out, plot)


@app.command(
    help=tr("""Read digits from photographs of paper, and from pictures of your own.

    One digit or many, in rows, dark on light or light on dark, on plain, ruled or squared paper, in boxes, partly
    in shadow: the digits are found, cut apart and read, each with a confidence. What it does not know it says.

    A network that ships with narae reads them; with `MODEL.keras` it is one of yours, such as `narae train mnist`
    makes. A model that `narae train FOLDER` or `narae train FILE.csv` made takes pictures or tables as it was trained
    on. The exit code is 1 when a file could not be read; the others are read all the same.

    **Try:** `narae predict photograph.jpg`, `narae predict mnist.keras seven.png`,
    `narae predict flowers.keras more.csv`
    """)
)
def predict(
    files: Annotated[
        list[Path],
        typer.Argument(
            help=tr(
                "Pictures of digits on paper. Before them, if you like, a `.keras` file; for a model of your own data: "
                "pictures, or CSV files."
            ),
            metavar="[MODEL.keras] FILE...",
        ),
    ],
    out: Out = Path("."),
    plot: Annotated[
        bool,
        typer.Option(
            "--picture/--no-picture",
            "--plot/--no-plot",
            help=tr("Write a picture of what was seen in each file, `NAME-read.png`."),
        ),
    ] = True,
    as_json: Json = False,
) -> None:
    """Read digits from photographs of paper, and from pictures of your own."""
    from narae.cli.own import predict as run

    if not run(files, out, plot, as_json):
        raise typer.Exit(1)


@app.command(
    help=tr("""Show what a saved network's step becomes: operations, results, and how each runs.

    The step is compiled for zeros of the shapes that the network takes, and not run.

    **Try:** `narae plan mnist.keras`, then `NARAE_EXECUTOR=numpy narae plan mnist.keras`
    """)
)
def plan(
    model: Model,
    step: Annotated[
        Step, typer.Option(help=tr("Which step: of `fit`, of `evaluate` or of `predict`."))
    ] = Step.train,
    batch: Annotated[int, typer.Option(min=1, help=tr("Samples per step."))] = 128,
    length: Length = None,
) -> None:
    """Show what a saved network's step becomes."""
    from narae.cli.plan import print_plan

    print_plan(model, step.value, batch, length)


@app.command(
    help=tr("""Look into one training step of a saved network: every operation, gradient and weight.

    The batch is of MNIST's test images where the network takes them, else of random numbers. The network
    is not changed.

    **Try:** `narae explain mnist.keras --html step.html`, then open `step.html` in a browser.
    """)
)
def explain(
    model: Model,
    batch: Annotated[int, typer.Option(min=1, help=tr("Samples in the batch."))] = 128,
    length: Length = None,
    html: Annotated[
        Path | None,
        typer.Option(
            help=tr("Write a page with the graph as a picture, instead of printing tables.")
        ),
    ] = None,
) -> None:
    """Look into one training step of a saved network."""
    from narae.cli.explain import print_explanation

    print_explanation(model, batch, length, html)


@app.command(help=tr("List narae's operations, and how each executor runs them."))
def ops() -> None:
    """List narae's operations, and how each executor runs them."""
    from narae.cli.coverage import print_coverage

    print_coverage()


@app.command(
    help=tr("""Show what narae knows of this machine, and what it makes of it.

    Caches and cores are what the system says; rates are measured, in some 50 ms, unless an earlier process kept
    them. They decide how soon results are there, never what they are.

    **Try:** `narae machine`, then `taskset -c 0 narae machine` to see it with one core.
    """)
)
def machine(
    measure: Annotated[
        bool, typer.Option("--measure", help=tr("Measure again, also where the rates are known."))
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help=tr("Print it for programs: sizes in bytes, times in nanoseconds.")
        ),
    ] = False,
) -> None:
    """Show what narae knows of this machine, and what it makes of it."""
    from narae.cli.machine import print_machine

    print_machine(measure, as_json)


@app.command(
    help=tr("""Open the playground: draw digits, train networks live, look into them, in a web page.

    Needs `pip install 'narae[app]'`. The page works offline.

    **Try:** `narae play`, then draw a digit.
    """)
)
def play(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help=tr("The port to listen on; 0 takes a free one."))
    ] = 8765,
    host: Annotated[
        str,
        typer.Option(
            help=tr(
                "The address to listen on. With `0.0.0.0` other machines can use it, unencrypted."
            )
        ),
    ] = "127.0.0.1",
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help=tr("Open the page in your browser."))
    ] = True,
) -> None:
    """Open the playground."""
    from narae.cli.play import play as serve_page

    serve_page(host, port, open_)


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    help=tr("""Run a script in several processes of this machine that train one model together.

    The script calls `narae.distribution.initialize()` first, and uses a `DataParallel` or
    `ModelParallel`. The first process that fails ends all. Needs `pip install 'narae[xla]'`.

    **Try:** `narae launch --processes 2 train.py --epochs 3`
    """),
)
def launch(
    script: Annotated[Path, typer.Argument(help=tr("A Python script."), metavar="SCRIPT.py")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help=tr("What the script gets."), metavar="[ARGS]...")
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", "-n", min=1, help=tr("How many processes to start."))
    ] = 2,
) -> None:
    """Run a script in several processes of this machine that train one model together."""
    from narae.cli.launch import launch as run

    raise typer.Exit(run(script, arguments or [], processes))
