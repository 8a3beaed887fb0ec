"""compile_inference: a model's answers as programs of fixed weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base import trees
from narae.base.context import Guard
from narae.base.errors import entry, shorten
from narae.engine.compiled import Compiled, Programs
from narae.engine.config import executor
from narae.engine.trace import Traced
from narae.engine.variable import Variable
from narae.graph.ir import Spec
from narae.graph.rewrite import simplify
from narae.inspect.plan_report import PlanReport
from narae.models.data.batches import TreeBatch
from narae.models.data.checks import as_arrays
from narae.models.training.compiled_call import copied
from narae.models.training.step_programs import fed_as
from narae.primitives.folding import Made, folded, with_constants
from narae.tensor.tensor import Tensor

if TYPE_CHECKING:
    from narae.base.types import Tensors, Tree
    from narae.models.model import Model

_FAST = 4096  # shapes of single arrays whose programs are found without a look at the model


class FrozenModel:
    """What `compile_inference` gives: called on inputs, it answers with NumPy arrays of its own.

    model: whose answers they are. executor: on which they are computed.
    """

    def __init__(self, model: Model, executor_name: str) -> None:
        self.model, self.executor = model, executor_name
        self._values: dict[int, tuple[Variable, Tensor]] = {}  # by variable, as it was
        self._made: Made = {}  # of them
        self._programs = Programs()
        self._asked: dict[str, Any] = {}  # specs of inputs by their text, the programs' keys
        self._fast: dict[object, Compiled] = {}  # by shape and dtype of the one array
        self._making = Guard()

    def __call__(self, x: Tensors) -> Tree[np.ndarray]:
        """The outputs for a batch, in the model's structure. Several threads may call at once: those that
        ask with the same shape take turns.

        x: arrays, tensors or lists of numbers, in a nest like the model's inputs. A shape that was not there yet
        is compiled first. Raises what the model raises for inputs that do not fit it.
        """
        try:
            if type(x) is np.ndarray:
                compiled = self._fast.get((x.shape, x.dtype))
                if compiled is not None:
                    with compiled.lock.held():
                        return copied(compiled.on(x))
            return self._general(x)
        except Exception as error:
            shorten(error)
            raise

    def _general(self, x: Tensors) -> Tree[np.ndarray]:
        batch = TreeBatch((as_arrays(x, "x"), None, None))
        compiled = self.compiled(_specs_of(batch))
        if isinstance(x, np.ndarray) and len(compiled.inputs) == 1 and len(self._fast) < _FAST:
            self._fast[x.shape, x.dtype] = compiled
        with compiled.lock.held():
            compiled.fill(batch)
            return copied(compiled())

    @property
    def memory(self) -> int:
        """Bytes of the frozen weights, of what was made of them, and of all programs."""
        kept = [compiled for _, compiled in self._programs.items()]
        constants = [c.data for compiled in kept for c in compiled.graph.constants]
        constants += [value.data for _, value in self._values.values()]
        arrays = {id(a): a.nbytes for a in constants if a is not None}
        buffers = [a for c in kept for a in (*c.program.inputs, *c.program.outputs)]
        arenas = sum(c.program.plan.arena for c in kept)
        return sum(arrays.values()) + sum(a.nbytes for a in buffers) + arenas

    @property
    def shapes(self) -> list[Tree[tuple[int, ...]]]:
        """The inputs' shapes that programs are there for, the one that was used last at the end."""
        return [trees.map_tree(lambda s: s.shape, key) for key in self._specs()]

    def explain_plan(self) -> PlanReport:
        """How the programs run, step by step: see `Model.explain_plan`. Raises ValueError where there is none yet."""
        programs = [("predict", compiled) for _, compiled in self._programs.items()]
        if not programs:
            raise ValueError("nothing is compiled yet: call it on a batch first")
        return PlanReport(programs)

    def __repr__(self) -> str:
        count = sum(variable.size for variable, _ in self._values.values())
        shapes = ", ".join(map(str, self.shapes)) or "no shape yet"
        return f"<FrozenModel of {self.model.name!r}, {count:,} numbers, {self.executor} executor: {shapes}>"

    # -- copies and files ------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        values = [self._frozen(v).data for v in self.model.variables]
        named = {"model": self.model, "executor": self.executor}
        return {**named, "values": values, "specs": self._specs()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["model"], state["executor"])
        for variable, value in zip(self.model.variables, state["values"], strict=True):
            self._values[id(variable)] = variable, Tensor(variable.spec, value)
        for specs in state["specs"]:
            self.compiled(specs)

    # -- programs --------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Keep the values that the model's variables have now."""
        for variable in self.model.variables:
            self._frozen(variable)

    def _specs(self) -> list[Any]:
        return [self._asked[key] for key, _ in self._programs.items()]

    def compiled(self, specs: Any) -> Compiled:
        """The program for inputs of these specs, which is made where it is not there."""
        specs = trees.map_tree(fed_as, specs)  # floats of any kind are one
        key = repr(specs)
        with self._making.held():
            found = self._programs.get(key)
            if found is None:
                traced = self._traced(specs)
                found = self._programs.put(key, Compiled(traced, self.executor))
                self._asked[key] = specs
                kept = {id(compiled) for _, compiled in self._programs.items()}
                self._fast = {k: c for k, c in self._fast.items() if id(c) in kept}
        return found

    def _traced(self, specs: Any) -> Traced:
        """The model's predict step with constants in the places of its variables."""
        traced = self.model._step_programs().traced("predict", (specs, None, None))
        if traced.written:
            changed = ", ".join(repr(traced.variables[i].path) for i in traced.written)
            raise ValueError(
                f"compile_inference takes a model whose call changes nothing, and that of {self.model.name!r} assigns "
                f"to {changed}: a stateful layer (stateful=False?), a layer that draws or counts outside of training. "
                "predict_on_batch runs such models"
            )
        values = [self._frozen(variable) for variable in traced.variables]
        graph = simplify(with_constants(traced.graph, values, self._made))
        return replace(traced, graph=folded(graph, self._made), variables=())

    def _frozen(self, variable: Variable) -> Tensor:
        """A variable's value as it was. One that is not the model's own is met in a trace."""
        if id(variable) not in self._values:
            found = variable.snapshot()
            self._values[id(variable)] = variable, Tensor(found.spec, found.data)
        return self._values[id(variable)][1]


@entry
def compile_inference(
    model: Model, x: Tensors | None = None, batch_sizes: int | Iterable[int] | None = None
) -> FrozenModel:
    """A model's answers as a function of fixed weights: the fastest way to ask it, as `model.predict_on_batch` does.

    Weights are those of now: what is trained or loaded later does not change it. What follows from them alone is
    computed once, and a batch normalization is folded into the convolution or Dense layer before it, so results
    differ from those of `predict` in their last bits.

    Keras has no such function: the name is narae's own.

    Args:
        model: a built one, whose call changes nothing outside of training.
        x: inputs as an example: their shapes and dtypes are compiled. None: those of the model's Inputs.
        batch_sizes: the numbers of samples that are compiled now; None: that of `x`, else 1. Any other shape is
            compiled when it first comes.

    Returns:
        A FrozenModel: a function of one batch. Its `shapes`, `memory` (bytes), `executor` and `explain_plan()` tell
        about it; it can be copied and pickled, and called by several threads.

    Raises:
        TypeError: it is no model.
        ValueError: the model is not built and there is no `x`, it runs eagerly, its call assigns to variables, or
            batch_sizes are not from 1 on.

    >>> import numpy as np, narae
    >>> model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(3)])
    >>> answer = narae.compile_inference(model, batch_sizes=(1, 32))
    >>> answer(np.ones((32, 4), "float32")).shape
    (32, 3)
    >>> answer.shapes
    [(1, 4), (32, 4)]
    """
    if not hasattr(model, "predict_step"):
        raise TypeError(
            f"compile_inference takes a model, got {model!r:.80} ({type(model).__name__})"
        )
    if model.run_eagerly:
        raise ValueError(
            "the model runs eagerly, and what does so cannot be frozen: compile it without run_eagerly=True"
        )
    sizes = _sizes(batch_sizes)
    frozen = FrozenModel(model, executor())
    if x is not None:
        specs = _specs_of(TreeBatch((as_arrays(x, "x"), None, None)))
        if not model.built:  # a trace makes its variables
            frozen.compiled(specs)
    elif not model.built:
        raise ValueError(
            f"model {model.name!r} is not built, so there are no weights to freeze: pass inputs as an example, "
            "compile_inference(model, x), or call it on a batch first"
        )
    else:
        specs = _of_inputs(model)
    frozen.freeze()
    for size in sizes or ([] if specs is None else [None]):
        frozen.compiled(specs if size is None else _of_size(specs, size))
    return frozen


def _specs_of(batch: TreeBatch) -> Any:
    """The specs of its x."""
    specs: Any = batch.specs()
    return specs[0]


def _sizes(given: int | Iterable[int] | None) -> list[int]:
    sizes = [] if given is None else [given] if isinstance(given, int) else list(given)
    if not all(
        isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n > 0 for n in sizes
    ):
        raise ValueError(f"batch_sizes are whole numbers from 1 on, got {given!r}")
    return sizes


def _of_inputs(model: Model) -> Any:
    """Specs of one sample by the model's Inputs; None where they do not say it."""
    struct = getattr(model, "_struct", (getattr(model, "inputs", None),))[0]
    struct = struct[0] if isinstance(struct, list) and len(struct) == 1 else struct
    leaves = [] if struct is None else trees.flatten(struct)
    if not leaves or any(None in leaf.shape[1:] for leaf in leaves):
        return None
    return trees.map_tree(lambda t: Spec((t.shape[0] or 1, *t.shape[1:]), t.dtype), struct)


def _of_size(specs: Any, size: int) -> Any:
    if specs is None:
        raise ValueError(
            "batch_sizes alone do not say the inputs' shapes, since the model has no Inputs with known lengths: pass "
            "inputs as an example, compile_inference(model, x, batch_sizes)"
        )
    return trees.map_tree(lambda s: s and replace(s, shape=(size, *s.shape[1:])), specs)
