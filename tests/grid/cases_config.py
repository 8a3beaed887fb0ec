"""Settings, the backend's names, dtype policies, name scopes, and the limits of training.

A case puts back what it set.
"""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tests.grid.cases_fit import X, Y, stack
from tests.grid.grid import Case

_NAMES = ("floatx", "epsilon", "image_data_format", "max_epochs", "max_steps_per_epoch")


@contextlib.contextmanager
def _kept(k: Any) -> Iterator[None]:
    before = {name: getattr(k.config, name)() for name in _NAMES}
    try:
        yield
    finally:
        for name, value in before.items():
            getattr(k.config, f"set_{name}")(value)
        k.utils.clear_session(free_memory=False)


def _case(name: str, code: Callable[[Any], Any]) -> Case:
    def kept(k: Any) -> Any:
        with _kept(k):
            return code(k)

    return Case(f"config.{name}", kept)


_SET: dict[str, list[Any]] = {
    "floatx": ["float16", "bfloat16", "float32", "float64", "int32", "float", None, 3, "abc"],
    "epsilon": [1e-3, 1.0, 0.0],
    "image_data_format": [
        "channels_first",
        "channels_last",
        "CHANNELS_FIRST",
        "first",
        None,
        3,
    ],
    "max_epochs": [3, None, 0],
    "max_steps_per_epoch": [3, None, 0],
}


def _set(room: str, name: str, value: Any) -> Case:
    def code(k: Any) -> Any:
        getattr(getattr(k, room), f"set_{name}")(value)
        return [getattr(k.config, name)(), getattr(getattr(k, room), name)()]

    return _case(f"{room}.set_{name}({value!r})", code)


def _settings() -> list[Case]:
    both = ("floatx", "epsilon", "image_data_format")
    return [
        *(_set("config", name, value) for name, values in _SET.items() for value in values),
        *(_set("backend", name, _SET[name][0]) for name in both),
        *(_set("backend", name, "abc") for name in ("floatx", "image_data_format")),
    ]


def _in_use() -> list[Case]:
    """What settings change elsewhere."""

    def floatx(k: Any) -> Any:
        k.config.set_floatx("float16")
        layer = k.layers.Dense(2)
        out = layer(np.ones((1, 2), "float32"))
        return [
            k.ops.ones(2).dtype,
            k.random.normal((2,)).dtype,
            k.initializers.Ones()((2,)).dtype,
            layer.dtype,
            out.dtype,
            k.Input((2,)).dtype,
            k.backend.standardize_dtype(None),
            k.backend.result_type("int32", float),
            k.config.dtype_policy().name,
        ]

    def python(k: Any) -> Any:
        k.config.set_floatx("float16")
        tensor = k.ops.convert_to_tensor(1.5)
        return floatx_names([tensor.dtype, k.backend.standardize_dtype(float)])

    def first(k: Any) -> Any:
        k.config.set_image_data_format("channels_first")
        x = k.KerasTensor((None, 3, 8, 8))
        kinds = [
            k.layers.Conv2D(4, 3),
            k.layers.MaxPooling2D(),
            k.layers.GlobalAveragePooling2D(),
            k.layers.ZeroPadding2D(),
            k.layers.Flatten(),
        ]
        return [[kind(x).shape, kind.data_format] for kind in kinds]

    def given(k: Any) -> Any:
        return k.layers.Conv2D(4, 3, data_format="CHANNELS_FIRST")(
            k.KerasTensor((None, 3, 8, 8))
        ).shape

    def policy(k: Any) -> Any:
        k.config.set_dtype_policy("mixed_bfloat16")
        layer = k.layers.Dense(2)
        out = layer(np.ones((1, 2), "float32"))
        own = k.layers.Dense(2, dtype="float32")
        return [
            out.dtype,
            layer.kernel.dtype,
            layer.compute_dtype,
            layer.variable_dtype,
            layer.dtype_policy.name,
            own.dtype_policy.name,
            k.mixed_precision.global_policy().name,
        ]

    return [
        _case("floatx is used", lambda k: floatx_names(floatx(k))),
        _case("floatx of Python's floats", python),
        _case("image_data_format is used", first),
        _case("data_format in capital letters", given),
        _case("dtype_policy is used", lambda k: floatx_names(policy(k))),
    ]


def floatx_names(found: list[Any]) -> list[str]:
    """Dtypes by name, whoever gives them."""
    return [str(getattr(one, "name", one)) for one in found]


def _capped() -> list[Case]:
    def fit(name: str, epochs: Any, steps: Any, **options: Any) -> Case:
        def code(k: Any) -> Any:
            if epochs is not None:
                k.config.set_max_epochs(epochs)
            if steps is not None:
                k.config.set_max_steps_per_epoch(steps)
            model = stack(k)
            given = {"epochs": 3, "batch_size": 2, "verbose": 0, "shuffle": False, **options}
            history = model.fit(X, Y, **given).history
            return [history, model.optimizer.iterations.numpy().item()]

        return _case(f"fit capped {name}", code)

    def evaluate(k: Any) -> Any:
        k.config.set_max_steps_per_epoch(2)
        return stack(k).evaluate(X, Y, batch_size=2, verbose=0)

    def predict(k: Any) -> Any:
        k.config.set_max_steps_per_epoch(2)
        return stack(k).predict(X, batch_size=2, verbose=0)

    def batch(k: Any) -> Any:
        k.config.set_max_steps_per_epoch(2)
        return stack(k).train_on_batch(X, Y)

    return [
        fit("at 2 epochs", 2, None),
        fit("at 5 epochs", 5, None),
        fit("at 0 epochs", 0, None),
        fit("at 2 steps", None, 2),
        fit("at 2 steps of 3", None, 2, steps_per_epoch=3),
        fit("at 2 steps of 1", None, 2, steps_per_epoch=1),
        fit("at 1 epoch of 2 steps, validation", 1, 2, validation_data=(X, Y)),
        _case("evaluate capped", evaluate),
        _case("predict capped", predict),
        _case("train_on_batch is not capped", batch),
    ]


def _logging() -> list[Case]:
    def said(name: str, off: bool) -> Case:
        def code(k: Any) -> Any:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                if off:
                    k.config.disable_interactive_logging()
                stack(k).fit(X, Y, verbose=2, epochs=1)
            return [bool(out.getvalue()), k.utils.is_interactive_logging_enabled()]

        return _case(f"interactive logging {name}", code)

    def cleared(k: Any) -> Any:
        k.utils.disable_interactive_logging()
        before = k.config.is_interactive_logging_enabled()
        k.utils.clear_session(free_memory=False)
        return [before, k.config.is_interactive_logging_enabled()]

    return [said("on", False), said("off", True), _case("interactive logging cleared", cleared)]


_KINDS: list[Any] = [
    *("float16", "bfloat16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool"),
    *(np.float32, np.int64, np.bool_, float, int, bool, None),
    *("int", "float", "abc", "", 3, 1.5, "torch.float32", "jax.numpy.int32", "string"),
]


def _backend() -> list[Case]:
    def uids(k: Any) -> Any:
        k.backend.clear_session(free_memory=False)
        found = [k.backend.get_uid("a"), k.backend.get_uid("a"), k.backend.get_uid("b")]
        k.backend.clear_session(free_memory=False)
        return [*found, k.backend.get_uid("a"), k.backend.get_uid("")]

    def symbols(k: Any) -> Any:
        x = k.Input((2,))
        things = [x, k.KerasTensor((2,)), k.layers.Dense(2)(x), k.ops.ones(2), 3, None, [x]]
        same = [k.utils.is_keras_tensor(thing) for thing in things]
        return [[k.backend.is_keras_tensor(thing) for thing in things], same]

    def names(k: Any) -> Any:
        first = [k.layers.Dense(1).name, k.layers.Dense(1).name, k.layers.Conv2D(1, 1).name]
        k.backend.clear_session(free_memory=False)
        return [*first, k.layers.Dense(1).name]

    weak = ("int32", "float16", "bool", int, float, None)
    return [
        *(
            _case(f"standardize_dtype({kind!r})", lambda k, d=kind: k.backend.standardize_dtype(d))
            for kind in _KINDS
        ),
        *(
            _case(f"is_float_dtype({kind!r})", lambda k, d=kind: k.backend.is_float_dtype(d))
            for kind in _KINDS
        ),
        *(
            _case(f"is_int_dtype({kind!r})", lambda k, d=kind: k.backend.is_int_dtype(d))
            for kind in _KINDS
        ),
        *(
            _case(f"result_type({a!r}, {b!r})", lambda k, p=(a, b): k.backend.result_type(*p))
            for a, b in itertools.combinations_with_replacement(weak, 2)
        ),
        _case("result_type()", lambda k: k.backend.result_type()),
        _case("result_type(of three)", lambda k: k.backend.result_type("int8", "uint8", "float16")),
        _case("result_type('abc')", lambda k: k.backend.result_type("abc")),
        _case("get_uid", uids),
        _case("is_keras_tensor", symbols),
        _case("clear_session", names),
    ]


def _policies() -> list[Case]:
    def told(policy: Any) -> list[Any]:
        return [
            policy.name,
            policy.compute_dtype,
            policy.variable_dtype,
            policy.quantization_mode,
            policy.get_config(),
            repr(policy),
        ]

    given: list[Any] = [
        *("float32", "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"),
        *("int32", "bool", "abc", "", "mixed_float32", None, 3, np.float16, ["float32"]),
    ]
    kinds = ("DTypePolicy", "dtype_policies.FloatDTypePolicy", "mixed_precision.Policy")

    def kind_of(k: Any, path: str) -> Any:
        for part in path.split("."):
            k = getattr(k, part)
        return k

    def again(k: Any) -> Any:
        policies = k.dtype_policies
        found = policies.DTypePolicy("mixed_bfloat16")
        written = policies.serialize(found)
        return [
            written,
            told(policies.deserialize(written)),
            told(policies.get(written)),
            policies.get(found) is found,
            found == policies.DTypePolicy("mixed_bfloat16"),
            found == policies.DTypePolicy("float32"),
            found == "mixed_bfloat16",
            told(policies.DTypePolicy.from_config(found.get_config())),
        ]

    def set_and_told(value: Any) -> Callable[[Any], Any]:
        def code(k: Any) -> Any:
            k.config.set_dtype_policy(value)
            return [told(k.config.dtype_policy()), told(k.mixed_precision.dtype_policy())]

        return code

    def converted(k: Any) -> Any:
        policy = k.DTypePolicy("float16")
        things = [
            k.ops.ones(2),
            k.ops.ones(2, "int32"),
            np.ones(2, "float32"),
            k.KerasTensor((2,)),
        ]
        made = [
            str(policy.convert_input(x, cast, "float16").dtype)
            for x in things
            for cast in (True, False)
        ]
        return [made, policy.convert_input("text", True, "float16")]

    return [
        *(
            _case(f"{kind}({value!r})", lambda k, c=kind, v=value: told(kind_of(k, c)(v)))
            for kind in kinds
            for value in (given if kind == "DTypePolicy" else given[:5])
        ),
        *(
            _case(
                f"dtype_policies.get({value!r})", lambda k, v=value: told(k.dtype_policies.get(v))
            )
            for value in given
        ),
        *(_case(f"set_dtype_policy({value!r})", set_and_told(value)) for value in given),
        _case("dtype_policies round trip", again),
        _case("dtype_policies.convert_input", converted),
        _case(
            "set_dtype_policy(a policy)",
            lambda k: set_and_told(k.DTypePolicy("mixed_bfloat16"))(k),
        ),
        _case("dtype_policies.deserialize({})", lambda k: told(k.dtype_policies.deserialize({}))),
        _case("dtype_policies.serialize(3)", lambda k: k.dtype_policies.serialize(3)),
    ]


def _scopes() -> list[Case]:
    def nested(k: Any) -> Any:
        with k.name_scope("a"):
            outer = k.Variable([1.0], name="v").path
            with k.name_scope("b"):
                inner = k.Variable([1.0], name="v").path
            with k.name_scope("a"):
                same = k.Variable([1.0], name="v").path
        return [outer, inner, same, k.Variable([1.0], name="v").path]

    def caller(k: Any) -> Any:
        owner = object()
        with k.name_scope("a", caller=owner), k.name_scope("a", caller=owner):
            first = k.Variable([1.0], name="v").path
        with k.name_scope("a", caller=owner), k.name_scope("a", caller=object()):
            return [first, k.Variable([1.0], name="v").path]

    def layer(k: Any) -> Any:
        with k.name_scope("outer"):
            made = k.layers.Dense(1, name="d")
            made.build((None, 2))
        return [made.kernel.path, made.name]

    def wrong(name: Any) -> Callable[[Any], Any]:
        def code(k: Any) -> Any:
            with k.name_scope(name):
                return k.Variable([1.0], name="v").path

        return code

    return [
        _case("name_scope nested", nested),
        _case("name_scope(caller)", caller),
        _case("name_scope around a layer", layer),
        *(_case(f"name_scope({name!r})", wrong(name)) for name in ("a/b", "", None, 3, ["a"])),
    ]


CASES = [
    *_settings(),
    *_in_use(),
    *_capped(),
    *_logging(),
    *_backend(),
    *_policies(),
    *_scopes(),
]
