"""The commands and their flags. What they do is in the modules beside this one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="narae",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Keras code, on its own wings: train networks, look at them, use them.",
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
    Path, typer.Argument(help="A `.keras` file, of narae or of Keras 3.", metavar="MODEL.keras")
]
Length = Annotated[
    int | None,
    typer.Option(min=1, help="Of axes whose length the network leaves open, such as words."),
]
Out = Annotated[
    Path,
    typer.Option("--out", "-o", help="The folder for the files and pictures that are written."),
]
Plot = Annotated[bool, typer.Option(help="Write pictures (needs `pip install 'narae[plot]'`).")]


@app.command()
def train(
    dataset: Annotated[
        Dataset, typer.Argument(help="What to learn: `mnist` are 70,000 handwritten digits.")
    ],
    epochs: Annotated[
        int,
        typer.Option(min=1, help="Passes over the training data. More learn more, and overfit."),
    ] = 5,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Samples per step. Larger: fewer, smoother steps.")
    ] = 128,
    units: Annotated[int, typer.Option(min=1, help="Width of the hidden layer.")] = 512,
    optimizer: Annotated[
        str, typer.Option(help="How weights follow the gradient: `rmsprop`, `adam`, `sgd`, ...")
    ] = "rmsprop",
    learning_rate: Annotated[
        float | None,
        typer.Option(min=0.0, help="Length of a step; the optimizer's own when not given."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same network, bit for bit.")
    ] = 1,
    out: Out = Path("."),
    plot: Plot = True,
) -> None:
    """Train a network on a data set, test it, and draw what happened.

    The network is the first one of every course: Dense(512, relu), Dense(10, softmax). It is saved as
    `mnist.keras`; `narae predict mnist.keras digit.png` then reads digits of your own.

    **Try:** `narae train mnist`, then `--epochs 20` to see it overfit, `--learning-rate 0.1` to see it fail,
    `--units 16` to see how little is enough.
    """
    from narae.cli.train import Job, train_mnist

    train_mnist(Job(epochs, batch_size, units, optimizer, learning_rate, seed, out, plot))


@app.command()
def evaluate(
    model: Model,
    dataset: Annotated[Dataset, typer.Argument(help="The data set whose test part is used.")],
    out: Out = Path("."),
    plot: Plot = True,
) -> None:
    """Test a saved network: loss, accuracy, every class, and its surest mistakes.

    **Try:** `narae evaluate mnist.keras mnist`
    """
    from narae.cli.evaluate import evaluate_mnist

    evaluate_mnist(model, out, plot)


@app.command()
def predict(
    model: Model,
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Pictures of one digit each: any size, colour, polarity.", metavar="FILE.png..."
        ),
    ],
    out: Out = Path("."),
    plot: Plot = True,
) -> None:
    """Read digits from pictures of your own.

    A picture may have any size and colour, dark on light or light on dark: it is brought to the form of
    MNIST's digits (28 x 28, light on dark, centred), and what was done to it is said.

    **Try:** `narae predict mnist.keras seven.png`
    """
    from narae.cli.predict import predict_images

    if not predict_images(model, images, out, plot):
        raise typer.Exit(1)


@app.command()
def plan(
    model: Model,
    step: Annotated[
        Step, typer.Option(help="Which step: of `fit`, of `evaluate` or of `predict`.")
    ] = Step.train,
    batch: Annotated[int, typer.Option(min=1, help="Samples per step.")] = 128,
    length: Length = None,
) -> None:
    """Show what a saved network's step becomes: operations, results, and how each runs.

    The step is compiled for zeros of the shapes that the network takes, and not run.

    **Try:** `narae plan mnist.keras`, then `NARAE_EXECUTOR=numpy narae plan mnist.keras`
    """
    from narae.cli.plan import print_plan

    print_plan(model, step.value, batch, length)


@app.command()
def explain(
    model: Model,
    batch: Annotated[int, typer.Option(min=1, help="Samples in the batch.")] = 128,
    length: Length = None,
    html: Annotated[
        Path | None,
        typer.Option(help="Write a page with the graph as a picture, instead of printing tables."),
    ] = None,
) -> None:
    """Look into one training step of a saved network: every operation, gradient and weight.

    The batch is of MNIST's test images where the network takes them, else of random numbers. The network
    is not changed.

    **Try:** `narae explain mnist.keras --html step.html`, then open `step.html` in a browser.
    """
    from narae.cli.explain import print_explanation

    print_explanation(model, batch, length, html)


@app.command()
def ops() -> None:
    """List narae's operations, and how each executor runs them."""
    from narae.cli.coverage import print_coverage

    print_coverage()


@app.command()
def machine(
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure again, also where the rates are known.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print it for programs: sizes in bytes, times in nanoseconds."),
    ] = False,
) -> None:
    """Show what narae knows of this machine, and what it makes of it.

    Caches and cores are what the system says; rates are measured, in some 50 ms, unless an earlier process kept
    them. They decide how soon results are there, never what they are.

    **Try:** `narae machine`, then `taskset -c 0 narae machine` to see it with one core.
    """
    from narae.cli.machine import print_machine

    print_machine(measure, as_json)


@app.command()
def play(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")
    ] = 8765,
    host: Annotated[
        str,
        typer.Option(
            help="The address to listen on. With `0.0.0.0` other machines can use it, unencrypted."
        ),
    ] = "127.0.0.1",
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in your browser.")
    ] = True,
) -> None:
    """Open the playground: draw digits, train networks live, look into them, in a web page.

    Needs `pip install 'narae[app]'`. The page works offline.

    **Try:** `narae play`, then draw a digit.
    """
    from narae.cli.play import play as serve_page

    serve_page(host, port, open_)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def launch(
    script: Annotated[Path, typer.Argument(help="A Python script.", metavar="SCRIPT.py")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="What the script gets.", metavar="[ARGS]...")
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", "-n", min=1, help="How many processes to start.")
    ] = 2,
) -> None:
    """Run a script in several processes of this machine that train one model together.

    The script calls `narae.distribution.initialize()` first, and uses a `DataParallel` or
    `ModelParallel`. The first process that fails ends all. Needs `pip install 'narae[xla]'`.

    **Try:** `narae launch --processes 2 train.py --epochs 3`
    """
    from narae.cli.launch import launch as run

    raise typer.Exit(run(script, arguments or [], processes))
