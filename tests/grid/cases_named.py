"""Objects by name: `get`, `serialize` and `deserialize` of losses, metrics, optimizers and their kin."""

from __future__ import annotations

import copy
from typing import Any

from tests.grid.grid import Case

_FAMILIES: dict[str, dict[str, Any]] = {
    "losses": {"class": "Huber", "lower": "huber", "options": {"reduction": "sum"}},
    "metrics": {"class": "TopKCategoricalAccuracy", "lower": "mse", "options": {"k": 2}},
    "optimizers": {"class": "Adam", "lower": "adam", "options": {"learning_rate": 0.5}},
    "initializers": {"class": "HeNormal", "lower": "he_normal", "options": {"seed": 3}},
    "regularizers": {"class": "L2", "lower": "l2", "options": {"l2": 0.5}},
    "constraints": {"class": "MaxNorm", "lower": "max_norm", "options": {"max_value": 3}},
}
_SPELLINGS = {
    "metrics": [
        *("accuracy", "acc", "Accuracy", "binary_accuracy", "BinaryAccuracy", "auc", "AUC"),
        *("mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "bce", "BCE", "r2_score"),
        *("mean_squared_error", "MeanSquaredError", "log_cosh_error", "logcosh", "hinge", "Mean"),
        *("f1_score", "fbeta_score", "F1Score", "kl_divergence", "mean", "sum", "poisson"),
        *("cosine_similarity", "precision", "recall", "true_positives", "pearson_correlation"),
        *("concordance_correlation", "root_mean_squared_error", "categorical_crossentropy"),
    ],
    "optimizers": [
        *("adam", "Adam", "ADAM", "sgd", "SGD", "rmsprop", "RMSprop", "adagrad", "adadelta"),
        *("adamw", "AdamW", "adamax", "nadam", "ftrl", "lion", "lamb", "Lamb", "adafactor"),
        *("muon", "Muon", "schedulefreeadamw", "ScheduleFreeAdamW"),
    ],
    "initializers": [
        *("zeros", "Zeros", "zero", "ones", "one", "Ones", "constant", "Constant", "identity"),
        *("Identity", "IdentityInitializer", "orthogonal", "OrthogonalInitializer", "Orthogonal"),
        *("normal", "uniform", "random_normal", "random_uniform", "truncated_normal", "stft"),
        *("TruncatedNormal", "variance_scaling", "VarianceScaling", "glorot_uniform"),
        *("GlorotUniform", "glorot_normal", "he_normal", "he_uniform", "lecun_normal"),
        *("lecun_uniform", "LecunUniform", "STFT", "STFTInitializer", "eye"),
    ],
    "regularizers": [
        *("l1", "L1", "l2", "L2", "l1_l2", "L1L2", "l1l2", "orthogonal_regularizer"),
        "OrthogonalRegularizer",
    ],
    "constraints": [
        *("max_norm", "MaxNorm", "non_neg", "NonNeg", "nonneg", "unit_norm", "UnitNorm"),
        *("min_max_norm", "MinMaxNorm"),
    ],
}


def _seen(found: Any) -> Any:
    """What was found: a class or function by its name, an object by class and config."""
    if found is None or isinstance(found, type):
        return getattr(found, "__name__", None)
    if not hasattr(found, "get_config"):
        return ["function", found.__name__]
    config = {key: value for key, value in found.get_config().items() if key != "seed"}
    return [type(found).__name__, config]


def _case(tag: str, family: str, code: Any) -> Case:
    return Case(tag, lambda k: _seen(code(getattr(k, family))))


def _family(family: str, row: dict[str, Any]) -> list[Case]:
    name, lower, options = row["class"], row["lower"], row["options"]
    configs = {
        "class name and config": {"class_name": name, "config": options},
        "lower case and config": {"class_name": lower, "config": options},
        "class name without config": {"class_name": name, "config": {}},
        "unknown class": {"class_name": "Nothing", "config": {}},
        "no class name": {"name": "x"},
    }
    cases = []
    for tag, config in configs.items():
        for how in ("get", "deserialize"):
            if family == "optimizers" and tag == "no class name":
                continue  # a KeyError there, of the line that looks for one
            cases.append(
                _case(
                    f"{family}.{how}({tag})",
                    family,
                    lambda f, how=how, c=config: getattr(f, how)(copy.deepcopy(c)),
                )
            )
    given: dict[str, Any] = {
        "None": None,
        "5": 5,
        "nothing": "nothing",
    }
    for tag, value in given.items():
        cases.append(_case(f"{family}.get({tag})", family, lambda f, v=value: f.get(v)))
    cases += [
        _case(f"{family}.get(object)", family, lambda f: f.get(getattr(f, name)(**options))),
        _case(
            f"{family}.deserialize(serialize)",
            family,
            lambda f: f.deserialize(f.serialize(getattr(f, name)(**options))),
        ),
        _case(
            f"{family}.get(serialize)",
            family,
            lambda f: f.get(f.serialize(getattr(f, name)(**options))),
        ),
        Case(
            f"{family}.serialize",
            lambda k: getattr(k, family).serialize(getattr(getattr(k, family), name)(**options)),
        ),
        _case(
            f"{family}.deserialize(custom_objects)",
            family,
            lambda f: f.deserialize(
                {"class_name": "Mine", "config": options}, {"Mine": getattr(f, name)}
            ),
        ),
    ]
    if family != "optimizers":
        cases.append(_case(f"{family}.get(class)", family, lambda f: f.get(getattr(f, name))))
        cases.append(_case(f"{family}.deserialize(name)", family, lambda f: f.deserialize(lower)))
        cases.append(
            _case(f"{family}.deserialize(class name)", family, lambda f: f.deserialize(name))
        )
    return cases


CASES = [
    *(case for family, row in _FAMILIES.items() for case in _family(family, row)),
    *(
        _case(f"{family}.get({name!r})", family, lambda f, n=name: f.get(n))
        for family, names in _SPELLINGS.items()
        for name in names
    ),
]
