"""Files that are wrong in ways that know the format, and a worker that loads them within bounds.

`spoiled(i)` is the i-th file, a function of i alone. `python fuzzing.py FIRST LAST FOLDER` loads files in this
process and writes a line of JSON for each: what came of it. The process is held to the law by the system:
at most 5 s of processor time for a file (it is killed), at most 3 times its bytes and 100 MB more of memory
(a MemoryError). `check` runs such processes and gathers what breaks the law.
"""

from __future__ import annotations

import copy
import io
import json
import os
import random
import re
import resource
import select
import signal
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SECONDS = 5.0
SPARE = 100 << 20

# Python's own words, which do not say what is wrong with a file.
RAW = re.compile(
    r"values to unpack|invalid literal for|could not convert|has no attribute|unhashable|subscriptable"
    r"|not iterable|out of range$|NoneType|unexpected keyword|KeyError|IndexError|truth value"
    r"|maximum recursion|unsupported operand|not supported between|positional argument"
    r"|Unspecified error|must be integers|cannot be interpreted|(?:made|configuration|damaged|json): $|^$"
    r"|has no len"
)

# -- sound files -----------------------------------------------------------------------------


def _models() -> Iterator[Any]:
    import numpy as np

    import narae
    from narae import layers, ops

    x = np.linspace(-1, 1, 48, dtype="float32").reshape(8, 6)
    stack = [layers.Dense(4, "relu", kernel_regularizer="l2", kernel_constraint="max_norm")]
    stack += [layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(1)]
    model = narae.Sequential([narae.Input((6,)), *stack])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, x[:, :1], verbose=0)
    yield model
    i, j = narae.Input((6,), name="i"), narae.Input((6,), name="j")
    shared = layers.Dense(4, name="shared")
    u = layers.Concatenate()([shared(i), shared(j), layers.Add()([i, j])])
    v = ops.repeat(ops.tanh(u * 2.0 + np.ones((1, 14), "float32")), 2, axis=-1)
    w = (v - ops.mean(v, axis=1, keepdims=True))[:, :3]
    model = narae.Model([i, j], {"a": layers.Dense(1)(w), "b": layers.Softmax()(ops.pad(w, 1))})
    model.compile(narae.optimizers.SGD(0.1, momentum=0.9))
    yield model
    inner = narae.Sequential([narae.Input((6,)), layers.Dense(3)], name="inner")
    graph = narae.Model(i, layers.Reshape((2, 3))(i), name="graph")
    flat = layers.Flatten()(layers.RepeatVector(2)(inner(i)))
    out = layers.Dense(2, activation="softmax")(
        layers.Concatenate()([flat, layers.Flatten()(graph(i))])
    )
    model = narae.Model(i, out)
    rate = narae.optimizers.schedules.CosineDecay(0.1, 100)
    model.compile(narae.optimizers.RMSprop(rate, centered=True), "categorical_crossentropy")
    yield model
    images = [
        *(narae.Input((8, 8, 2)), layers.Rescaling(2.0), layers.ZeroPadding2D(1)),
        *(layers.Conv2D(3, 3, padding="same"), layers.MaxPooling2D(2), layers.UpSampling2D(2)),
        *(layers.DepthwiseConv2D(2), layers.Cropping2D(1), layers.GlobalAveragePooling2D()),
        *(layers.LayerNormalization(), layers.GaussianNoise(0.1, seed=3), layers.PReLU()),
        *(layers.EinsumDense("ab,bc->ac", 5, bias_axes="c"), layers.Dense(1)),
    ]
    model = narae.Sequential(images)
    model.compile(narae.optimizers.Muon(), narae.losses.Huber(), metrics=[narae.metrics.AUC()])
    yield model
    words = [narae.Input((5, 3))]
    words += [layers.Conv1D(3, 2), layers.Conv1DTranspose(2, 3), layers.GlobalMaxPooling1D()]
    yield narae.Sequential([*words, layers.UnitNormalization(), layers.Masking()])


def seeds(folder: Path) -> list[dict[str, bytes]]:
    """The sound files, by ending; made once in a folder."""
    found = []
    for n, model in enumerate(_cached_models(folder)):
        paths = {e: folder / f"{n}{e}" for e in (".keras", ".h5", ".weights.h5")}
        if model is not None:
            for ending, path in paths.items():
                (model.save_weights if ending == ".weights.h5" else model.save)(path)
        found.append({ending: path.read_bytes() for ending, path in paths.items()})
    return found


def _cached_models(folder: Path) -> Iterator[Any]:
    if (folder / "done").exists():
        yield from [None] * int((folder / "done").read_text())
        return
    count = 0
    for model in _models():
        count += 1
        yield model
    (folder / "done").write_text(str(count))


# -- wrong ones ------------------------------------------------------------------------------

ODD: list[Any] = [
    *(None, True, False, -1, 0, 1, 2, 3, 10**6, 10**9, 2**31, 2**63, 10**30, 1.5, -0.5, 1e300),
    *(float("nan"), float("inf"), "", "relu", "float16", "3", "mixed_bfloat16", "same", "x" * 300),
    *([], [1], {}, [[]], [10**5, 10**5], [None, 10**9], [1, 2, 3], ["dense", 0, 0]),
    *({"class_name": "Dense", "config": {}}, {"class_name": ["a"]}, {"class_name": "__tuple__"}),
    {"class_name": "function", "config": ["a"]},
    {"class_name": "function", "config": "relu", "registered_name": "function"},
    {"class_name": "__slice__", "config": {}},
    {"class_name": "__numpy__", "config": {"value": 0, "dtype": "object"}},
    {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float32"}},
    {"class_name": "__tensor__", "config": {"value": [1.0] * 50, "dtype": "float32"}},
    {"class_name": "__lambda__", "config": {"value": ["4wEA", None, None]}},
    {"class_name": "Constant", "module": "keras.initializers", "config": {"value": [[1.0]]}},
    {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 6], "dtype": "float32", "keras_history": ["i", 0, 0]},
    },
]


def _places(item: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    pairs = (
        item.items()
        if isinstance(item, dict)
        else enumerate(item if isinstance(item, list) else ())
    )
    for key, value in pairs:
        yield from _places(value, (*at, key))


def _at(item: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        item = item[key]
    return item


_names: list[str] = []


def _class_names() -> list[str]:
    """Every class and operation that a configuration can name."""
    if not _names:
        from narae import initializers, layers, losses, models, ops, optimizers

        modules = (layers, ops, initializers, models, optimizers, losses)
        every = {n for m in modules for n in m.__all__ if not n.startswith("_")}
        _names.extend(sorted(every | {n.title().replace("_", "") for n in ops.__all__}))
    return _names


def _number(rng: random.Random, value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return rng.choice(
            (value + 1, value - 1, -value, value * 10**6, value * 1000, value / 3, str(value))
        )
    if isinstance(value, str):
        return rng.choice((value[:-1], value + "1", value.upper(), [value], f"x>{value}"))
    return value


def changed_config(rng: random.Random, config: Any, other: Any) -> Any:
    """A configuration with a few changes; `other` gives parts to graft."""
    config = copy.deepcopy(config)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(config))
        if not places:
            return config
        place = rng.choice(places)
        parent, key = _at(config, place[:-1]), place[-1]
        kind = rng.randrange(9)
        if kind == 0:
            del parent[key]
        elif kind == 1:
            parent[key] = copy.deepcopy(rng.choice(ODD))
        elif kind == 2:
            parent[key] = _number(rng, parent[key])
        elif kind == 3:
            parent[key] = copy.deepcopy(_at(other, rng.choice(list(_places(other)))))
        elif kind == 4:
            parent[key] = copy.deepcopy(_at(config, rng.choice(places)))
        elif kind == 5:
            named = [p for p in places if p[-1] == "class_name"]
            if named:
                chosen = rng.choice(named)
                _at(config, chosen[:-1])["class_name"] = rng.choice(_class_names())
        elif kind == 6 and isinstance(parent, dict):
            parent[
                rng.choice(("units", "name", "shape", "axis", "dtype", "filters", "seed", "x"))
            ] = copy.deepcopy(rng.choice(ODD))
        elif kind == 7 and isinstance(parent, list):
            parent.insert(rng.randrange(len(parent) + 1), copy.deepcopy(rng.choice(parent)))
        elif kind == 8:
            numbers = [p for p in places if type(_at(config, p)) in (int, float)]
            if numbers:
                chosen = rng.choice(numbers)
                _at(config, chosen[:-1])[chosen[-1]] = rng.choice(
                    (10**9, 10**7, 0, -3, 2.5, 10**30)
                )
    return config


def changed_text(rng: random.Random, text: bytes) -> bytes:
    """JSON that is none, or that says something twice, or other letters."""
    kind, at = rng.randrange(5), rng.randrange(max(len(text), 1))
    if kind == 0:
        return text[:at]
    if kind == 1:
        return text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :]
    if kind == 2:
        return b"[" * rng.choice((150, 500, 100_000)) + text
    if kind == 3:
        return text.replace(b'"config"', b'"config": {}, "config"', 1)
    return (
        text[:at]
        + rng.choice((b"NaN", b"1e999", b"-Infinity", b'"\\ud800"', b"9" * 5000))
        + text[at:]
    )


_FIELDS = (0, 1, 0xFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFF0, 0x7FFFFFFF, 8, 12, 99)
_SIGNS = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07")


def changed_zip(rng: random.Random, data: bytes) -> bytes:
    """A zip file with a field of a header, or some bytes, changed."""
    raw = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        starts = [m.start() for sign in _SIGNS for m in re.finditer(re.escape(sign), bytes(raw))]
        if not starts:
            return bytes(raw)
        at = rng.choice(starts) + rng.randrange(4, 46)
        width = rng.choice((1, 2, 4))
        value = rng.choice((*_FIELDS, rng.getrandbits(32))) & (256**width - 1)
        raw[at : at + width] = value.to_bytes(width, "little")
    return bytes(raw[: rng.randrange(len(raw))]) if rng.random() < 0.1 else bytes(raw)


_MARKS = (b"TREE", b"SNOD", b"HEAP", b"OHDR", b"OCHK", b"GCOL", b"FRHP", b"BTHD", b"\x89HDF")


def changed_hdf5(rng: random.Random, data: bytes) -> bytes:
    """An HDF5 file with some bytes changed, mostly those near its structures."""
    raw = bytearray(data)
    marks = [m.start() for mark in _MARKS for m in re.finditer(re.escape(mark), data)]
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        near = (
            rng.choice(marks) + rng.randrange(-300, 300) if marks and rng.random() < 0.8 else None
        )
        at = rng.randrange(len(raw)) if near is None else min(max(near, 0), len(raw) - 1)
        width = rng.choice((1, 1, 2, 4, 8))
        value = rng.choice(
            (0, 1, 0xFF, 2**63 - 1, 2**64 - 1, 2**32 - 1, 10**9, rng.getrandbits(64))
        )
        raw[at : at + width] = (value & (256**width - 1)).to_bytes(width, "little")[: len(raw) - at]
    return bytes(raw[: rng.randrange(len(raw))]) if rng.random() < 0.05 else bytes(raw)


def _other_dataset(rng: random.Random, group: Any, name: str) -> None:
    import h5py
    import numpy as np

    shape = group[name].shape
    del group[name]
    kind = rng.randrange(10)
    big = rng.choice(((10**6, 10**6), (2**40,), (10**9,), (3, 10**8)))
    if kind == 0:
        group.create_dataset(name, shape=big, chunks=tuple(min(n, 1000) for n in big), dtype="f4")
    elif kind == 1:
        group.create_dataset(
            name, shape, "f4", maxshape=[None] * len(shape), chunks=(1 << 14,) * len(shape) or None
        ) if shape else None
    elif kind == 2:
        group[name] = h5py.SoftLink(
            rng.choice(("/", "/nowhere", group.name, f"{group.name}/{name}"))
        )
    elif kind == 3:
        group[name] = h5py.ExternalLink("/etc/passwd", "/")
    elif kind == 4:
        group.create_dataset(name, shape or (1,), "f4", external=[("/etc/passwd", 0, 4096)])
    elif kind == 5:
        group.create_dataset(
            name, data=np.zeros(shape, rng.choice(("S4", "i8", "u1", "f8", "c8", "f2")))
        )
    elif kind == 6:
        group.create_dataset(name, shape, h5py.string_dtype())
    elif kind == 7:
        group.create_group(name)
    elif kind == 8:
        group.create_dataset(
            name, data=np.zeros(rng.choice(((), (0,), (1,), (1, 1, 1), (*shape, 1))), "f4")
        )
    else:
        group.create_dataset(name, shape, h5py.ref_dtype)


def changed_tree(rng: random.Random, data: bytes) -> bytes:
    """An HDF5 file with a group, an array or an attribute of another kind."""
    import h5py

    out = io.BytesIO(data)
    with h5py.File(out, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        chosen = rng.choice(names)
        parent, name = file[chosen].parent, chosen.rsplit("/", 1)[-1]
        kind = rng.randrange(5)
        if kind == 0:
            del parent[name]
        elif kind == 1:
            parent.attrs[rng.choice(("name", "dtype", "weight_names", "layer_names"))] = rng.choice(
                (b"bfloat16", "x", 3, [b"a", b"../b", b"/c"], [1.5] * 100)
            )
        elif kind == 2:
            parent[f"{name}_more"] = parent[name]
        elif isinstance(file[chosen], h5py.Dataset):
            _other_dataset(rng, parent, name)
        else:
            del parent[name]
            parent.create_dataset(name, data=rng.choice((3, [1.0], b"x")))
    return out.getvalue()


def _zipped(members: dict[str, bytes], kind: int, twice: str | None = None) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(out, "w", kind) as file:
            for name, data in members.items():
                file.writestr(name, data)
                if name == twice:
                    file.writestr(name, data)
    return out.getvalue()


def _keras(rng: random.Random, found: list[dict[str, bytes]], n: int) -> bytes:
    data = found[n][".keras"]
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    what, kind = rng.random(), rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    if what < 0.55:
        config = json.loads(members["config.json"])
        other = json.loads(
            zipfile.ZipFile(io.BytesIO(rng.choice(found)[".keras"])).read("config.json")
        )
        members["config.json"] = json.dumps(changed_config(rng, config, other)).encode()
    elif what < 0.62:
        members["config.json"] = changed_text(rng, members["config.json"])
    elif what < 0.72:
        members["model.weights.h5"] = changed_hdf5(rng, members["model.weights.h5"])
    elif what < 0.80:
        members["model.weights.h5"] = changed_tree(rng, members["model.weights.h5"])
    elif what < 0.84:
        name = rng.choice(sorted(members))
        change = rng.randrange(4)
        if change == 0:
            del members[name]
        elif change == 1:
            members[rng.choice(("../x", "/x", "a/../../b", "config.json/x"))] = b"x"
        elif change == 2:
            members[name] = bytes(rng.choice((0, 1, 1 << 20, 3 << 20)))
        else:
            return _zipped(members, rng.choice((kind, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)), name)
    else:
        return changed_zip(rng, _zipped(members, kind))
    return _zipped(members, kind)


def _h5(rng: random.Random, found: list[dict[str, bytes]], n: int) -> bytes:
    import h5py

    data, what = found[n][".h5"], rng.random()
    if what < 0.3:
        return changed_hdf5(rng, data)
    if what < 0.5:
        return changed_tree(rng, data)
    out = io.BytesIO(data)
    with h5py.File(out, "r+") as file, h5py.File(io.BytesIO(rng.choice(found)[".h5"])) as other:
        names = [k for k in ("model_config", "training_config") if k in file.attrs]
        name = rng.choice(names)
        config = json.loads(file.attrs[name])
        text = json.dumps(changed_config(rng, config, json.loads(other.attrs["model_config"])))
        if rng.random() < 0.1:
            text = changed_text(rng, text.encode()).decode("latin-1").replace("\0", "")
        file.attrs[name] = text
    return out.getvalue()


def spoiled(i: int, found: list[dict[str, bytes]]) -> tuple[str, int, bytes]:
    """(ending, number of the seed, contents) of the i-th file."""
    rng = random.Random(i)
    n = rng.randrange(len(found))
    ending = rng.choice((".keras", ".keras", ".keras", ".h5", ".weights.h5"))
    if ending == ".keras":
        return ending, n, _keras(rng, found, n)
    if ending == ".h5":
        return ending, n, _h5(rng, found, n)
    change: Callable[..., bytes] = changed_hdf5 if rng.random() < 0.6 else changed_tree
    return ending, n, change(rng, found[n][".weights.h5"])


# -- loading ---------------------------------------------------------------------------------


def _outcome(path: Path, model: Any) -> dict[str, Any]:
    """What comes of loading a file: {"loads": ...} or {"error": ..., "bad": why it is none of ours}."""
    from narae.saving import load_model

    try:
        if path.name.endswith(".weights.h5"):
            model.load_weights(path)
        else:
            load_model(path)
        return {"loads": True}
    except (ValueError, OSError, NotImplementedError) as error:
        text = str(error)
        named = text.replace(str(path), "")
        why = "not named" if path.name not in text else "raw" if RAW.search(named) else None
        return {"error": f"{type(error).__name__}: {text[:300]}", "bad": why}
    except BaseException as error:  # all that is left is a fault
        return {"error": f"{type(error).__name__}: {error}"[:300], "bad": "kind"}


def _bound(size: int) -> None:
    """Memory from here on: what there is, and what the law allows."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + 3 * size + SPARE
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def work(first: int, last: int, folder: Path) -> None:
    """Load files, a line for each."""
    import gc

    warnings.simplefilter("ignore")
    found = seeds(folder)
    models = [_loaded(folder / f"{n}.keras") for n in range(len(found))]
    mine = folder / f"w{os.getpid()}"
    mine.mkdir(exist_ok=True)
    for i in range(first, last):
        ending, n, data = spoiled(i, found)
        path = mine / f"case{i}{ending}"
        path.write_bytes(data)
        if i % 50 == 0:
            gc.collect()
        _bound(len(data))
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # SIGPROF ends the process
        told = _outcome(path, models[n])
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        path.unlink()
        print(json.dumps({"i": i, **told}), flush=True)


def _loaded(path: Path) -> Any:
    from narae.saving import load_model

    return load_model(path, compile=False)


def check(first: int, last: int, folder: Path, wait: float = 120.0) -> dict[str, Any]:
    """Load files `first` to `last` in processes of their own: counts, and those that break the law."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds(folder)
    counts, bad, at = {"loads": 0, "refused": 0}, [], first
    while at < last:
        command = [sys.executable, __file__, str(at), str(last), str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for told in _lines(process, wait):
                at = told["i"] + 1
                counts["loads" if "loads" in told else "refused"] += 1
                if told.get("bad"):
                    bad.append(told)
            process.kill()
            code = process.wait()
        if at < last:  # it died at a file, or waits at it
            bad.append({"i": at, "bad": "died", "error": f"exit {code}"})
            at += 1
    return {**counts, "bad": bad}


def _lines(process: Any, wait: float) -> Iterator[dict[str, Any]]:
    """The worker's lines, until it ends or says nothing for long."""
    buffer = b""
    while True:
        ready, _, _ = select.select([process.stdout], [], [], wait)
        piece = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
        if not piece:
            return
        *lines, buffer = (buffer + piece).split(b"\n")
        yield from (json.loads(line) for line in lines)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        work(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    else:
        result = check(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
        print(json.dumps(result, indent=1))
