"""What users pass as data, made into arrays and checked where it came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base import trees
from narae.base.arrays import native
from narae.base.dtypes import standardize_dtype
from narae.base.errors import warn_user
from narae.base.language import mark, tr
from narae.graph.ir import Spec

if TYPE_CHECKING:
    from narae.models.data.batches import Arrays, ClassWeights, DataLike

SUPPORTED = mark(
    "NumPy arrays, tensors, pandas DataFrames and Series, lists of numbers, dicts, lists or tuples of "
    "these, or, as x alone, what gives batches: a generator, narae.utils.PyDataset, a PyTorch "
    "DataLoader, a tf.data.Dataset or any iterable"
)


def as_arrays(data: DataLike, name: str) -> Arrays:
    """The tree of `data` with NumPy arrays as leaves (None stays None), dtypes as they are.

    Lists that hold numbers alone become one array each. Raises ValueError for what holds no
    numbers, named by its place: "x['image']"; RecursionError for a nest that holds itself.
    """
    try:
        return _leaves(data, name)
    except RecursionError:
        raise RecursionError(
            tr("{name} is a nest that holds itself, or is too deep to have leaves", name=name)
        ) from None


def _leaves(data: object, name: str) -> Arrays:
    if data is None:
        return None
    if isinstance(data, dict):
        return {key: _leaves(item, f"{name}[{key!r}]") for key, item in data.items()}
    if isinstance(data, (list, tuple)) and not _numbers(data):
        items = [_leaves(item, f"{name}[{i}]") for i, item in enumerate(data)]
        return items if isinstance(data, list) else tuple(items)
    return as_array(data, name)


def _numbers(data: Sequence[object]) -> bool:
    """Whether a nest of lists holds Python numbers alone: then it is one array."""
    return bool(data) and all(
        _numbers(item)
        if isinstance(item, (list, tuple))
        else isinstance(item, (int, float, str, np.generic))
        for item in data
    )


def as_array(data: object, name: str) -> np.ndarray:
    """One leaf as an array with a dtype of narae; see `as_arrays`."""
    try:
        array = data if isinstance(data, np.ndarray) else _converted(data, name)
    except ValueError as error:
        raise ValueError(
            tr("{name} cannot be made an array: {error}", name=name, error=error)
        ) from error
    try:
        standardize_dtype(array.dtype)
    except ValueError:
        raise ValueError(
            tr(
                "{name} has the NumPy dtype {dtype}{example}: a model takes numbers. Strings and "
                "categories are encoded as integers first; rows of different lengths are padded",
                name=name,
                dtype=array.dtype,
                example=_example(array),
            )
        ) from None
    return native(array, name)


def _example(array: np.ndarray) -> str:
    return tr(" (first value {value!r:.40})", value=array.flat[0]) if array.size else ""


def _converted(data: Any, name: str) -> np.ndarray:
    if type(data).__module__.startswith("pandas"):
        return _from_pandas(data)
    if hasattr(data, "detach") and hasattr(data, "cpu"):  # a torch tensor, on whichever device
        return data.detach().cpu().numpy()
    if hasattr(data, "__narae_tensor__"):
        return np.asarray(data.__narae_tensor__())
    if hasattr(data, "toarray"):
        raise ValueError(
            tr(
                "{name} is sparse ({kind}): pass {name}.toarray()",
                name=name,
                kind=type(data).__name__,
            )
        )
    if isinstance(data, (int, float, list, tuple, np.generic)) or hasattr(data, "__array__"):
        return np.asarray(data)
    raise unrecognized(name, data)


def unrecognized(name: str, data: object) -> ValueError:
    """The error for data that is of no kind that narae takes."""
    return ValueError(
        tr(
            "Unrecognized data type: {name}={data!r:.60} (of type {kind}). narae takes {SUPPORTED}",
            name=name,
            data=data,
            kind=type(data),
            SUPPORTED=tr(SUPPORTED),
        )
    )


def _from_pandas(data: Any) -> np.ndarray:
    """DataFrame (n, columns) or Series (n,) -> (n, columns) or (n, 1), as Keras makes them."""
    array = data.to_numpy()
    columns = data.dtypes if data.ndim == 2 else [data.dtype]
    if array.dtype == object and all(dtype.kind in "biuf" for dtype in columns):
        array = data.to_numpy(dtype="float64", na_value=np.nan)  # mixed or nullable columns
    return array if array.ndim > 1 else array[:, None]


def leaves_by_name(tree: Arrays, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a tree, each with its place as the user would write it."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from leaves_by_name(item, f"{name}[{key!r}]")
    elif isinstance(tree, (list, tuple)):
        for i, item in enumerate(tree):
            yield from leaves_by_name(item, f"{name}[{i}]")
    elif tree is not None:
        yield name, tree


def count_samples(x: Arrays, y: Arrays, sample_weight: Arrays) -> int:
    """The common length of the first axis. Raises ValueError that names each array and its
    length."""
    named = [
        pair
        for tree, name in ((x, "x"), (y, "y"), (sample_weight, "sample_weight"))
        for pair in leaves_by_name(tree, name)
    ]
    if x is None or not named:
        raise ValueError(
            tr("there is no data: x is {x!r}; pass {SUPPORTED}", x=x, SUPPORTED=tr(SUPPORTED))
        )
    for name, array in named:
        if not array.ndim:
            raise ValueError(
                tr(
                    "{name} is the single number {array}: data has a first axis of samples, (samples, ...)",
                    name=name,
                    array=array,
                )
            )
    lengths = {len(array) for _, array in named}
    if len(lengths) > 1:
        sizes = ", ".join(
            tr("{name} has {count}", name=name, count=len(array)) for name, array in named
        )
        raise ValueError(
            tr(
                "all arrays need the same number of samples (length of the first axis), but {sizes}",
                sizes=sizes,
            )
        )
    if 0 in lengths:
        shapes = ", ".join(
            tr("{name} has shape {shape}", name=name, shape=array.shape) for name, array in named
        )
        raise ValueError(tr("there are no samples: {shapes}", shapes=shapes))
    return lengths.pop()


def check_weights(y: Arrays, sample_weight: Arrays) -> None:
    """Raise ValueError for sample weights that cannot be told apart by the outputs' targets."""
    if not trees.is_nested(y) or sample_weight is None:
        return
    if trees.is_nested(sample_weight):
        if isinstance(y, dict) and not trees.same_structure(y, sample_weight):
            raise ValueError(
                tr(
                    "sample_weight needs one array per output, like y: y has the keys {y}, sample_weight is "
                    "{kind} {sample_weight!r:.60}",
                    y=list(y),
                    kind=type(sample_weight).__name__,
                    sample_weight=list(sample_weight),
                )
            )
    elif sample_weight.ndim > 1 and sample_weight.shape[1:] != (1,):
        raise ValueError(
            tr(
                "one sample_weight for several outputs has one number per sample, (samples,), got shape "
                "{shape}: pass one array per output, in the structure of y",
                shape=sample_weight.shape,
            )
        )


def check_batch_size(batch_size: object) -> int:
    """A batch size that counts, 32 for None. Raises ValueError."""
    if batch_size is None:
        return 32
    if (
        not isinstance(batch_size, (int, np.integer))
        or isinstance(batch_size, bool)
        or batch_size < 1
    ):
        raise ValueError(
            tr(
                "batch_size is a whole number of at least 1, got {batch_size!r}",
                batch_size=batch_size,
            )
        )
    return int(batch_size)


def check_steps(steps: object) -> int | None:
    """A number of batches per epoch, or None. Raises ValueError."""
    if steps is None:
        return None
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or steps < 1:
        raise ValueError(
            tr(
                "the number of steps per epoch is a whole number of at least 1, or None; got {steps!r}",
                steps=steps,
            )
        )
    return int(steps)


def check_class_weight(class_weight: object) -> ClassWeights:
    """{label: weight}. Raises ValueError for anything else."""
    if not isinstance(class_weight, Mapping) or not all(
        isinstance(key, (int, np.integer)) and isinstance(value, (int, float, np.number))
        for key, value in class_weight.items()
    ):
        raise ValueError(
            tr(
                "class_weight is a dict from integer labels to weights, as {{0: 1.0, 1: 5.0}}; got "
                "{class_weight!r:.100}",
                class_weight=class_weight,
            )
        )
    return {int(key): float(value) for key, value in class_weight.items()}


def class_weights(y: Arrays, class_weight: ClassWeights, whole: bool = False) -> np.ndarray:
    """The weight of each sample by its label: (n,) floats; labels that are not named weigh 1, as in
    Keras.

    y: labels (n,) or (n, 1), or one-hot rows (n, classes). With `whole` data, a label of
    `class_weight` that no sample has is warned about. Raises ValueError for several outputs or no
    y.
    """
    if trees.is_nested(y) or y is None:
        what = tr("y is missing") if y is None else tr("y is a nest of several arrays")
        raise ValueError(
            tr(
                "`class_weight` is only supported for Models with a single output: {what}",
                what=what,
            )
        )
    if y.ndim > 2:
        raise ValueError(
            tr(
                "class_weight goes with labels (n,), (n, 1) or one-hot rows (n, classes), got {shape}",
                shape=y.shape,
            )
        )
    labels = (
        y.argmax(axis=1)
        if y.ndim == 2 and y.shape[1] > 1
        else np.round(y.reshape(-1)).astype(np.int64)
    )
    values, places = np.unique(labels, return_inverse=True)
    unseen = sorted(set(class_weight) - set(values.tolist()))
    if whole and unseen:
        warn_user(
            tr(
                "class_weight names the labels {unseen}, which no sample of y has; y has {tolist}",
                unseen=unseen,
                tolist=values.tolist()[:20],
            )
        )
    table = np.array([class_weight.get(value, 1.0) for value in values.tolist()], np.float32)
    return table[places.reshape(-1)]


def spec_of(leaf: np.ndarray | None) -> Spec | None:
    """Shape and dtype of an array, None of None."""
    return None if leaf is None else Spec(leaf.shape, standardize_dtype(leaf.dtype))
