"""However an array lies in memory, it is its numbers: any byte order, layout and subclass gives what a
plain array gives, at every door and on every executor; what holds no numbers is refused there."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.base.arrays import native

SWAPPED = [">f4", ">f8", ">f2", ">i2", ">i4", ">i8", ">u2", ">u4", ">u8"]
rng = np.random.default_rng(0)


def _unaligned(x: np.ndarray) -> np.ndarray:
    table = np.zeros(x.shape, [("skip", "i1"), ("x", x.dtype)])
    table["x"] = x
    found = table["x"]
    assert not found.flags.aligned or x.itemsize == 1
    return found


def _read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


def _strided(x: np.ndarray) -> np.ndarray:
    wide = np.zeros((2 * len(x), *x.shape[1:]), x.dtype)
    wide[::2] = x
    return wide[::2]


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "swapped and strided": lambda x: _strided(x.astype(x.dtype.newbyteorder())),
    "unaligned": _unaligned,
    "unaligned and swapped": lambda x: _unaligned(x.astype(x.dtype.newbyteorder())),
    "backwards": lambda x: x[::-1].copy()[::-1],
    "strided": _strided,
    "Fortran": np.asfortranarray,
    "read only": _read_only,
    "matrix": lambda x: x.view(np.matrix) if x.ndim == 2 else x,
    "masked, of nothing": np.ma.masked_array,
    "record": lambda x: x.view(type("Mine", (np.ndarray,), {})),
}


def model() -> Any:
    made = narae.Sequential([layers.Input((3,)), layers.Dense(2, kernel_initializer="ones")])
    made.compile("sgd", "mse", weighted_metrics=["mae"])
    return made


def outcomes(odd: Callable[[np.ndarray], np.ndarray], dtype: str) -> Iterator[tuple[str, Any]]:
    """What comes of arrays at every door of a model."""
    x = rng_numbers((24, 3), dtype)
    y, w = rng_numbers((24, 2), dtype), rng_numbers((24,), dtype)
    x_, y_, w_ = odd(x), odd(y), odd(w)
    net = model()
    yield "predict", net.predict(x_, batch_size=8, verbose=0)
    yield "predict, a short batch", net.predict(x_, batch_size=7, verbose=0)
    yield "predict_on_batch", net.predict_on_batch(x_)
    yield "call", [np.asarray(net(x_)) for _ in range(3)]
    yield "evaluate", net.evaluate(x_, y_, sample_weight=w_, batch_size=8, verbose=0)
    yield "test_on_batch", net.test_on_batch(x_, y_, w_)
    for shuffle in (False, True):
        narae.utils.set_random_seed(0)
        data = {"validation_data": (x_, y_, w_), "shuffle": shuffle}
        done = net.fit(x_, y_, 8, 2, sample_weight=w_, verbose=0, **data).history
        yield f"fit, shuffle={shuffle}", [done, net.get_weights()]
    yield "train_on_batch", [net.train_on_batch(x_, y_, w_), net.get_weights()]
    stepwise = net.fit(
        ((a, b) for a, b in [(x_, y_)] * 3), steps_per_epoch=3, verbose=0, shuffle=False
    )
    yield "generator", [stepwise.history, net.get_weights()]

    class Data(narae.utils.PyDataset):
        def __len__(self) -> int:
            return 2

        def __getitem__(self, i: int) -> Any:
            return x_[8 * i : 8 * i + 8], y_[8 * i : 8 * i + 8], w_[8 * i : 8 * i + 8]

    yield "dataset", [net.fit(Data(), verbose=0, shuffle=False).history, net.get_weights()]
    labels = odd(np.arange(24).astype(dtype) % 2)
    classes = narae.Sequential(
        [layers.Input((3,)), layers.Dense(2, "softmax", kernel_initializer="ones")]
    )
    classes.compile("sgd", "sparse_categorical_crossentropy")
    fitted = classes.fit(x_, labels, 8, verbose=0, shuffle=False, class_weight={0: 1.0, 1: 3.0})
    yield "class weights", [fitted.history, classes.get_weights()]


def rng_numbers(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return (np.arange(np.prod(shape)).reshape(shape) * 7 % 11).astype(dtype) / np.dtype(dtype).type(
        1
    )


def plain(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [plain(tree[k]) for k in sorted(tree)]
    if isinstance(tree, (list, tuple)):
        return [plain(item) for item in tree]
    array = np.asarray(tree)
    return [array.dtype.name, array.shape, array.tobytes()]


def check(odd: Callable[[np.ndarray], np.ndarray], dtype: str) -> None:
    for (door, got), (_, want) in zip(
        outcomes(odd, dtype), outcomes(lambda x: x, dtype), strict=True
    ):
        assert plain(got) == plain(want), door


@pytest.mark.parametrize("dtype", SWAPPED)
def test_another_byte_order_at_every_door(dtype: str, own_executor: str) -> None:
    check(lambda x: x.astype(dtype), dtype[1:])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_another_layout_at_every_door(layout: str, own_executor: str) -> None:
    check(LAYOUTS[layout], "float32")


@pytest.mark.parametrize("layout", ["swapped", "unaligned", "backwards", "matrix"])
def test_another_layout_on_xla(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from narae.engine import config

    monkeypatch.setattr(config, "_chosen", ["xla"])
    x, y = rng_numbers((16, 3), "float32"), rng_numbers((16, 2), "float32")
    found = []
    for odd in (LAYOUTS[layout], lambda x: x):
        net = model()
        data = {"sample_weight": odd(y[:, 0]), "shuffle": False}
        done = net.fit(odd(x), odd(y), 8, verbose=0, **data).history
        found.append(plain([done, net.get_weights(), net.predict(odd(x), verbose=0)]))
    assert found[0] == found[1]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tensors_and_variables(layout: str, own_executor: str) -> None:
    odd = LAYOUTS[layout]
    for dtype in ("float32", "float64", "int16", "uint32", "bool"):
        x = (rng.normal(size=(4, 3)) * 5).astype(dtype)
        assert ops.convert_to_tensor(odd(x)).dtype == dtype
        functions = [
            ops.convert_to_tensor,
            lambda a: a.numpy() if hasattr(a, "numpy") else narae.Variable(a).numpy(),
            lambda a: ops.add(a, a),
            lambda a: ops.concatenate([a, a]),
            lambda a: narae.jit(lambda t: ops.transpose(t))(a),
            lambda a: ops.stack([ops.convert_to_tensor(a), a]),
        ]
        if dtype != "bool":
            functions += [lambda a: ops.matmul(a, ops.transpose(a)), lambda a: ops.sum(a, axis=0)]
        for function in functions:
            np.testing.assert_array_equal(np.asarray(function(odd(x))), np.asarray(function(x)))
    v = narae.Variable(np.zeros((4, 3)))
    v.assign(odd(x := rng.normal(size=(4, 3))))
    np.testing.assert_array_equal(v.numpy(), x)
    v.assign_add(odd(x))
    np.testing.assert_array_equal(v.numpy(), x + x)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_and_initializers(layout: str, tmp_path: pathlib.Path) -> None:
    odd, kernel = LAYOUTS[layout], rng.normal(size=(3, 2)).astype("float32")
    x = np.eye(3, dtype="float32")
    dense = layers.Dense(2, kernel_initializer=narae.initializers.Constant(odd(kernel)))
    np.testing.assert_array_equal(dense(x).numpy(), kernel)
    direct = layers.Dense(2, kernel_initializer=odd(kernel))
    np.testing.assert_array_equal(direct(x).numpy(), kernel)
    net = model()
    net.set_weights([odd(kernel), odd(np.zeros(2, "float32"))])
    np.testing.assert_array_equal(net.predict(x, verbose=0), kernel)
    net.save(tmp_path / "m.keras")
    again = narae.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(odd(x), verbose=0), kernel)


def test_files_of_another_byte_order(tmp_path: pathlib.Path) -> None:
    import h5py

    net = model()
    net.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5", "r+") as file:
        places: list[str] = []
        file.visititems(lambda name, item: places.append(name) if hasattr(item, "dtype") else None)
        for place in places:
            numbers = file[place][()]
            attributes = dict(file[place].attrs)
            del file[place]
            made = file.create_dataset(place, data=(numbers + 1).astype(">f4"))
            made.attrs.update(attributes)
    net.load_weights(tmp_path / "m.weights.h5")
    assert net.get_weights()[0].tolist() == [[2.0] * 2] * 3


def test_a_memory_map_is_not_copied_whole(tmp_path: pathlib.Path) -> None:
    np.save(tmp_path / "x.npy", rng_numbers((24, 3), "float32"))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.shares_memory(native(mapped), mapped)
    got = model().predict(mapped, batch_size=8, verbose=0)
    np.testing.assert_array_equal(got, model().predict(np.array(mapped), batch_size=8, verbose=0))


def test_broadcast_data_is_as_long_as_it_looks(own_executor: str) -> None:
    x = np.broadcast_to(np.float32([1, 2, 3]), (40, 3))
    y = np.broadcast_to(np.float32(1), (40, 2))
    for net, a, b in ((model(), x, y), (model(), x.copy(), y.copy())):
        net.fit(a, b, 8, verbose=0, shuffle=False)
        found = plain([net.get_weights(), net.predict(a, verbose=0)])
        if a is x:
            first = found
    assert first == found


MASKED = np.ma.masked_array(np.ones((8, 3), "float32"), np.eye(8, 3))
WRONG = {
    "masked": (MASKED, "masked array of shape"),
    "strings": (np.full((8, 3), "a"), "dtype <U1"),
    "bytes": (np.full((8, 3), b"a"), "dtype .S1"),
    "objects": (np.full((8, 3), None), "dtype object"),
    "times": (np.zeros((8, 3), "datetime64[s]"), "datetime64"),
    "spans": (np.zeros((8, 3), "timedelta64[s]"), "timedelta64"),
    "records": (np.zeros((8, 3), [("a", "f4")]), "dtype"),
    "complex": (np.zeros((8, 3), "complex64"), "complex64"),
}
if np.dtype(np.longdouble).itemsize > 8:
    WRONG["long doubles"] = (np.zeros((8, 3), np.longdouble), np.dtype(np.longdouble).name)


@pytest.mark.parametrize("kind", WRONG)
def test_what_holds_no_numbers_is_refused_at_every_door(kind: str) -> None:
    bad, said = WRONG[kind]
    net, y = model(), np.zeros((8, 2), "float32")
    x = np.zeros((8, 3), "float32")
    net(x), net(x)  # now the compiled step answers
    doors: list[Callable[[], Any]] = [
        lambda: net.predict(bad, verbose=0),
        lambda: net.fit(bad, y, verbose=0),
        lambda: net.fit(x, bad[:, :2], verbose=0),
        lambda: net.fit(x, y, sample_weight=bad[:, 0], verbose=0),
        lambda: net.fit(x, y, validation_data=(bad, y), verbose=0),
        lambda: net.evaluate(bad, y, verbose=0),
        lambda: net.train_on_batch(bad, y),
        lambda: net.predict_on_batch(bad),
        lambda: net(bad),
        lambda: layers.Dense(2)(bad),
        lambda: ops.add(bad, 1.0),
        lambda: ops.convert_to_tensor(bad),
        lambda: narae.Variable(bad),
        lambda: narae.Variable(x).assign(bad),
        lambda: net.set_weights([bad[:3, :2], y[0]]),
        lambda: layers.Dense(2, kernel_initializer=bad[:3, :2])(x),
    ]
    if kind == "long doubles":  # that dtype is asked for, and cast to
        doors.pop()
    for door in doors:
        with pytest.raises((ValueError, TypeError), match=said):
            door()


@pytest.mark.parametrize(
    "door",
    [
        layers.Normalization().adapt,
        lambda x: layers.Normalization().adapt([x, x]),
        narae.utils.normalize,
        narae.utils.to_categorical,
        narae.metrics.Mean(),
        lambda x: narae.losses.MeanSquaredError()(np.ones((8, 3)), x),
    ],
)
def test_a_mask_is_never_dropped(door: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="masked array of shape"):
        door(MASKED)
    door(np.ma.masked_array(MASKED.data))


def test_settings_of_operations_mask_nothing() -> None:
    """What says how often, where or how wide is read from an array too: its mask would be lost."""
    masked = np.ma.masked_array([2, 1], [True, False])
    one = np.ma.masked_array(2, True)
    for call in (
        lambda: narae.ops.repeat([1, 2], masked),
        lambda: narae.ops.tile([1, 2], masked),
        lambda: narae.ops.split(np.arange(6), masked),
        lambda: narae.ops.pad([1, 2], masked[None]),
        lambda: narae.ops.arange(one),
        lambda: narae.ops.kaiser(3, one),
    ):
        with pytest.raises(ValueError, match="is a masked array"):
            call()
