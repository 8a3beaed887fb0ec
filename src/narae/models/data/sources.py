"""Data for fit, evaluate and predict: one door for arrays, datasets and streams of batches.

`make_source` turns what users pass into a Source: `.epoch(n)` gives Batches, each of which writes
itself into a program's inputs. The kinds are in the neighbours: `arrays` (in memory),
`streams` (one after another); `checks` says what is wrong with data where it comes in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import cast

from narae.base import trees
from narae.base.errors import warn_user
from narae.base.language import tr
from narae.distributed.distribution import distribution
from narae.models.data.arrays import ArraySource
from narae.models.data.batches import ClassWeights, DataLike, Shuffle, Source, Triple
from narae.models.data.checks import (
    as_arrays,
    check_batch_size,
    check_class_weight,
    check_steps,
    check_weights,
    class_weights,
    count_samples,
    unrecognized,
)
from narae.models.data.parts import of_processes
from narae.models.data.streams import Dataset, DatasetSource, StreamSource
from narae.random.keys import make_default_seed
from narae.utils.py_dataset import PyDataset
from narae.utils.timeseries import Batches, Windows


def make_source(
    x: DataLike,
    y: DataLike = None,
    sample_weight: DataLike = None,
    batch_size: int | None = None,
    shuffle: Shuffle = False,
    steps: int | None = None,
    class_weight: ClassWeights | None = None,
    seed: int | None = None,
    execution: int = 1,
) -> Source:
    """The batches that data gives.

    x, y, sample_weight: arrays (samples, ...) or nests of them; or x alone something that gives
    batches, each x, (x, y) or (x, y, sample_weight). batch_size: for None 32, or what makes
    `steps` batches of the arrays; batches that come ready-made keep theirs. shuffle: True, False,
    or "batch" (whole batches change places). steps: batches per epoch, which go on where the epoch
    before ended, and end with the data; whole executions of `execution` batches.
    class_weight: {label: weight}, folded into the sample weights. seed: of the shuffles; None draws
    one.

    Raises ValueError that names the array that does not fit.

    >>> import numpy as np
    >>> source = make_source(np.arange(5.0), np.arange(5), batch_size=2)
    >>> [batch.tree()[1].tolist() for batch in source.epoch(0)]
    [[0, 1], [2, 3], [4]]
    """
    if not isinstance(shuffle, (bool, str, type(None))) or shuffle not in (
        True,
        False,
        "batch",
        None,
    ):
        raise ValueError(tr('shuffle is True, False or "batch", got {shuffle!r}', shuffle=shuffle))
    weights = None if class_weight is None else check_class_weight(class_weight)
    steps = check_steps(steps)
    seed = make_default_seed() if seed is None else seed
    kind = _kind(x)
    if kind == "arrays":
        source: Source = _from_arrays(
            x, y, sample_weight, batch_size, shuffle or False, (steps, execution), weights, seed
        )
        source.asked = steps
        return _part_of_process(source)
    whole = _whole_executions(steps, execution)
    for name, extra in (("y", y), ("sample_weight", sample_weight)):
        if extra is not None:
            raise ValueError(
                tr(
                    "x is a {kind} that gives whole batches: {name} is not passed beside it, but comes in "
                    "each batch, (x, y) or (x, y, sample_weight)",
                    kind=type(x).__name__,
                    name=name,
                )
            )
    if isinstance(x, Windows) and x.batch_size is not None:
        source = _from_windows(x, x.batch_size, whole, weights)
        source.asked = steps
        return _part_of_process(source)
    _warn_of_order(x, kind, shuffle)
    if kind == "dataset":
        source = DatasetSource(cast("Dataset", x), bool(shuffle), whole, weights, seed)
    else:
        source = StreamSource(cast("Iterable[object]", x), whole, weights)
    source.asked = steps
    return _part_of_process(source)


def _warn_of_order(x: object, kind: str, shuffle: Shuffle) -> None:
    """Warn where batches are to be shuffled that come one after another."""
    unordered = kind == "stream" or getattr(x, "num_batches", 0) is None
    if not shuffle or isinstance(x, Batches) or not unordered:
        return
    warn_user(
        tr(
            "shuffle is ignored: x is a {kind}, whose batches come in its own order. Shuffle where "
            "they are made, and pass shuffle=False",
            kind=type(x).__name__,
        )
    )


def _part_of_process(source: Source) -> Source:
    """The source as it is on one device; under a distribution, this process's part of it."""
    return source if distribution() is None else of_processes(source)


def _kind(x: object) -> str:
    """ "arrays", "dataset" (batches by number) or "stream" (batches one after another)."""
    torch_class = next(
        (c.__name__ for c in type(x).__mro__ if c.__module__.startswith("torch.utils.data")), None
    )
    if torch_class not in (None, "DataLoader"):
        raise ValueError(
            tr(
                "x is a {kind} of single samples: wrap it, torch.utils.data.DataLoader(x, batch_size=32)",
                kind=type(x).__name__,
            )
        )
    pandas = type(x).__module__.startswith("pandas")
    array_like = pandas or any(
        hasattr(x, name) for name in ("__array__", "__narae_tensor__", "toarray", "detach")
    )
    if x is None or array_like or trees.is_nested(x) or isinstance(x, (str, bytes, int, float)):
        return "arrays"
    if isinstance(x, PyDataset) or (
        hasattr(x, "__getitem__") and hasattr(x, "__len__") and not torch_class
    ):
        return "dataset"
    if isinstance(x, Iterable):
        return "stream"
    raise unrecognized("x", x)


def _whole_executions(steps: int | None, execution: int) -> int | None:
    """A number of batches that are whole executions: what is begun is not cut off, as in Keras."""
    return None if steps is None else -(-steps // execution) * execution


def _from_arrays(
    x: DataLike,
    y: DataLike,
    sample_weight: DataLike,
    batch_size: int | None,
    shuffle: bool | str,
    steps_and_execution: tuple[int | None, int],
    weights: ClassWeights | None,
    seed: int,
) -> ArraySource:
    tree = as_arrays(x, "x"), as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")
    samples = count_samples(*tree)
    check_weights(*tree[1:])
    steps, execution = steps_and_execution
    if batch_size is None and steps is not None:
        batch_size = -(-samples // steps)  # what is given of the two decides the other
    size = check_batch_size(batch_size)
    if weights is not None:
        if sample_weight is not None:
            raise ValueError(
                tr(
                    "class_weight and sample_weight cannot both be given: multiply the weights into "
                    "sample_weight"
                )
            )
        tree = (*tree[:2], class_weights(tree[1], weights, whole=samples > size))
    return ArraySource(tree, samples, size, shuffle, _whole_executions(steps, execution), seed)


def _from_windows(
    x: Windows, size: int, steps: int | None, weights: ClassWeights | None
) -> ArraySource:
    """Windows as rows of a view of their series: batches are gathered from it into a program's inputs."""
    if not len(x):
        raise ValueError(
            tr(
                "there are no samples: the series is too short for a window of {shape} steps, or targets "
                "are missing where windows begin",
                shape=x.inputs.shape[1],
            )
        )
    given = None if weights is None else class_weights(x.targets, weights, whole=True)
    tree = x.inputs, x.targets, given
    return ArraySource(tree, len(x.inputs), size, x.shuffle, steps, x.next_seed())


def split(
    x: DataLike, y: DataLike, sample_weight: DataLike, fraction: float
) -> tuple[Triple, Triple]:
    """The data without, and with only, its last part: ((x, y, w), (x, y, w)), views of the arrays.

    fraction: the share of the samples in the second part, 0 < fraction < 1; taken before any
    shuffling, from the end. Raises ValueError for a share that leaves either part empty, and for
    data that are not arrays.

    >>> import numpy as np
    >>> (x, y, _), (val_x, val_y, _) = split(np.arange(10), None, None, 0.2)
    >>> len(x), val_x.tolist()
    (8, [8, 9])
    """
    if not 0 < fraction < 1:
        raise ValueError(
            tr("validation_split is a share between 0 and 1, got {fraction!r}", fraction=fraction)
        )
    if _kind(x) != "arrays":
        raise ValueError(
            tr(
                "validation_split takes the last rows of arrays; x is a {kind}: pass validation_data",
                kind=type(x).__name__,
            )
        )
    tree = as_arrays(x, "x"), as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")
    samples = count_samples(*tree)
    at = math.floor(samples * (1 - fraction))
    if at in (0, samples):
        raise ValueError(
            tr(
                "validation_split={fraction} of {samples} samples leaves {at} to train and {samples2} to "
                "validate: take another share",
                fraction=fraction,
                samples=samples,
                at=at,
                samples2=samples - at,
            )
        )

    def part(rows: slice) -> Triple:
        return trees.map_tree(lambda leaf: None if leaf is None else leaf[rows], tree)

    return part(slice(0, at)), part(slice(at, None))
