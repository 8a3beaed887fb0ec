"""The xla executor: what it loads and when, and what it says where JAX is not installed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
