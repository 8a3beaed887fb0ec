"""What `compile` keeps, and how it is written to a file and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from narae import optimizers
from narae.base import limits
from narae.base.copying import Copied
from narae.base.errors import entry, warn_user
from narae.base.language import tr
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.layers.base import Layer
from narae.metrics import Mean
from narae.models.training.compiled_loss import CompiledLoss, Losses, LossWeights
from narae.models.training.compiled_metrics import CompiledMetrics, Metrics
from narae.models.training.step_programs import StepPrograms

if TYPE_CHECKING:
    from narae.base.types import OptimizerLike
    from narae.callbacks import History
    from narae.optimizers import Optimizer


class CompileState(Copied):
    """What `compile` made; outside of the layer's tracking, since it is no weight of the model."""

    def __init__(self) -> None:
        self.loss: CompiledLoss | None = None
        self.metrics: CompiledMetrics | None = None
        self.loss_tracker: Mean | None = None
        self.config: dict[str, Any] = {}
        self.programs: StepPrograms | None = None
        self.looked_at_ending = False  # whether what does not fit has been told

    def _kept_state(self) -> dict[str, Any]:
        """All but the programs, which are compiled again when they are needed."""
        return {**self.__dict__, "programs": None}


class Compiling(Layer):
    """The part of a Model that `compile` decides."""

    def _init_trainer(self) -> None:
        # None until `compile`: checkers take a model to be compiled, and trained, where its parts are asked for
        self.optimizer: Optimizer = cast("Optimizer", None)
        self.loss: Losses = None
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.history: History = cast("History", None)
        self.run_eagerly = False
        self.steps_per_execution = 1
        self.compiled = False
        self.train_function: Any = None
        self.test_function: Any = None
        self.predict_function: Any = None
        self._jit_compile: bool | None = None
        self._compile_state = CompileState()

    @entry
    def compile(
        self,
        optimizer: OptimizerLike | None = "rmsprop",
        loss: Losses = None,
        loss_weights: LossWeights = None,
        metrics: Metrics = None,
        weighted_metrics: Metrics = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | Literal["auto"] = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train: optimizer, loss and metrics, by name or as objects.

        Args:
            optimizer: a name, an Optimizer, or its config; None for a model that is not trained.
            loss: a name, a Loss or a function (y_true, y_pred); for several outputs a list or a dict of them by
                the outputs' names, None for outputs without one.
            loss_weights: the factor of each output's loss in the sum, a list or a dict as `loss`; default 1 each.
            metrics: a list of names, Metrics or functions (y_true, y_pred); for several outputs a list of such
                lists, or a dict by the outputs' names.
            weighted_metrics: the same, for metrics that count samples by `sample_weight` and `class_weight`.
            run_eagerly: run Python at every step, and not a traced one: slow, for debugging.
            steps_per_execution: batches between two calls of callbacks' hooks of batches; without such hooks
                narae chooses.
            jit_compile: what Keras's programs would read; narae compiles unless `run_eagerly`.
            auto_scale_loss: whether a model of the policy "mixed_float16" gets a LossScaleOptimizer around its
                optimizer.

        Raises:
            ValueError: a name is unknown (the message has the nearest right one), weights or metrics are of a
                kind that has no meaning, or steps_per_execution is not a positive whole number.

        >>> import narae
        >>> model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(1)])
        >>> model.compile("adam", "mse", metrics=["mae"])
        >>> model.optimizer.name, model.loss
        ('adam', 'mse')
        """
        if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise ValueError(
                tr(
                    "steps_per_execution is a whole number of at least 1, got {steps_per_execution!r}",
                    steps_per_execution=steps_per_execution,
                )
            )
        # all of it is made before any of it is kept: what is refused leaves the model as it was
        given = optimizers.get(optimizer)
        scaled = self._scaled(given) if auto_scale_loss else given
        state = CompileState()
        if loss is not None:
            state.loss = CompiledLoss(loss, loss_weights, self._output_names)
        if metrics is not None or weighted_metrics is not None:
            state.metrics = CompiledMetrics(metrics, weighted_metrics, self._output_names)
        state.loss_tracker = Mean(name="loss")
        jit = self._jit(jit_compile, bool(run_eagerly))
        state.config = {
            "optimizer": given,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit,
        }
        self.optimizer, self._compile_state = cast("Optimizer", scaled), state
        if loss is not None:
            self.loss = loss
        self.run_eagerly = bool(run_eagerly)
        self.jit_compile = jit
        self.steps_per_execution = steps_per_execution
        self.stop_training = False
        self.compiled = True

    def _jit(self, asked: bool | str, eagerly: bool) -> bool:
        """Whether steps are compiled. Warns where both that and running eagerly are asked for."""
        if asked == "auto":
            return not eagerly and self._supports_jit()
        if asked and eagerly:
            warn_user(
                tr("compile got run_eagerly=True and jit_compile=True: the steps run eagerly")
            )
            return False
        return bool(asked)

    def _supports_jit(self) -> bool:
        layers = self._flatten_layers()
        return all(layer.supports_jit for layer in layers)

    @property
    def jit_compile(self) -> bool:
        """Whether the steps are compiled, as Keras has it; narae compiles unless `run_eagerly`."""
        if self._jit_compile is None:
            self._jit_compile = self._supports_jit()
        return self._jit_compile

    @jit_compile.setter
    def jit_compile(self, value: bool) -> None:
        if value and not self._supports_jit():
            warn_user(
                tr(
                    "a layer of {name!r} has supports_jit=False: jit_compile stays False",
                    name=self.name,
                )
            )
            value = False
        self._jit_compile = value

    def _scaled(self, optimizer: Optimizer | None) -> Optimizer | None:
        """The optimizer, within one that scales the loss where gradients of float16 would vanish."""
        scaling = optimizers.LossScaleOptimizer
        wanted = self.dtype_policy.name == "mixed_float16"
        if not wanted or optimizer is None or isinstance(optimizer, scaling):
            return optimizer
        return scaling(optimizer, name="loss_scale_optimizer")

    def _output_names(self) -> list[str] | None:
        """The outputs' names, once the model knows them."""
        names = getattr(self, "output_names", None)
        return None if names is None else list(names)

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was given, JSON-ready; nothing before compile."""
        return serialize_keras_object(self._compile_state.config) if self.compiled else {}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` said, and make the optimizer's variables."""
        known = {"optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly"}
        known.add("steps_per_execution")
        given = {k: deserialize_keras_object(v) for k, v in config.items() if k in known}
        self.compile(**given)
        if self.optimizer is not None and self.built:
            state = limits.Attempt()
            try:
                self.optimizer.build(self.trainable_variables)
            except limits.TooMuch:
                # the file may have no such state: it is made when training begins
                state.undo()
                again = deserialize_keras_object(config["optimizer"])
                self.compile(**{**given, "optimizer": again})
