"""Which of a model's compiled programs a plan report is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from narae.base.errors import unknown_name
from narae.inspect.plan_report import PlanReport
from narae.models.data.sources import make_source

if TYPE_CHECKING:
    from narae.models.data.batches import DataLike
    from narae.models.model import Model

KINDS = ("train", "test", "predict")


def explain(
    model: Model, x: DataLike = None, y: DataLike = None, step: str | None = None
) -> PlanReport:
    """The report of the program for one batch (x, y), or of all programs that there are."""
    if step is not None and step not in KINDS:
        raise unknown_name("step", step, KINDS)
    if model.run_eagerly:
        raise ValueError(
            "the model runs eagerly, without a plan: compile it without run_eagerly=True"
        )
    if x is None:
        return PlanReport(_present(model, step))
    kind = step or ("predict" if y is None else "train")
    if kind != "predict":
        model._require_compiled("explain_plan")
    programs = model._step_programs()
    programs.refresh()
    labels = None if kind == "predict" else y
    source = make_source(x, labels, batch_size=1 << 62)
    return PlanReport([(kind, programs.program(kind, source.peek()))])


def _present(model: Model, step: str | None) -> list[Any]:
    every = model._step_programs().items()
    found = [(kind, program) for kind, program in every if step in (None, kind)]
    if not found:
        which = f"{step} step" if step else "step"
        raise ValueError(
            f"no {which} of model {model.name!r} has been compiled yet: pass a batch, explain_plan(x, y), "
            "or call fit, evaluate or predict first"
        )
    return found
