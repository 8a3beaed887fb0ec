"""Helpers of `utils` and `saving`, and what the constructors of callbacks keep: every option, and refusals."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown


def _case(name: str, code: Callable[[Any], Any], **options: Any) -> Case:
    return Case(f"utils.{name}", code, **options)


_LABELS: dict[str, Any] = {
    "list": [0, 2, 1],
    "column": [[0], [2], [1]],
    "grid": [[0, 1], [2, 0]],
    "deep column": [[[0], [1]], [[2], [0]]],
    "one": 2,
    "row of one": [2],
    "[[2]]": [[2]],
    "floats": [0.0, 2.0],
    "bools": [True, False],
    "empty": [],
    "text": ["a"],
    "digits": ["1", "2"],
    "None": None,
}


def _categorical() -> list[Case]:
    def one(name: str, labels: Any, classes: Any, how: str) -> Case:
        def code(k: Any) -> Any:
            if how == "tensor":
                return k.utils.to_categorical(k.ops.convert_to_tensor(labels), classes)
            given = np.array(labels) if how == "array" else labels
            return k.utils.to_categorical(given, num_classes=classes)

        return _case(f"to_categorical({name} {how}, {classes!r})", code)

    numbers = ("list", "column", "grid", "deep column", "one")
    return [
        *(
            one(name, labels, classes, "")
            for name, labels in _LABELS.items()
            for classes in (None, 4)
        ),
        *(one(name, _LABELS[name], 3, how) for name in numbers for how in ("array", "tensor")),
        *(one("list", [0, 2, 1], classes, "") for classes in (2, 0, -1, 3.0, "a")),
        one("negative", [-1, 0], 3, ""),
    ]


_ROWS = np.array([[3.0, 4.0], [0.0, 0.0], [-1.0, 1.0]], "float32")


def _normalize() -> list[Case]:
    options: list[dict[str, Any]] = [
        *({"axis": axis} for axis in (0, 1, -1)),
        *({"order": order} for order in (1, 2, 3)),
        *({"order": order} for order in (0, -1, "a")),
        {"axis": 0, "order": 1},
        {"axis": 2},
    ]

    def one(kind: str, x: Any, given: dict[str, Any]) -> Case:
        def code(k: Any) -> Any:
            return k.utils.normalize(k.ops.convert_to_tensor(x) if kind == "tensor" else x, **given)

        return _case(f"normalize({kind}, {shown(given)})", code)

    return [
        one("array", _ROWS, {}),
        *(one(kind, _ROWS, given) for kind in ("array", "tensor") for given in options),
        one("list", _ROWS.tolist(), {}),
        one("vector", _ROWS[0], {}),
        one("int array", _ROWS.astype("int32"), {}),
        one("cube", np.ones((2, 2, 2), "float32"), {"axis": 1}),
    ]


def _padding() -> list[Case]:
    ragged = [[1], [2, 3], [4, 5, 6]]
    options: list[dict[str, Any]] = [
        {},
        *({"maxlen": maxlen} for maxlen in (2, 5, 1)),
        *({"padding": side} for side in ("pre", "post", "middle")),
        *({"maxlen": 2, "truncating": side} for side in ("pre", "post", "middle")),
        *({"dtype": dtype} for dtype in ("float32", "int64", "uint8", "object", object, "abc")),
        *({"value": value} for value in (9, -1.5, "a", None)),
        {"dtype": object, "value": "a"},
        {"dtype": "float32", "value": 0.5},
        {"maxlen": 2, "padding": "post", "truncating": "post", "value": 7},
    ]
    others: dict[str, Any] = {
        "arrays": [np.array([1, 2]), np.array([3])],
        "pairs": [[[1, 2]], [[3, 4], [5, 6]]],
        "pairs and numbers": [[[1, 2]], [3, 4]],
        "with an empty one": [[], [1, 2]],
        "empty ones": [[], []],
        "none": [],
        "numbers": [1, 2],
        "one number": 3,
        "generator": (row for row in ([1], [2])),
        "floats": [[1.7], [2.2, 3.9]],
        "tuples": ((1,), (2, 3)),
    }

    def pad(x: Any, **given: Any) -> Callable[[Any], Any]:
        def code(k: Any) -> Any:
            found = k.utils.pad_sequences(x, **given)
            return [str(found.dtype), found.tolist()]

        return code

    words = [["a"], ["b", "c"]]
    return [
        *(_case(f"pad_sequences({shown(given)})", pad(ragged, **given)) for given in options),
        *(_case(f"pad_sequences({name})", pad(x)) for name, x in others.items()),
        _case("pad_sequences(words)", pad(words, dtype=object, value="-")),
        _case("pad_sequences(words as numbers)", pad(words)),
    ]


def _batches() -> list[Case]:
    given: dict[str, Any] = {
        "x": 1,
        "(x,)": (1,),
        "(x, y)": (1, 2),
        "(x, y, w)": (1, 2, 3),
        "[x, y]": [1, 2],
        "[x]": [1],
        "four": (1, 2, 3, 4),
        "()": (),
        "None": None,
        "dict": {"a": 1},
    }
    packed: list[tuple[Any, ...]] = [(1,), (1, 2), (1, 2, 3), (1, None, 3), ([1],), ((1, 2), 3)]
    return [
        *(
            _case(
                f"unpack_x_y_sample_weight({name})",
                lambda k, d=data: k.utils.unpack_x_y_sample_weight(d),
            )
            for name, data in given.items()
        ),
        *(
            _case(
                f"pack_x_y_sample_weight{data}",
                lambda k, d=data: k.utils.pack_x_y_sample_weight(*d),
            )
            for data in packed
        ),
    ]


def _seeds() -> list[Case]:
    def one(seed: Any) -> Case:
        def code(k: Any) -> Any:
            k.utils.set_random_seed(seed)
            return float(np.random.rand())  # noqa: NPY002

        return _case(f"set_random_seed({seed!r})", code)

    return [one(seed) for seed in (0, 3, 2**32 - 1, "a", 1.5, None, -1, 2**32, True)]


class _Keeper:
    """What a table of custom objects is tried with."""

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> _Keeper:
        return cls()


def _bare(x: Any) -> Any:
    return x


def _registry() -> list[Case]:
    def registered(package: Any, name: Any) -> Case:
        def code(k: Any) -> Any:
            for room in (k.utils, k.saving):
                kept = dict(room.get_custom_objects())

                class Kept(_Keeper):
                    pass

                try:
                    options = {} if package is None else {"package": package, "name": name}
                    room.register_keras_serializable(**options)(Kept)
                    full = room.get_registered_name(Kept)
                    made = room.serialize_keras_object(Kept())
                    again = room.deserialize_keras_object(made)
                    found = room.get_registered_object(full) is Kept
                    told = [full, found, made["class_name"], made["registered_name"]]
                finally:
                    room.get_custom_objects().clear()
                    room.get_custom_objects().update(kept)
            return [told, type(again).__name__]

        return _case(f"register_keras_serializable({package!r}, {name!r})", code)

    def scoped(k: Any) -> Any:
        found = []
        with k.utils.custom_object_scope({"Kept": _Keeper, "bare": _bare}):
            with k.saving.CustomObjectScope({"other": _bare}):
                for name in ("Kept", "bare", "other", "none"):
                    found.append(k.utils.get_registered_object(name) is not None)
            found.append(k.utils.get_registered_object("other") is not None)
        found.append(k.utils.get_registered_object("Kept") is not None)
        return found

    def by_name(k: Any) -> Any:
        with k.utils.custom_object_scope({"bare": _bare}):
            return k.activations.get("bare") is _bare

    def tables(k: Any) -> Any:
        get = k.utils.get_registered_object
        return [
            get("a", custom_objects={"a": _bare}) is _bare,
            get("a", module_objects={"a": _bare}) is _bare,
            get("a"),
            k.utils.get_registered_name(_bare),
            k.utils.get_registered_name(_Keeper),
            k.utils.get_registered_name(k.layers.Dense),
        ]

    def no_config(k: Any) -> Any:
        return k.utils.register_keras_serializable()(type("Bare", (), {}))

    things: dict[str, Any] = {
        "None": None,
        "numbers": [1, 2.5, True, "a"],
        "dict": {"a": [1, {"b": 2}]},
        "tuple": (1, 2),
        "NumPy number": np.float32(0.5),
        "array": np.array([1.0, 2.0], "float32"),
        "dtype": np.dtype("float32"),
        "set": {1},
        "object": object(),
        "bytes": b"ab",
        "ellipsis": ...,
        "slice": slice(1, 2),
    }
    written: dict[str, Any] = {
        "None": None,
        "number": 3,
        "text": "a",
        "list": [1, "a"],
        "no class": {"a": 1},
        "class not there": {"class_name": "Nothing", "config": {}},
        "no config": {"class_name": "Dense", "module": "keras.layers"},
        "another module": {"class_name": "x", "config": {}, "module": "os", "registered_name": "x"},
        "layer": {
            "class_name": "Dense",
            "config": {"units": 2},
            "module": "keras.layers",
            "registered_name": None,
        },
    }

    def read(data: Any) -> Callable[[Any], Any]:
        def code(k: Any) -> Any:
            found = k.saving.deserialize_keras_object(data)
            return [type(found).__name__, found if isinstance(found, (int, str, list)) else None]

        return code

    return [
        registered(None, None),
        registered("mine", None),
        registered("mine", "other"),
        _case("custom_object_scope", scoped),
        _case("custom_object_scope and activations.get", by_name),
        _case("get_registered_object", tables),
        _case("register_keras_serializable(a class without get_config)", no_config),
        *(
            _case(
                f"serialize_keras_object({name})",
                lambda k, t=thing: k.saving.serialize_keras_object(t),
            )
            for name, thing in things.items()
        ),
        *(_case(f"deserialize_keras_object({name})", read(data)) for name, data in written.items()),
    ]


def _progress() -> list[Case]:
    def shape(text: str) -> list[str]:
        """A bar's text without times and control signs."""
        text = re.sub("\x1b\\[[0-9;]*m|[\x08\r]", "", text)
        text = re.sub(r"\d+(us|ms|s)(/\w+)?|\d+:\d\d", "T", text).replace("─", "━")
        return [part.strip() for part in text.split("\n") if part.strip()]

    def bar(steps: int, **options: Any) -> Case:
        def code(k: Any) -> Any:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                progress = k.utils.Progbar(**options)
                for step in range(1, steps + 1):
                    progress.update(step, [("loss", 1.0 / step), ("acc", 0.5 * step)])
            return shape(out.getvalue()) if options.get("verbose") == 2 else bool(out.getvalue())

        return _case(f"Progbar({shown(options)}) of {steps}", code)

    def kept(k: Any) -> Any:
        progress = k.utils.Progbar(5, 30, 2, 0.5, stateful_metrics=["a"], unit_name="file")
        keys = ("target", "width", "verbose", "interval", "unit_name", "stateful_metrics")
        return [sorted(v) if isinstance(v := getattr(progress, a), set) else v for a in keys]

    def added(k: Any) -> Any:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            progress = k.utils.Progbar(4, verbose=2)
            progress.add(3, [("loss", 1.0)])
            progress.add(1, [("loss", 2.0)])
        return shape(out.getvalue())

    return [
        bar(3, target=3, verbose=2),
        bar(3, target=3, verbose=0),
        bar(3, target=3, verbose=1),
        bar(2, target=3, verbose=2),
        bar(3, target=None, verbose=2),
        bar(3, target=3, verbose=2, stateful_metrics=["acc"]),
        bar(3, target=3, verbose=2, stateless_metrics=["acc"]),
        bar(3, target=3, verbose=2, unit_name="file"),
        bar(1, target=3, stateful_metrics=["a"], stateless_metrics=["b"]),
        _case("Progbar attributes", kept),
        _case("Progbar.add", added),
    ]


def _datasets() -> list[Case]:
    def kept(**options: Any) -> Case:
        def code(k: Any) -> Any:
            found = k.utils.PyDataset(**options)
            before = [found.workers, found.use_multiprocessing, found.max_queue_size]
            found.workers, found.use_multiprocessing, found.max_queue_size = 3, True, 4
            return [before, found.workers, found.use_multiprocessing, found.max_queue_size]

        return _case(f"PyDataset({shown(options)})", code)

    def data(k: Any, length: Any, base: bool = True) -> Any:
        class Data(k.utils.PyDataset):
            def __init__(self) -> None:
                if base:
                    super().__init__()

            def __getitem__(self, index: int) -> Any:
                return index

        if length is not None:
            Data.__len__ = lambda self: length
        return Data()

    def none_given(k: Any) -> Any:
        class Data(k.utils.PyDataset):
            @property
            def num_batches(self) -> None:
                return None

            def __getitem__(self, index: int) -> Any:
                return index

        found = iter(Data())
        return [next(found) for _ in range(3)]

    return [
        kept(),
        kept(workers=2, use_multiprocessing=True, max_queue_size=3),
        kept(workers=0),
        kept(other=1),
        _case("PyDataset of 3", lambda k: [list(data(k, 3)), data(k, 3).num_batches]),
        _case("PyDataset without __init__", lambda k: data(k, 3, False).workers),
        _case("PyDataset without end", none_given),
        _case("PyDataset without __getitem__", lambda k: k.utils.PyDataset()[0]),
        _case("PyDataset without __len__", lambda k: data(k, None).num_batches),
        _case("Sequence", lambda k: k.utils.Sequence is k.utils.PyDataset),
    ]


def _pictures() -> list[Case]:
    cube = (np.arange(24, dtype="float32") / 4).reshape(2, 4, 3)

    def made(x: np.ndarray, **options: Any) -> Case:
        def code(k: Any) -> Any:
            picture = k.utils.array_to_img(x, **options)
            return [picture.mode, list(picture.size), np.asarray(picture)]

        return _case(f"array_to_img({x.dtype}{x.shape}, {shown(options)})", code)

    def read(x: np.ndarray, **options: Any) -> Case:
        return _case(
            f"img_to_array({x.dtype}{x.shape}, {shown(options)})",
            lambda k: k.utils.img_to_array(x, **options),
        )

    def loaded(size: Any = None, **options: Any) -> Case:
        def code(k: Any) -> Any:
            file = io.BytesIO()
            k.utils.save_img(file, cube, file_format="png")
            file.seek(0)
            picture = k.utils.load_img(file, target_size=size, **options)
            return [picture.mode, list(picture.size), k.utils.img_to_array(picture)]

        return _case(f"load_img({size}, {shown(options)})", code)

    first = cube.transpose(2, 0, 1)
    return [
        made(cube),
        made(cube, scale=False),
        made(cube, dtype="float64"),
        made(cube, data_format="channels_last"),
        made(first, data_format="channels_first"),
        made(cube, data_format="CHANNELS_LAST"),
        made(cube, data_format="first"),
        made(cube[..., :1]),
        made(cube[..., :2]),
        made(cube[..., 0]),
        made(cube[None]),
        made(np.zeros((2, 2, 4), "float32")),
        made(np.full((2, 2, 1), 300.0, "float32"), scale=False),
        read(cube),
        read(cube[..., 0]),
        read(cube[..., 0], data_format="channels_first"),
        read(cube, data_format="channels_first"),
        read(cube, dtype="uint8"),
        read(cube, data_format="first"),
        read(cube[0, 0]),
        loaded(),
        *(loaded(color_mode=mode) for mode in ("grayscale", "rgba", "rgb", "cmyk")),
        loaded((4, 4)),
        *(
            loaded((4, 6), interpolation=name)
            for name in ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos", "area")
        ),
        loaded((4, 4), keep_aspect_ratio=True),
        _case("load_img(3)", lambda k: k.utils.load_img(3)),
        _case("load_img(not there)", lambda k: k.utils.load_img("not-there.png")),
    ]


_CALLBACKS: dict[str, list[tuple[Any, dict[str, Any], tuple[str, ...]]]] = {
    "EarlyStopping": [
        ((), {}, ("monitor", "min_delta", "patience", "verbose", "baseline", "wait")),
        (("loss", 0.1, 2, 1, "min", 0.5, True, 3), {}, ("restore_best_weights", "min_delta")),
    ],
    "ReduceLROnPlateau": [
        ((), {}, ("monitor", "factor", "patience", "mode", "min_delta", "cooldown", "min_lr")),
        (("loss", 0.5, 2, 1, "min", 0.1, 3, 0.2), {}, ("factor", "cooldown", "min_lr", "verbose")),
        ((), {"factor": 1.0}, ()),
        ((), {"epsilon": 0.1}, ()),
        ((), {"mode": "sideways"}, ("mode",)),
    ],
    "ModelCheckpoint": [
        (
            ("a.keras",),
            {},
            ("monitor", "verbose", "filepath", "save_best_only", "save_weights_only", "save_freq"),
        ),
        ((), {}, ()),
        (("a.weights.h5",), {}, ()),
        (("a.keras",), {"save_weights_only": True}, ()),
        (("a.keras",), {"save_freq": 0.5}, ()),
        (("a.keras",), {"initial_value_threshold": 0.5}, ("best",)),
        (("a.keras", "accuracy"), {"save_best_only": True}, ("best",)),
        (("a.keras", "val_loss"), {"save_best_only": True}, ("best",)),
    ],
    "CSVLogger": [(("a.csv",), {}, ("sep", "filename", "append")), ((), {}, ())],
    "LearningRateScheduler": [((abs,), {"verbose": 1}, ("verbose",)), ((), {}, ())],
    "BackupAndRestore": [
        (("a",), {}, ("save_freq", "delete_checkpoint")),
        (("a",), {"save_freq": 3, "double_checkpoint": True}, ("save_freq", "double_checkpoint")),
        (("a",), {"save_freq": "batch"}, ()),
    ],
    "SwapEMAWeights": [((), {}, ("swap_on_epoch",)), ((True,), {}, ("swap_on_epoch",))],
    "TerminateOnNaN": [((), {}, ()), ((1,), {}, ())],
    "ProgbarLogger": [((), {}, ()), ((1,), {}, ())],
    "History": [((), {}, ("history",))],
    "Callback": [((), {}, ("params", "model"))],
    "LambdaCallback": [((), {}, ()), ((), {"on_epoch_end": abs}, ())],
}


def _callbacks() -> list[Case]:
    def one(name: str, args: Any, options: dict[str, Any], keys: tuple[str, ...]) -> Case:
        def code(k: Any) -> Any:
            made = getattr(k.callbacks, name)(*args, **options)
            found = [getattr(made, key) for key in keys]
            return [float(v) if isinstance(v, np.number) else v for v in found]

        shown_args = tuple(getattr(a, "__name__", a) for a in args)
        return Case(f"callbacks.{name}{shown_args}, {shown(options)}: attributes", code)

    return [one(name, *row) for name, rows in _CALLBACKS.items() for row in rows]


CASES = [
    *_categorical(),
    *_normalize(),
    *_padding(),
    *_batches(),
    *_seeds(),
    *_registry(),
    *_progress(),
    *_datasets(),
    *_pictures(),
    *_callbacks(),
]
