"""What is wrong with data is said where it comes in, by the names that the user used."""

from __future__ import annotations

import numpy as np
import pytest

import narae
from narae.models.data.sources import make_source, split

X, Y = np.zeros((4, 2), np.float32), np.zeros(4, np.int64)


class Sparse:
    def toarray(self):
        return X


def batches():
    yield X, Y


WRONG = {
    "lengths": (lambda: make_source(X, Y[:3]), "x has 4, y has 3"),
    "lengths in a nest": (
        lambda: make_source({"a": X, "b": [X[:2]]}, Y),
        r"x\['b'\]\[0\] has 2, y "
        "has 4",
    ),
    "weights": (lambda: make_source(X, Y, np.ones(3)), "y has 4, sample_weight has 3"),
    "empty": (lambda: make_source(X[:0], Y[:0]), r"no samples: x has shape \(0, 2\)"),
    "nothing": (lambda: make_source(None, Y), "there is no data: x is None"),
    "no leaves": (lambda: make_source([]), "there is no data"),
    "strings": (
        lambda: make_source(np.array(["a", "b"])),
        "x has the NumPy dtype <U1.*encoded as integers",
    ),
    "string lists": (lambda: make_source(X, ["a", "b", "c", "d"]), "y has the NumPy dtype <U1"),
    "objects": (lambda: make_source(np.array([1, None])), "dtype object.*a model takes numbers"),
    "ragged": (lambda: make_source([[1, 2], [3]]), "x cannot be made an array"),
    "complex": (lambda: make_source(np.zeros(2, complex)), "complex128"),
    "scalar": (lambda: make_source(3.0), "x is the single number 3.0"),
    "string": (lambda: make_source("data.csv"), "x"),
    "sparse": (lambda: make_source(Sparse()), r"x is sparse \(Sparse\): pass x.toarray\(\)"),
    "type": (lambda: make_source(object()), "Unrecognized data type: x=.*NumPy arrays.*DataLoader"),
    "type in a nest": (lambda: make_source([X, object()]), r"Unrecognized data type: x\[1\]="),
    "function": (lambda: make_source(batches), "Unrecognized data type"),
    "batch_size 0": (lambda: make_source(X, batch_size=0), "batch_size is a whole number.*got 0"),
    "batch_size 1.5": (lambda: make_source(X, batch_size=1.5), "got 1.5"),
    "batch_size True": (lambda: make_source(X, batch_size=True), "got True"),
    "steps 0": (lambda: make_source(X, steps=0), "steps per epoch.*got 0"),
    "shuffle": (
        lambda: make_source(X, shuffle="all"),
        "shuffle is True, False or \"batch\", got 'all'",
    ),
    "y beside a generator": (
        lambda: make_source(batches(), Y),
        "x is a generator.*y is not passed beside it",
    ),
    "weight beside it": (lambda: make_source(batches(), None, Y), "sample_weight is not passed"),
    "both weights": (
        lambda: make_source(X, Y, np.ones(4), class_weight={0: 1.0}),
        "cannot both be given",
    ),
    "class_weight type": (
        lambda: make_source(X, Y, class_weight=[1.0]),
        "class_weight is a dict from integer",
    ),
    "class_weight names": (
        lambda: make_source(X, Y, class_weight={"cat": 1.0}),
        "integer labels.*cat",
    ),
    "class_weight, no y": (
        lambda: make_source(X, class_weight={0: 1.0}),
        "single output: y is missing",
    ),
    "class_weight, two y": (
        lambda: make_source(X, [Y, Y], class_weight={0: 1.0}),
        "single output: y is a nest",
    ),
    "split 0": (
        lambda: split(X, Y, None, 0.0),
        "validation_split is a share between 0 and 1, got 0.0",
    ),
    "split 1.5": (lambda: split(X, Y, None, 1.5), "got 1.5"),
    "split leaves none": (lambda: split(X, Y, None, 0.9), "leaves 0 to train and 4 to validate"),
    "split a generator": (
        lambda: split(batches(), None, None, 0.5),
        "x is a generator: pass validation_data",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_says_what_is_wrong(case):
    make, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        make()


def test_class_weight_of_a_label_that_is_not_there_warns():
    with pytest.warns(UserWarning, match=r"names the labels \[7\].*y has \[0\]"):
        make_source(X, Y, batch_size=2, class_weight={0: 1.0, 7: 2.0})


def arrays_of(x, y=None):
    return next(iter(make_source(x, y).epoch(0))).tree()[:2]


def test_lists_of_numbers_and_tensors_are_arrays():
    x, y = arrays_of([[1.0, 2.0], [3.0, 4.0]], narae.ops.convert_to_tensor([1, 2]))
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert y.tolist() == [1, 2]
    x, y = arrays_of([np.ones(2), [3.0, 4.0]], (1, 2))
    assert [leaf.tolist() for leaf in x] == [[1.0, 1.0], [3.0, 4.0]]
    assert y.tolist() == [1, 2]


def test_dtypes_stay():
    for dtype in ("uint8", "int8", "float16", "float64", "bool"):
        assert arrays_of(np.zeros(2, dtype))[0].dtype == dtype


def test_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [True, False], "c": [3, 4]})
    x, y = arrays_of(frame, frame["c"])
    assert x.tolist() == [[1.0, 1.0, 3.0], [2.0, 0.0, 4.0]]
    assert y.tolist() == [[3], [4]]
    x, _ = arrays_of(dict(frame[["a", "c"]]))
    assert {name: leaf.shape for name, leaf in x.items()} == {"a": (2, 1), "c": (2, 1)}
    with pytest.raises(ValueError, match=r"x has the NumPy dtype object.*first value 'red'"):
        arrays_of(pandas.DataFrame({"a": [1], "b": ["red"]})[["b", "a"]])


class TorchTensor:  # what of torch.Tensor is used
    def __init__(self, array):
        self._array = array

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self._array


def test_torch_tensors():
    assert arrays_of(TorchTensor(X))[0] is not None
    assert arrays_of([TorchTensor(X), TorchTensor(X)])[0][1].shape == (4, 2)
