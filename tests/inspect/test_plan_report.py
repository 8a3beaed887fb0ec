"""Reports of compiled plans: what they hold, how they print, and what they say where there is none."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import narae
from narae import layers, ops

X = np.zeros((8, 4), "float32")
Y = np.zeros(8, "int32")


def _model(*more: Any, rows: int | None = None) -> Any:
    model = narae.Sequential(
        [narae.Input((4,), rows), layers.Dense(6, "relu"), *more, layers.Dense(3, "softmax")]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_rows_are_the_plan(each_executor: str) -> None:
    model = _model()
    report = model.explain_plan(X, Y)
    ((kind, compiled),) = model._step_programs().items()
    (program,) = report.programs
    plan = compiled.program.plan
    assert (kind, program.kind, program.executor) == ("train", "train", each_executor)
    assert [s.shape for s in program.inputs] == [(8, 4), (8,)]
    assert [row.operations for row in report.rows] == [
        tuple(node.op.name for node in step.nodes) for step in plan.steps
    ]
    made = sum(plan.values[u].spec.nbytes for step in plan.steps for u in step.outputs)
    assert sum(row.bytes for row in report.rows) == made > program.arena == plan.arena
    ways = {"native": {"native"}, "numpy": {"own", "generic"}, "xla": {"xla"}}
    assert {row.how for row in report.rows} == ways[each_executor]
    assert all((row.tiles > 0) == (each_executor == "native") for row in report.rows)


def test_what_falls_back_has_its_reason(each_executor: str) -> None:
    model = _model(layers.Lambda(lambda x: ops.qr(x)[0]), rows=8)  # qr takes known lengths alone
    report = model.explain_plan(X)
    how, why = {
        "native": ("NumPy", "qr has no native code: LAPACK's work"),
        "numpy": ("falls back", "qr computed anew and copied"),
        "xla": ("xla", ""),  # all of a program is one function of XLA's
    }[each_executor]
    (row,) = (row for row in report.rows if "qr" in row.operations)
    assert (row.how, row.why, row.tiles) == (how, why, 0)
    assert (row.shape, row.dtype, row.results) == ((8, 6), "float32", 2)
    assert row.bytes == (8 * 6 + 6 * 6) * 4
    assert (f"{how}: qr" if why else f" {how} ") in str(report)
    assert "float32[8, 6] and 1 more" in str(report)
    count = len(report.rows) if each_executor == "xla" else 1
    assert f"{count} {how}" in report.programs[0].totals


def test_a_batch_reports_one_program_and_none_reports_all() -> None:
    model = _model()
    model.fit(np.zeros((20, 4)), np.zeros(20), batch_size=8, verbose=0)  # batches of 8 and of 4
    model.predict(X, verbose=0)
    assert [p.kind for p in model.explain_plan().programs] == ["train", "train", "predict"]
    assert [p.inputs[0].shape[0] for p in model.explain_plan(step="train").programs] == [8, 4]
    assert {row.program for row in model.explain_plan().rows} == {0, 1, 2}
    assert [p.kind for p in model.explain_plan(X, Y, step="test").programs] == ["test"]
    assert [p.kind for p in model.explain_plan(X, Y, step="predict").programs] == ["predict"]
    assert len(model._step_programs().items()) == 4  # the batch of predict was known


def test_looking_at_a_plan_changes_nothing() -> None:
    model = _model()
    before = model.get_weights()
    model.explain_plan(X, Y)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations.numpy() == 0


def test_it_prints_as_text_on_consoles_and_as_html() -> None:
    report = _model().explain_plan(X, Y)
    text = str(report)
    assert text.startswith("train on float32[8, 4], int32[8]: native executor\n")
    assert max(map(len, text.splitlines())) <= 100
    assert "dot add relu" in text
    assert text.splitlines()[-1].startswith(f"{len(report.rows)} steps: {len(report.rows)} native;")
    narrow = io.StringIO()
    Console(file=narrow, width=60).print(report)
    assert max(map(len, narrow.getvalue().splitlines())) <= 60
    assert "float32[8, 4], int32[8]" in narrow.getvalue()  # brackets are no markup
    html = report._repr_html_()
    assert html.count("<tr>") == len(report.rows) + 1
    assert "<td>dot add relu</td>" in html


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"no step of model 'sequential' has been compiled yet: pass a batch"),
        ({"step": "test"}, r"no test step of model"),
        ({"step": "trian"}, r"Did you mean 'train'\?"),
        ({"x": X, "y": Y[:3]}, r"y"),
    ],
)
def test_what_cannot_be_reported_is_said(arguments: Any, message: str) -> None:
    model = narae.Sequential([narae.Input((4,)), layers.Dense(1)], name="sequential")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=message):
        model.explain_plan(**arguments)


def test_models_without_a_plan_say_so() -> None:
    model = narae.Sequential([narae.Input((4,)), layers.Dense(1)])
    assert model.explain_plan(X).rows  # predict needs no loss
    with pytest.raises(ValueError, match=r"compile\(\)"):
        model.explain_plan(X, Y)
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(ValueError, match="runs eagerly"):
        model.explain_plan(X)


def _looped(x: Any) -> Any:
    """A scan whose body has a choice, then a loop of unknown length."""

    def body(carry: Any, row: Any) -> Any:
        new = ops.cond(ops.sum(row) > 0, lambda: ops.tanh(carry + row), lambda: carry * 2.0)
        return new, new

    last, _ = ops.scan(body, ops.zeros_like(x[:, 0]), ops.transpose(x, (1, 0, 2)))
    return ops.while_loop(lambda h: ops.sum(h) < 9, lambda h: (h + 1.0,), (last,), 20)[0]


def test_what_operations_run_inside_is_shown_with_its_cost(each_executor: str) -> None:
    model = narae.Sequential([narae.Input((7, 4), 3), layers.Lambda(_looped)])
    report = model.explain_plan(np.zeros((3, 7, 4), "float32"))
    (scan,) = (row for row in report.rows if "scan" in row.operations)
    (rounds,) = scan.inside
    assert (rounds.title, rounds.times) == ("each of 7 rounds", 7)
    (choice,) = (step for step in rounds.steps if "switch" in step.operations)
    branches = [[step.operations for step in one.steps] for one in choice.inside]
    assert branches == [[("multiply",)], [("add", "tanh")]]
    assert rounds.flops == sum(step.flops for step in rounds.steps) >= 2 * 3 * 4
    (loop,) = (row for row in report.rows if "while" in row.operations)
    assert [one.title for one in loop.inside] == ["while this holds", "each round, 20 at most"]
    text = str(report)
    assert max(map(len, text.splitlines())) <= 100
    for line in ("each of 7 rounds", "branch 0 of 2", "while this holds", "· multiply"):
        assert line in text
        assert line in report._repr_html_()


def test_a_recurrent_layer_shows_its_step() -> None:
    model = narae.Sequential([narae.Input((9, 2)), layers.GRU(4)])
    (row,) = (r for r in model.explain_plan(np.zeros((3, 9, 2))).rows if r.inside)
    assert row.inside[0].times == 9
    assert any(step.operations[0] == "dot" for step in row.inside[0].steps)
