"""The temperature a day ahead, from five days of weather: a GRU over windows of a series.

The weather is made: days, years, and fronts that the air's pressure shows a day before the temperature
follows. To guess "as now" is the baseline that a model has to beat.

    python examples/forecasting.py [--days N] [--epochs N]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import narae as keras
from narae import layers

PAST, AHEAD = 5 * 24, 24  # hours
BATCH = 64


def weather(days: int, seed: int = 0) -> np.ndarray:
    """Hours of temperature (°C), pressure (hPa) and wind (m/s): (24 days, 3)."""
    rng = np.random.default_rng(seed)
    hours = np.arange(24 * days)
    front = np.zeros(len(hours) + AHEAD)
    for hour in range(1, len(front)):  # wanders, and comes back to 0
        front[hour] = 0.98 * front[hour - 1] + 0.2 * rng.normal()
    year = 9 * np.sin(2 * np.pi * hours / (24 * 365.25) - 1.8)
    day = 4 * np.sin(2 * np.pi * hours / 24 - 2.4)
    temperature = 10 + year + day - 5 * front[: len(hours)] + rng.normal(0, 0.5, len(hours))
    pressure = 1013 + 8 * front[AHEAD:] + rng.normal(0, 0.5, len(hours))
    wind = np.abs(4 + 2 * np.diff(front, prepend=0.0)[: len(hours)] + rng.normal(0, 1, len(hours)))
    return np.stack([temperature, pressure, wind], axis=1).astype("float32")


def windows(
    series: np.ndarray, mean: Any, scale: Any, first: int, end: int | None, **how: Any
) -> Any:
    """Batches of the past, (batch, hours, 3), and of the temperature a day after its end, (batch,)."""
    gone = PAST + AHEAD - 1
    return keras.utils.timeseries_dataset_from_array(
        ((series - mean) / scale)[:-gone],
        series[gone:, 0],
        sequence_length=PAST,
        batch_size=BATCH,
        start_index=first,
        end_index=end,
        **how,
    )


def baseline(dataset: Any, mean: Any, scale: Any) -> float:
    """The mean error, in °C, of saying that it will be as now."""
    errors = []
    for past, target in dataset.as_numpy_iterator():
        errors.append(np.abs(past[:, -1, 0] * scale[0] + mean[0] - target))
    return float(np.concatenate(errors).mean())


def new_model(mean: Any, scale: Any) -> keras.Model:
    """Hours of weather -> °C."""
    model = keras.Sequential(
        [
            keras.Input((PAST, 3)),
            layers.GRU(16),
            layers.Dense(1),
            layers.Rescaling(float(scale[0]), float(mean[0])),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def main(days: int = 240, epochs: int = 4) -> tuple[float, float]:
    """Train, and give the mean errors of the baseline and of the model, in °C."""
    keras.utils.set_random_seed(1)
    series = weather(days)
    first, second = int(0.6 * len(series)), int(0.8 * len(series))
    known = series[:first]  # what is scaled by must not know the future
    mean, scale = known.mean(axis=0), known.std(axis=0)
    train = windows(series, mean, scale, 0, first, shuffle=True, seed=1)
    validation = windows(series, mean, scale, first, second)
    test = windows(series, mean, scale, second, None)
    model = new_model(mean, scale)
    model.fit(train, validation_data=validation, epochs=epochs, verbose=2)
    error = model.evaluate(test, verbose=0)[1]
    naive = baseline(test, mean, scale)
    print(f"mean error a day ahead: {naive:.2f} °C by saying 'as now', {error:.2f} °C by the GRU")
    return naive, error


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=240)
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    main(arguments.days, arguments.epochs)
