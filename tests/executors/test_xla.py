"""The xla executor: what it loads and when, and what it says where JAX is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import narae
from narae.engine import config

WITHOUT_JAX = "import sys; sys.modules['jax'] = None\nimport narae, numpy as np\n"
MODEL = (
    "m = narae.Sequential([narae.layers.Dense(2)]); m.compile('sgd', 'mse')\n"
    "m.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)\n"
)


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter's run, with no executor chosen but by `environment`."""
    env = {k: v for k, v in os.environ.items() if k != "NARAE_EXECUTOR"} | environment
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@pytest.mark.parametrize(
    ("code", "environment"),
    [
        ("narae.config.set_executor('xla')", {}),
        (MODEL, {"NARAE_EXECUTOR": "xla"}),
    ],
)
def test_without_jax_it_says_what_to_install(code: str, environment: dict[str, str]) -> None:
    done = run(WITHOUT_JAX + code, **environment)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("narae.base.errors.MissingExtra: the xla executor needs jax")
    assert last.endswith("pip install 'narae[xla]'")


def test_a_refused_executor_leaves_the_one_in_use() -> None:
    code = (
        "try: narae.config.set_executor('xla')\nexcept ImportError: print(narae.config.executor())"
    )
    assert run(WITHOUT_JAX + code, NARAE_EXECUTOR="numpy").stdout.split() == ["numpy"]


@pytest.mark.parametrize("executor", ["native", "numpy"])
def test_nothing_of_jax_is_loaded_otherwise(executor: str) -> None:
    code = f"import narae, numpy as np, sys\n{MODEL}m.predict(np.ones((4, 3)), verbose=0)\n"
    listed = "print(*{name.split('.')[0] for name in sys.modules})"
    done = run(code + listed, NARAE_EXECUTOR=executor)
    assert done.returncode == 0, done.stderr
    assert "narae" in done.stdout.split()
    assert not {"jax", "jaxlib"} & set(done.stdout.split())


# -- data --------------------------------------------------------------------------------------------


@pytest.fixture
def on_xla(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["xla"])


def fitted(x: Any, y: Any, **options: Any) -> Any:
    narae.utils.set_random_seed(0)
    model = narae.Sequential([narae.layers.Dense(2), narae.layers.Dense(1)])
    model.compile("rmsprop", "mse")
    history = model.fit(x, y, batch_size=8, verbose=0, **{"epochs": 3, **options}).history
    return [history["loss"], *(w.tolist() for w in model.get_weights())]


@pytest.mark.usefixtures("on_xla")
def test_data_goes_to_the_device_once_or_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from narae.executors.xla import data

    x = np.random.default_rng(0).normal(size=(50, 3))  # in float64: sent as the model takes it
    y = x[:, :1].astype("float32")
    sent: list[Any] = []
    put = data.jax.device_put

    def counted(value: Any, *args: Any) -> Any:
        sent.append((value.shape, value.dtype.name))
        return put(value, *args)

    monkeypatch.setattr(data.jax, "device_put", counted)
    here = fitted(x, y)  # on a processor, which has the data in its memory
    assert not [shape for shape, _ in sent if shape[:1] == (50,)]
    monkeypatch.setattr(data, "room_for_data", lambda: 1 << 20)
    whole = fitted(x, y)
    assert sent.count(((50, 3), "float32")) == sent.count(((50, 1), "float32")) == 1
    assert ((50, 3), "float64") not in sent
    sent.clear()
    monkeypatch.setattr(data, "room_for_data", lambda: 300)  # bytes: y alone
    parts = fitted(x, y)
    assert sent.count(((50, 1), "float32")) == 1
    assert ((50, 3), "float32") not in sent
    assert here == parts == whole
    assert fitted(x, y, shuffle=False, epochs=1) != whole


@pytest.mark.usefixtures("on_xla")
def test_the_second_fit_sees_what_became_of_the_data() -> None:
    model = narae.Sequential([narae.Input((1,)), narae.layers.Dense(1, use_bias=False)])
    model.compile(narae.optimizers.SGD(0.0), "mse")
    x, y = np.ones((32, 1), "float32"), np.zeros((32, 1), "float32")
    model.set_weights([np.ones((1, 1))])
    first = model.fit(x, y, batch_size=8, verbose=0).history["loss"]
    x *= 2
    assert (first, model.fit(x, y, batch_size=8, verbose=0).history["loss"]) == ([1.0], [4.0])
