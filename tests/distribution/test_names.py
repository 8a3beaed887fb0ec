"""The names, arguments, defaults and errors of keras.distribution."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from narae import distribution

NAMES = (
    *("list_devices", "get_device_count", "initialize", "distribution", "set_distribution"),
    *("distribute_tensor", "DeviceMesh", "TensorLayout", "LayoutMap"),
    *("DataParallel", "ModelParallel"),
)
DEVICES = [f"cpu:{i}" for i in range(8)]


def arguments(function: Any) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_keras_s(keras: Any, name: str) -> None:
    assert arguments(getattr(distribution, name)) == arguments(getattr(keras.distribution, name))


def mesh(d: Any) -> Any:
    return d.DeviceMesh((2, 4), ("batch", "model"), DEVICES)


def layouts(d: Any) -> Any:
    made = d.LayoutMap(mesh(d))
    made[".*kernel"] = (None, "model")
    made["dense.*"] = d.TensorLayout(("batch",))
    return made


def again(d: Any) -> None:
    layouts(d)[".*kernel"] = ("model",)


def no_layout(d: Any) -> None:
    layouts(d)["other"] = "model"


def other_mesh(d: Any) -> None:
    d.TensorLayout(("batch",), mesh(d)).device_mesh = mesh(d)


WRONG: dict[str, Callable[[Any], Any]] = {
    "empty": lambda d: d.DeviceMesh((), []),
    "lengths": lambda d: d.DeviceMesh((1, 2), ["a"]),
    "devices": lambda d: d.DeviceMesh((3,), ["a"], ["cpu:0"]),
    "no mesh": lambda d: d.DataParallel(device_mesh=3),
    "no map": lambda d: d.ModelParallel(),
    "a dict": lambda d: d.ModelParallel(layout_map={}),
    "axis": lambda d: d.TensorLayout(("x",), d.DeviceMesh((1,), ["batch"], ["cpu:0"])),
    "unset": lambda d: d.TensorLayout(("x",)).backend_layout,
    "two patterns": lambda d: layouts(d)["dense/kernel"],
    "twice": again,
    "no layout": no_layout,
    "addresses": lambda d: d.initialize("a:1,b:2", num_processes=3, process_id=0),
    "not there": lambda d: d.DeviceMesh((1,), ["a"], ["cpu:77"]).backend_mesh,
}


@pytest.mark.oracle
@pytest.mark.parametrize("case", WRONG)
def test_errors_are_keras_s(keras: Any, case: str) -> None:
    said = []
    for d in (keras.distribution, distribution):
        with pytest.raises(ValueError) as error:
            WRONG[case](d)
        said.append(str(error.value).replace("(", "[").replace(")", "]"))
    assert said[1].startswith(said[0].partition(", type")[0][:60])


@pytest.mark.oracle
def test_a_second_mesh_is_refused(keras: Any) -> None:
    for d in (keras.distribution, distribution):
        with pytest.raises(ValueError, match="Cannot override device mesh value"):
            other_mesh(d)


@pytest.mark.oracle
def test_layouts_by_path_are_keras_s(keras: Any) -> None:
    found = [layouts(d) for d in (keras.distribution, distribution)]
    for path in ("a/kernel", "dense", "a/bias", ".*kernel", "dense_2/bias", "a/kernel/b"):
        axes = [made[path] and made[path].axes for made in found]
        assert axes[0] == axes[1], path
    assert [len(made) for made in found] == [2, 2]
    assert list(found[1]) == list(found[0])
    del found[1]["dense.*"]
    assert found[1]["dense"] is None


@pytest.mark.oracle
def test_batches_and_replicas_are_keras_s(keras: Any) -> None:
    for d in (keras.distribution, distribution):
        both = d.ModelParallel(layout_map=layouts(d), batch_dim_name="batch")
        alone = d.DataParallel(devices=DEVICES)
        assert both.get_data_layout((8, 3)).axes == ("batch", None)
        assert [x.num_model_replicas for x in (both, alone)] == [2, 8]
        assert [x.data_shard_id for x in (both, alone)] == [0, 0]
        assert [x.num_processes for x in (both, alone)] == [1, 1]
        assert alone.device_mesh.devices.tolist() == DEVICES


@pytest.mark.oracle
def test_devices_are_keras_s(keras: Any) -> None:
    for kind in (None, "cpu", "CPU"):
        assert distribution.list_devices(kind) == keras.distribution.list_devices(kind)
    assert distribution.get_device_count() == keras.distribution.get_device_count()


def test_a_mesh_of_more_axes_is_taken_by_its_first() -> None:
    with pytest.warns(UserWarning, match="Expect the input mesh to be 1D"):
        found = distribution.DataParallel(mesh(distribution))
    assert found.batch_dim_name == "batch"
    assert found.num_model_replicas == 2


def test_scopes_nest() -> None:
    one, two = distribution.DataParallel(), distribution.DataParallel()
    with one.scope():
        with two.scope():
            assert distribution.distribution() is two
        assert distribution.distribution() is one
    assert distribution.distribution() is None
    with pytest.raises(TypeError, match="DataParallel or ModelParallel"):
        distribution.set_distribution("all")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda d: d.DeviceMesh((1, 1), ("a", "a"), ["cpu:0"]),
        lambda d: d.TensorLayout(("batch", "batch"), mesh(d)),
        lambda d: d.ModelParallel(layout_map=d.LayoutMap(None)),
        lambda d: d.ModelParallel(layout_map=layouts(d), batch_dim_name="rows"),
        lambda d: d.ModelParallel(layout_map=layouts(d), axis="model"),
        lambda d: d.distribute_tensor([1.0], d.TensorLayout(("batch",))),
    ],
)
def test_what_could_not_work_is_refused(make: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError):
        make(distribution)
