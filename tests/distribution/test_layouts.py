"""The numbers of a training do not depend on how it lies over devices and processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.distribution import job
from tests.distribution.launching import JOB, launched

import narae
from narae import distribution, layers
from narae.engine import config

LAYOUTS: dict[str, Callable[[], Any]] = {
    "data": distribution.DataParallel,
    "split": job.split,
    "three": lambda: distribution.DataParallel(devices=distribution.list_devices()[:3]),
}
KINDS = {"steps": job.steps, "stretches": job.stretches}
CASES = [
    pytest.param(model, layout, kind, marks=() if quick else pytest.mark.slow)
    for model, layout, kind, quick in (
        ("mlp", "data", "steps", True),
        ("mlp", "data", "stretches", True),
        ("mlp", "split", "steps", True),
        ("mlp", "split", "stretches", False),
        ("mlp", "three", "steps", False),
        ("mlp", "three", "stretches", False),
        ("cnn", "data", "steps", True),
        ("cnn", "data", "stretches", False),
        ("cnn", "split", "steps", False),
    )
]


@pytest.fixture(autouse=True)
def _xla(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(config, "_chosen", ["xla"])
    yield
    distribution.set_distribution(None)


_alone: dict[tuple[str, str], Any] = {}


def alone(model: str, kind: str) -> Any:
    """The numbers of one device."""
    if (model, kind) not in _alone:
        distribution.set_distribution(None)
        _alone[model, kind] = KINDS[kind](model)
    return _alone[model, kind]


def same(found: Any, wanted: Any) -> None:
    """Losses within 1e-5, sums of many weights in proportion."""
    assert set(found) == set(wanted)
    for name in wanted:
        tolerance = {"rtol": 1e-5, "atol": 1e-5}
        np.testing.assert_allclose(found[name], wanted[name], err_msg=name, **tolerance)


@pytest.mark.parametrize(("model", "layout", "kind"), CASES)
def test_any_layout_gives_the_numbers_of_one_device(model: str, layout: str, kind: str) -> None:
    wanted = alone(model, kind)
    if kind == "steps":
        assert len(wanted["losses"]) >= 100
    with LAYOUTS[layout]().scope():
        same(KINDS[kind](model), wanted)


@pytest.mark.parametrize("split", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_two_processes_give_the_numbers_of_one_device(tmp_path: Path, split: bool) -> None:
    more = ["--split"] if split else []
    done = launched(JOB, "mlp", "cnn", "--steps-alone", "--out", tmp_path / "found", *more)
    assert done.returncode == 0, done.stdout + done.stderr
    for rank in (0, 1):
        found = json.loads((tmp_path / f"found.{rank}.json").read_text())
        for model, kinds in found.items():
            for kind in kinds:
                same(kinds[kind], alone(model, kind))


# -- what lies where -------------------------------------------------------------------------------


def trained(units: int = 16) -> Any:
    model = narae.Sequential([narae.Input((4,)), layers.Dense(units, name="hidden")])
    model.compile(narae.optimizers.Adam(), "mse")
    model.fit(np.ones((8, 4)), np.ones((8, units)), verbose=0)
    return model


def specs(model: Any) -> dict[str, tuple[Any, ...]]:
    return {
        v.path.rpartition("/")[2]: tuple(v.store.device.sharding.spec)
        for v in (*model.weights, *model.optimizer.variables)
        if v.shape
    }


def test_the_optimizer_s_state_lies_like_the_weights() -> None:
    with job.split().scope():
        found = specs(trained())
    assert found["kernel"] == (None, "model")
    assert found["bias"] == ("model",)
    momentum = [spec for name, spec in found.items() if "kernel_momentum" in name]
    assert momentum == [(None, "model")]


def test_a_split_weight_has_its_part_on_each_device_and_is_read_whole() -> None:
    with job.split().scope():
        model = trained()
    kernel = model.weights[0]
    parts = {part.data.shape for part in kernel.store.device.addressable_shards}
    assert parts == {(4, 4)}
    assert kernel.numpy().shape == (4, 16)


def test_a_batch_is_split_as_far_as_it_divides() -> None:
    from narae.executors.xla import placement

    mesh = placement.mesh_of(distribution.DataParallel().device_mesh)
    for rows, parts in ((64, 8), (20, 4), (7, 1), (8, 8), (1, 1)):
        over = placement._dividing(mesh, (rows, 3), ("batch", None))
        assert over.shard_shape((rows, 3)) == (rows // parts, 3)
        assert over.device_set == set(mesh.devices.flat)


def test_a_layer_s_output_is_laid_out_by_its_path() -> None:
    mesh = distribution.DeviceMesh((2, 4), ("batch", "model"))
    layouts = distribution.LayoutMap(mesh)
    layouts[".*hidden/output"] = ("batch", "model")
    with distribution.ModelParallel(layout_map=layouts).scope():
        program = trained()._step_programs().items()[0][1].program
        ops = [node.op.name for node in program.plan.graph.nodes]
    assert ops.count("lay") == 2  # the output and its gradient


def test_weights_go_from_one_layout_to_another() -> None:
    model = trained()
    before = model.predict(np.ones((8, 4)), verbose=0)
    for layout in (*LAYOUTS.values(), lambda: None):
        distribution.set_distribution(layout())
        np.testing.assert_allclose(model.predict(np.ones((8, 4)), verbose=0), before, rtol=1e-6)
    model.weights[1].assign(np.zeros(16))
    with distribution.DataParallel().scope():
        again = model.predict(np.ones((8, 4)), verbose=0)
    np.testing.assert_allclose(again, np.ones((8, 4)) @ model.weights[0].numpy(), rtol=1e-5)


def test_functions_of_jit_take_their_arguments_whole() -> None:
    f = narae.jit(lambda x: narae.ops.sum(x * 2, axis=0))
    with distribution.DataParallel().scope():
        assert f(np.arange(6.0).reshape(3, 2)).tolist() == [12.0, 18.0]


def test_distribute_tensor_within_a_traced_function() -> None:
    found = distribution.DataParallel()
    layout = distribution.TensorLayout(("batch", None), found.device_mesh)
    f = narae.jit(lambda x: distribution.distribute_tensor(x + 1.0, layout) * 2.0)
    for rows in (8, 3):  # what the mesh does not divide stays as it is
        with found.scope():
            assert f(np.zeros((rows, 2), "float32")).tolist() == [[2.0, 2.0]] * rows


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", ["numpy", "native"])
def test_other_executors_say_which_one_to_take(
    executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "_chosen", [executor])
    with (
        distribution.DataParallel().scope(),
        pytest.raises(ValueError, match=r'set_executor\("xla"\)'),
    ):
        trained()


def test_eager_models_say_that_they_run_on_one_device() -> None:
    model = narae.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    with distribution.DataParallel().scope(), pytest.raises(ValueError, match="run_eagerly"):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)


def test_a_weight_that_the_mesh_does_not_divide_is_named() -> None:
    with job.split().scope(), pytest.raises(ValueError, match=r"hidden/kernel.*\(4, 6\)"):
        trained(units=6)


def test_a_mesh_of_devices_that_are_not_there() -> None:
    found = distribution.DataParallel(devices=["cpu:0", "cpu:99"])
    with found.scope(), pytest.raises(ValueError, match="Device not found: cpu:99"):
        trained()
