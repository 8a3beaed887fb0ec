"""Recurrent networks and transformers in Keras's code, for narae and for Keras: only the modules differ."""

from __future__ import annotations

from typing import Any

import common
import numpy as np
import sequences as S


class Tasks:
    """Training steps of sequence models, in the names of one of the two packages."""

    def __init__(self, keras: Any) -> None:
        self.keras, self.layers = keras, keras.layers

    def all(self) -> dict[str, common.Task]:
        """By the names of rows."""
        tasks = (self.lstm, self.gru, self.lstm_large, self.embedding, self.bidirectional)
        more = (self.encoder, self.gpt, self.stateful, self.first_lstm)
        return {task.__name__: task for task in (*tasks, *more)}

    # -- recurrent ---------------------------------------------------------------------------------

    def _series(self, layer: str, work: S.Series, **options: Any) -> Any:
        batch = work.batch if "stateful" in options else None
        first = self.keras.Input((work.steps, work.features), batch_size=batch)
        recurrent = getattr(self.layers, layer)(work.units, **options)
        model = self.keras.Sequential([first, recurrent, self.layers.Dense(1)])
        model.compile("rmsprop", "mse")
        return model

    def _text(self, work: S.Text, *stack: Any, **options: Any) -> Any:
        embedding = self.layers.Embedding(work.words, work.size, **options)
        first = self.keras.Input((work.steps,), dtype="int32")
        last = self.layers.Dense(1, activation="sigmoid")
        model = self.keras.Sequential([first, embedding, *stack, last])
        model.compile("rmsprop", "binary_crossentropy")
        return model

    def lstm_model(self) -> Any:
        return self._series("LSTM", S.SMALL)

    def lstm(self) -> dict[str, float]:
        return step_ms(self.lstm_model(), *S.series(S.SMALL), S.SMALL.batch)

    def gru(self) -> dict[str, float]:
        return step_ms(self._series("GRU", S.SMALL), *S.series(S.SMALL), S.SMALL.batch)

    def lstm_large(self) -> dict[str, float]:
        """With the FMA peak measured just before and after, by narae's kernels."""
        return with_peak(
            lambda: step_ms(self._series("LSTM", S.LARGE), *S.series(S.LARGE), S.LARGE.batch),
            self.keras.__name__ == "narae",
        )

    def embedding(self) -> dict[str, float]:
        work = S.SHORT_TEXT
        model = self._text(work, self.layers.LSTM(work.units))
        return step_ms(model, *S.labelled(work), work.batch)

    def bidirectional(self) -> dict[str, float]:
        work, both = S.MASKED_TEXT, self.layers.Bidirectional
        first = both(self.layers.LSTM(work.units, return_sequences=True))
        model = self._text(work, first, both(self.layers.LSTM(work.units)), mask_zero=True)
        return step_ms(model, *S.padded(work)[:2], work.batch)

    def stateful(self) -> dict[str, float]:
        """One step of one sequence, whose state stays in the layer."""
        model = self._series("LSTM", S.ONE, stateful=True)
        x = np.ones((1, S.ONE.steps, S.ONE.features), "float32")
        return {
            "call_ms": common.per_call_ms(lambda: np.asarray(model(x))),
            "on_batch_ms": common.per_call_ms(lambda: model.predict_on_batch(x)),
        }

    def first_lstm(self) -> dict[str, float]:
        """Seconds of the first step, compilation and all."""
        x, y = (array[: S.SMALL.batch] for array in S.series(S.SMALL))
        model = self._series("LSTM", S.SMALL)
        fit = lambda: model.fit(x, y, batch_size=S.SMALL.batch, verbose=0)  # noqa: E731
        return {"first_step_s": common.seconds(fit)}

    # -- transformers ------------------------------------------------------------------------------

    def _heads(self, work: S.Text) -> Any:
        return self.layers.MultiHeadAttention(work.heads, work.size // work.heads)

    def _dense(self, work: S.Text, x: Any, activation: str) -> Any:
        hidden = self.layers.Dense(work.wide, activation=activation)(x)
        return self.layers.Dense(work.size)(hidden)

    def encoder_model(self) -> Any:
        """A block of Vaswani et al. 2017 over tokens, a label for their mean."""
        work, norm = S.ENCODER, self.layers.LayerNormalization
        inputs = self.keras.Input((work.steps,), dtype="int32")
        x = self.layers.Embedding(work.words, work.size)(inputs)
        x = norm()(x + self._heads(work)(x, x))
        x = norm()(x + self._dense(work, x, "relu"))
        x = self.layers.GlobalAveragePooling1D()(x)
        model = self.keras.Model(inputs, self.layers.Dense(1, activation="sigmoid")(x))
        model.compile("rmsprop", "binary_crossentropy")
        return model

    def encoder(self) -> dict[str, float]:
        return step_ms(self.encoder_model(), *S.labelled(S.ENCODER), S.ENCODER.batch)

    def gpt(self) -> dict[str, float]:
        """Blocks as GPT-2 has them: normalized before, causal; the next token at each place."""
        work, norm = S.GPT, self.layers.LayerNormalization
        inputs = self.keras.Input((work.steps,), dtype="int32")
        places = self.keras.ops.arange(work.steps)
        x = self.layers.Embedding(work.words, work.size)(inputs)
        x = x + self.layers.Embedding(work.steps, work.size)(places)
        for _ in range(work.blocks):
            y = norm()(x)
            x = x + self._heads(work)(y, y, use_causal_mask=True)
            x = x + self._dense(work, norm()(x), "gelu")
        model = self.keras.Model(inputs, self.layers.Dense(work.words)(norm()(x)))
        loss = self.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("rmsprop", loss)
        return step_ms(model, *S.following(work), work.batch)


def step_ms(model: Any, x: Any, y: Any, batch: int) -> dict[str, float]:
    """Milliseconds of a training step, by `fit`."""

    def epochs(count: int) -> Any:
        return model.fit(x, y, epochs=count, batch_size=batch, verbose=0)

    return {"step_ms": common.per_step_ms(epochs, len(x) // batch)}


def with_peak(task: common.Task, measured: bool) -> dict[str, float]:
    """A task's figures, and the machine's FMA peak around it where that is measured."""
    if not measured:
        return task()
    import limits  # it compiles: a peer has no need of it

    before = limits.fma_gflops(limits.THREADS)
    found = task()
    return found | {"peak_gflops": (before + limits.fma_gflops(limits.THREADS)) / 2}
