"""Optimizers and schedules: every option over several steps, state, configs, attributes, what they refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown

_RNG = np.random.default_rng(5)
_SHAPES = ((), (3,), (3, 2))  # Keras compiles each operation for each shape


def _rounded(x: Any) -> np.ndarray:
    return (np.round(np.asarray(x) * 16) / 16).astype("float32")


_WEIGHTS = [_rounded(_RNG.normal(size=shape)) for shape in _SHAPES]
_GRADS = [[_rounded(_RNG.normal(size=shape)) for shape in _SHAPES] for _ in range(4)]

# class -> its own options at other values than the defaults
_OWN: dict[str, list[dict[str, Any]]] = {
    "SGD": [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"nesterov": True}],
    "RMSprop": [
        {"rho": 0.5},
        {"momentum": 0.9},
        {"centered": True},
        {"centered": True, "momentum": 0.5, "epsilon": 0.01},
    ],
    "Adam": [{"beta_1": 0.5}, {"beta_2": 0.9}, {"epsilon": 0.01}, {"amsgrad": True}],
    "AdamW": [{"weight_decay": 0.1}, {"amsgrad": True, "beta_1": 0.5}],
    "Adamax": [{"beta_1": 0.5, "beta_2": 0.9}, {"epsilon": 0.01}],
    "Nadam": [{"beta_1": 0.5, "beta_2": 0.9}, {"epsilon": 0.01}],
    "Adagrad": [{"initial_accumulator_value": 0.5}, {"epsilon": 0.01}],
    "Adadelta": [{"rho": 0.5}, {"epsilon": 0.01}],
    "Adafactor": [
        {"beta_2_decay": -0.5},
        {"clip_threshold": 0.5},
        {"epsilon_1": 0.01, "epsilon_2": 0.1},
        {"relative_step": False},
        {"relative_step": False, "learning_rate": 2.0},
    ],
    "Ftrl": [
        {"l1_regularization_strength": 0.1, "l2_regularization_strength": 0.2},
        {"l2_shrinkage_regularization_strength": 0.3},
        {"initial_accumulator_value": 0.5, "beta": 0.2},
        {"learning_rate_power": -0.25},
    ],
    "Lion": [{"beta_1": 0.5, "beta_2": 0.9}],
    "Lamb": [{"beta_1": 0.5, "beta_2": 0.9}, {"epsilon": 0.01}],
    "Muon": [
        {"nesterov": False},
        {"momentum": 0.5, "ns_steps": 3},
        {"rms_rate": None},
        {"adam_lr_ratio": 0.5, "adam_weight_decay": 0.1},
        {"adam_weight_decay": None, "weight_decay": None},
        {"muon_a": 3.0, "muon_b": -4.0, "muon_c": 2.0},
        {"adam_beta_1": 0.5, "adam_beta_2": 0.9, "epsilon": 0.01},
        {"exclude_layers": ["v2"]},
    ],
    "ScheduleFreeAdamW": [{"beta_1": 0.5}, {"warmup_steps": 3}, {"beta_2": 0.9, "epsilon": 0.01}],
}
_SHARED: list[dict[str, Any]] = [
    {"weight_decay": 0.1},
    {"weight_decay": 0.0},
    {"clipnorm": 0.5},
    {"clipvalue": 0.25},
    {"global_clipnorm": 0.5},
    {"use_ema": True},
    {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
    {"loss_scale_factor": 4.0},
    {"gradient_accumulation_steps": 2},
    {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.5},
    {"gradient_accumulation_steps": 2, "clipnorm": 0.5, "weight_decay": 0.1},
    {"gradient_accumulation_steps": 3, "use_ema": True, "ema_overwrite_frequency": 1},
    {"clipvalue": 0.25, "loss_scale_factor": 4.0, "weight_decay": 0.1},
    {"clipnorm": 0.0},
    {"clipvalue": -1.0},
]


def _variables(k: Any) -> list[Any]:
    return [k.Variable(w, name=f"v{i}") for i, w in enumerate(_WEIGHTS)]


def _state(optimizer: Any) -> Any:
    """Its variables by order, name, path, shape and dtype, with their numbers."""
    # Nadam's product has no name in Keras
    named = [v.path.replace("nadam/product", "nadam/variable") for v in optimizer.variables]
    parts = zip(named, optimizer.variables, strict=True)
    return [[path, path.split("/")[-1], v.shape, v.dtype, v.numpy()] for path, v in parts]


def _steps(name: str, options: dict[str, Any], steps: int = 4, state: bool = True) -> Case:
    options = {"learning_rate": 0.5, **options} if name not in ("LossScale",) else options

    def code(k: Any) -> Any:
        optimizer = getattr(k.optimizers, name)(**options)
        variables = _variables(k)
        for grads in _GRADS[:steps]:
            optimizer.apply([k.ops.convert_to_tensor(g) for g in grads], variables)
        seen = [v.numpy() for v in variables]
        optimizer.finalize_variable_values(variables)
        final = [v.numpy() for v in variables]
        iterations = np.asarray(optimizer.iterations)
        return [seen, final, iterations, _state(optimizer) if state else None]

    return Case(f"optimizers.{name}({shown(options)}) steps", code, terms=512)


_READ = (
    *("name", "built", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema"),
    *("ema_momentum", "ema_overwrite_frequency", "loss_scale_factor", "amsgrad", "nesterov"),
    *("gradient_accumulation_steps", "momentum", "rho", "epsilon", "centered", "beta_1", "beta_2"),
    *("initial_accumulator_value", "learning_rate_power", "l1_regularization_strength", "beta"),
    *("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step", "rms_rate"),
    *(
        "ns_steps",
        "muon_a",
        "adam_lr_ratio",
        "exclude_layers",
        "exclude_embeddings",
        "warmup_steps",
    ),
)


def _described(name: str, options: dict[str, Any]) -> Case:
    def code(k: Any) -> Any:
        optimizer = getattr(k.optimizers, name)(**options)
        again = type(optimizer).from_config(optimizer.get_config())
        written = k.optimizers.serialize(optimizer)
        read = k.optimizers.deserialize(k.optimizers.serialize(optimizer))
        seen = {key: getattr(optimizer, key, "none") for key in _READ}
        rate = np.asarray(optimizer.learning_rate)
        variables = [[v.name, v.path, v.dtype, v.trainable] for v in optimizer.variables]
        configs = [optimizer.get_config(), again.get_config(), written, read.get_config()]
        return [configs, seen, rate, variables]

    return Case(f"optimizers.{name}({shown(options)}) config", code)


def _options() -> list[Case]:
    rows = []
    for name, own in _OWN.items():
        rows += [_steps(name, {}), _described(name, {})]
        rows += [_steps(name, row, 3) for row in own]
        rows += [_described(name, row) for row in own]
        rows.append(
            _described(
                name, {"name": "mine", "clipnorm": 1.0, "use_ema": True, "weight_decay": 0.1}
            )
        )
        if name not in ("SGD", "Adam"):
            shared = {"weight_decay": 0.1, "gradient_accumulation_steps": 2}
            rows.append(replace(_steps(name, {**shared, "use_ema": True}), slow=True))
    for row in _SHARED:
        rows += [_steps("SGD", row), replace(_steps("Adam", row), slow=True)]
    return rows


_SCHEDULES: dict[str, list[dict[str, Any]]] = {
    "ExponentialDecay": [
        {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.5},
        {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.5, "staircase": True},
        {"initial_learning_rate": 1.0, "decay_steps": 4, "decay_rate": 2, "name": "mine"},
    ],
    "InverseTimeDecay": [
        {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.5},
        {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.5, "staircase": True},
    ],
    "PolynomialDecay": [
        {"initial_learning_rate": 0.5, "decay_steps": 4},
        {"initial_learning_rate": 0.5, "decay_steps": 4, "end_learning_rate": 0.1, "power": 2.0},
        {"initial_learning_rate": 0.5, "decay_steps": 4, "cycle": True, "power": 0.5},
    ],
    "PiecewiseConstantDecay": [
        {"boundaries": [2, 5], "values": [1.0, 0.5, 0.25]},
        {"boundaries": [3], "values": [1.0, 2.0], "name": "mine"},
        {"boundaries": [2.0, 5.0], "values": [1.0, 0.5, 0.25]},
    ],
    "CosineDecay": [
        {"initial_learning_rate": 0.5, "decay_steps": 4},
        {"initial_learning_rate": 0.5, "decay_steps": 4, "alpha": 0.25},
        {"initial_learning_rate": 0.1, "decay_steps": 4, "warmup_target": 0.5, "warmup_steps": 3},
        {"initial_learning_rate": 0.1, "decay_steps": 4, "warmup_steps": 3},
    ],
    "CosineDecayRestarts": [
        {"initial_learning_rate": 0.5, "first_decay_steps": 3},
        {"initial_learning_rate": 0.5, "first_decay_steps": 3, "t_mul": 1.0, "m_mul": 0.5},
        {"initial_learning_rate": 0.5, "first_decay_steps": 3, "t_mul": 1.5, "alpha": 0.1},
    ],
}


def _schedules() -> list[Case]:
    rows = []
    for name, table in _SCHEDULES.items():
        for options in table:

            def code(k: Any, name: str = name, options: dict[str, Any] = options) -> Any:
                schedules = k.optimizers.schedules
                schedule = getattr(schedules, name)(**options)
                rates = [schedule(step) for step in (0, 1, 2, 3, 4, 5, 7, 9, 20)]
                kinds = [schedule(2.5), schedule(k.ops.convert_to_tensor(3)), schedule(np.int64(3))]
                written = schedules.serialize(schedule)
                read = schedules.deserialize(schedules.serialize(schedule))
                seen = [getattr(schedule, k) for k in options if k not in ("t_mul", "m_mul")]
                again = type(schedule).from_config(schedule.get_config())
                configs = [schedule.get_config(), written, read.get_config(), again.get_config()]
                return [[float(r) for r in rates], kinds, configs, seen]

            rows.append(Case(f"schedules.{name}({shown(options)})", code, terms=256))
    for tag, (name, options) in {
        "steps 0": ("ExponentialDecay", {"decay_steps": 0, "decay_rate": 0.5}),
        "steps -1": ("CosineDecay", {"decay_steps": -1}),
        "polynomial 0": ("PolynomialDecay", {"decay_steps": 0}),
        "restarts 0": ("CosineDecayRestarts", {"first_decay_steps": 0}),
    }.items():
        rows.append(
            Case(
                f"schedules.{tag} refused",
                lambda k, n=name, o=options: getattr(k.optimizers.schedules, n)(0.5, **o)(1),
            )
        )
    rows.append(
        Case(
            "schedules.PiecewiseConstantDecay refused",
            lambda k: k.optimizers.schedules.PiecewiseConstantDecay([1, 2], [1.0, 2.0]),
        )
    )
    rows.append(
        Case(
            "schedules.LearningRateSchedule",
            lambda k: k.optimizers.schedules.LearningRateSchedule()(1),
        )
    )
    return rows


def _decay(k: Any) -> Any:
    return k.optimizers.schedules.ExponentialDecay(0.5, 2, 0.5)


def _rates() -> list[Case]:
    def run(k: Any, rate: Any, **options: Any) -> Any:
        optimizer = k.optimizers.SGD(rate(k), **options)
        variables = _variables(k)
        rates = []
        for grads in _GRADS:
            rates.append(np.asarray(optimizer.learning_rate))
            optimizer.apply([k.ops.convert_to_tensor(g) for g in grads], variables)
        return [rates, [v.numpy() for v in variables], _state(optimizer)]

    def assigned(k: Any) -> Any:
        optimizer = k.optimizers.SGD(0.5)
        before = [np.asarray(optimizer.learning_rate), len(optimizer.variables)]
        optimizer.learning_rate = 0.25
        middle = np.asarray(optimizer.learning_rate)
        optimizer.learning_rate.assign(0.125)
        last = [np.asarray(optimizer.learning_rate), optimizer.get_config()["learning_rate"]]
        optimizer.learning_rate = _decay(k)
        return [before, middle, last, np.asarray(optimizer.learning_rate), len(optimizer.variables)]

    def refused(k: Any) -> Any:
        optimizer = k.optimizers.SGD(_decay(k))
        optimizer.learning_rate = 0.5

    return [
        Case("optimizers.rate schedule", lambda k: run(k, _decay)),
        Case(
            "optimizers.rate schedule, accumulated",
            lambda k: run(k, _decay, gradient_accumulation_steps=2),
        ),
        Case("optimizers.rate function", lambda k: run(k, lambda _: lambda: 0.25)),
        Case("optimizers.rate assigned", assigned),
        Case("optimizers.rate of a schedule assigned", refused),
        *(
            Case(f"optimizers.rate {rate!r}", lambda k, r=rate: k.optimizers.SGD(r).get_config())
            for rate in (1, "fast", None, True, np.float64(0.5))
        ),
        Case(
            "optimizers.config schedule",
            lambda k: [
                k.optimizers.SGD(_decay(k)).get_config(),
                k.optimizers.SGD.from_config(k.optimizers.SGD(_decay(k)).get_config()).get_config(),
            ],
        ),
    ]


def _apply() -> list[Case]:
    def built(k: Any, options: dict[str, Any] | None = None) -> Any:
        variables = _variables(k)
        optimizer = k.optimizers.Adam(0.5, **(options or {}))
        optimizer.build(variables)
        return optimizer, variables

    def excluded(k: Any, **which: Any) -> Any:
        variables = _variables(k)
        optimizer = k.optimizers.SGD(0.5, weight_decay=0.5)
        if which.pop("by_variable", False):
            which["var_list"] = variables[:1]
        optimizer.exclude_from_weight_decay(**which)
        optimizer.apply(_GRADS[0], variables)
        return [v.numpy() for v in variables]

    def some(k: Any, grads: Any) -> Any:
        variables = _variables(k)
        optimizer = k.optimizers.Adam(0.5)
        out = optimizer.apply_gradients(zip(grads, variables, strict=False))
        return [np.asarray(out), [v.numpy() for v in variables], _state(optimizer)]

    def without_weights(k: Any) -> Any:
        optimizer, variables = built(k)
        optimizer.apply(_GRADS[0])
        return [[v.numpy() for v in variables], optimizer.built, np.asarray(optimizer.iterations)]

    def stateless(k: Any) -> Any:
        optimizer, variables = built(k)
        held = [v.value for v in optimizer.variables]
        return [
            *optimizer.stateless_apply(held, _GRADS[0], _WEIGHTS),
            [v.numpy() for v in variables],
        ]

    def constrained(k: Any) -> Any:
        variable = k.Variable(np.array([1.0, -1.0], "float32"))
        variable.constraint = k.constraints.NonNeg()
        k.optimizers.SGD(1.0).apply([np.array([2.0, -2.0], "float32")], [variable])
        return variable.numpy()

    def own(k: Any) -> Any:
        class Plain(k.optimizers.Optimizer):
            def __init__(self, learning_rate: Any = 0.5, **options: Any) -> None:
                super().__init__(learning_rate, **options)

            def build(self, variables: Any) -> None:
                super().build(variables)
                self.sums = self.add_optimizer_variables(variables, "sum")
                self.seen = self.add_variable((2,), "ones", name="seen")

            def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
                sums = self.sums[self._get_variable_index(variable)]
                self.assign_add(sums, gradient)
                self.assign_sub(variable, sums * learning_rate)

        variables = _variables(k)
        optimizer = Plain(weight_decay=0.1)
        for grads in _GRADS[:2]:
            optimizer.apply(grads, variables)
        return [[v.numpy() for v in variables], _state(optimizer), optimizer.get_config()]

    def saved(k: Any) -> Any:
        optimizer, variables = built(k, {"amsgrad": True})
        optimizer.apply(_GRADS[0], variables)
        store: dict[str, Any] = {}
        optimizer.save_own_variables(store)
        other, _ = built(k, {"amsgrad": True})
        other.load_own_variables(store)
        third, _ = built(k, {"amsgrad": True})
        third.set_weights([v.numpy() for v in optimizer.variables])
        return [store, _state(other), [v.numpy() for v in third.variables]]

    def tuples(k: Any) -> Any:
        optimizer, variables = built(k)
        pair = optimizer.add_optimizer_variables(variables, ["a", "b"], ["zeros", "ones"])
        more = optimizer.add_variable_from_reference(variables[2], "c", "ones")
        return [[[v.name for v in part] for part in pair], more.name, more.path, more.numpy()]

    def other_weights(k: Any) -> Any:
        optimizer, _ = built(k)
        optimizer.apply(_GRADS[0], _variables(k))

    none = [None, *_GRADS[0][1:]]
    return [
        Case("optimizers.exclude by name", lambda k: excluded(k, var_names=["v1"])),
        Case("optimizers.exclude by pattern", lambda k: excluded(k, var_names=["v[02]"])),
        Case("optimizers.exclude by variable", lambda k: excluded(k, by_variable=True)),
        Case("optimizers.exclude nothing", lambda k: excluded(k)),
        Case(
            "optimizers.apply_gradients",
            lambda k: some(k, [k.ops.convert_to_tensor(g) for g in _GRADS[0]]),
        ),
        Case("optimizers.apply_gradients with None", lambda k: some(k, none)),
        Case("optimizers.apply_gradients all None", lambda k: some(k, [None] * 3)),
        Case("optimizers.apply without weights", without_weights),
        Case("optimizers.apply unbuilt", lambda k: k.optimizers.SGD(0.5).apply(_GRADS[0])),
        Case("optimizers.apply of nothing", lambda k: k.optimizers.SGD(0.5).apply([], [])),
        Case(
            "optimizers.apply of too few",
            lambda k: built(k)[0].apply(_GRADS[0][:1]),
            warnings=False,
        ),
        Case("optimizers.apply to others", other_weights),
        Case("optimizers.stateless_apply", stateless),
        Case(
            "optimizers.stateless_apply unbuilt",
            lambda k: k.optimizers.SGD(0.5).stateless_apply([], [], []),
        ),
        Case(
            "optimizers.stateless_apply of too few",
            lambda k: built(k)[0].stateless_apply([1], [], []),
        ),
        Case("optimizers.constraint", constrained),
        Case("optimizers.subclass", own),
        Case("optimizers.save and load", saved),
        Case("optimizers.add variables", tuples),
        Case(
            "optimizers.scale_loss",
            lambda k: k.optimizers.SGD(0.5, loss_scale_factor=4.0).scale_loss(2.0),
        ),
        Case(
            "optimizers.set_weights unbuilt",
            lambda k: k.optimizers.Adam(0.5).set_weights([np.ones(2)]),
        ),
        Case(
            "optimizers.positional options",
            lambda k: [
                k.optimizers.SGD(0.1, 0.9, True, 0.01, 1.0).get_config(),
                k.optimizers.Adam(0.1, 0.8, 0.9, 1e-5, True, 0.01, None, 2.0).get_config(),
                k.optimizers.AdamW(0.1, 0.02, 0.8, 0.9, 1e-5, True, 1.0).get_config(),
                k.optimizers.RMSprop(0.1, 0.8, 0.5, 1e-5, True, 0.01).get_config(),
                k.optimizers.Muon(0.1, 0.8, 0.9, 0.01, 1e-5, 0.02, 1.0).get_config(),
            ],
        ),
    ]


def _scaled() -> list[Case]:
    def run(k: Any, grads: Any, **options: Any) -> Any:
        optimizer = k.optimizers.LossScaleOptimizer(
            k.optimizers.SGD(0.5), initial_scale=4.0, **options
        )
        before = float(optimizer.scale_loss(k.ops.convert_to_tensor(2.0)))
        variables = _variables(k)
        optimizer.build(variables)
        weights, state = list(_WEIGHTS), [v.value for v in optimizer.variables]
        for row in grads:
            weights, state = optimizer.stateless_apply(state, row, weights)
        return [before, weights, state, optimizer.get_config()]

    inf = [np.float32(np.inf), *_GRADS[0][1:]]
    inner = {"loss_scale_factor": 100.0}

    def factor(k: Any) -> Any:
        optimizer = k.optimizers.LossScaleOptimizer(
            k.optimizers.SGD(0.5, **inner), initial_scale=4.0
        )
        variables = _variables(k)
        optimizer.build(variables)
        state = [v.value for v in optimizer.variables]
        applied = optimizer.stateless_apply(state, _GRADS[0], list(_WEIGHTS))
        loss = float(optimizer.scale_loss(k.ops.convert_to_tensor(2.0)))
        return [*applied, loss, optimizer.inner_optimizer.loss_scale_factor]

    return [
        Case("optimizers.LossScale", lambda k: run(k, _GRADS)),
        Case("optimizers.LossScale grows", lambda k: run(k, _GRADS, dynamic_growth_steps=2)),
        Case("optimizers.LossScale inf", lambda k: run(k, [_GRADS[0], inf, _GRADS[1]])),
        Case("optimizers.LossScale inner factor", factor),
        *(
            Case(
                f"optimizers.LossScale({shown(row)})",
                lambda k, row=row: k.optimizers.LossScaleOptimizer(
                    k.optimizers.SGD(0.5), **row
                ).get_config(),
            )
            for row in (
                {"name": "mine"},
                {"clipnorm": 1.0},
                {"foo": 1},
                {"dynamic": False},
                {"dynamic": True},
                {"clipnorm": None, "use_ema": False, "ema_momentum": 0.99},
            )
        ),
    ]


def _refused() -> list[Case]:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("SGD", {"momentum": -1.0}),
        ("SGD", {"momentum": 2.0}),
        ("SGD", {"clipnorm": 1.0, "clipvalue": 1.0}),
        ("Adam", {"clipnorm": 1.0, "global_clipnorm": 1.0}),
        ("Adam", {"nothing": 1}),
        ("Adam", {"decay": 0.1}),
        ("Adam", {"lr": 0.1}),
        ("Adam", {"use_ema": True, "ema_momentum": 1.5}),
        ("Adam", {"ema_momentum": 1.5}),
        ("Adam", {"use_ema": True, "ema_overwrite_frequency": 0.5}),
        ("Adam", {"gradient_accumulation_steps": 1}),
        ("Adam", {"gradient_accumulation_steps": 0}),
        ("AdamW", {"weight_decay": None}),
        ("Lion", {"beta_1": 0.0}),
        ("Lion", {"beta_1": 1.5}),
        *(
            ("Ftrl", {key: -0.1})
            for key in (
                "initial_accumulator_value",
                "l1_regularization_strength",
                "l2_regularization_strength",
                "l2_shrinkage_regularization_strength",
            )
        ),
        ("Ftrl", {"learning_rate_power": 0.1}),
    ]
    return [
        Case(
            f"optimizers.{name}({shown(row)}) refused",
            lambda k, n=name, row=row: getattr(k.optimizers, n)(**row).name,
        )
        for name, row in rows
    ]


CASES = [*_options(), *_schedules(), *_rates(), *_apply(), *_scaled(), *_refused()]
