"""Callbacks on a model that trains: backups, averages, checkpoints."""

from __future__ import annotations

import json

import numpy as np
import pytest

import narae
from narae import callbacks, layers

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = (X.sum(axis=1, keepdims=True) > 0).astype(np.float32)


def made(optimizer="adam"):
    """A model with weights that the seed decides, an optimizer with state, and a random layer."""
    narae.utils.set_random_seed(7)
    model = narae.Sequential(
        [layers.Dense(4, "relu"), layers.Dropout(0.2), layers.Dense(1, "sigmoid")]
    )
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


class Killed(Exception):
    pass


class Kill(narae.callbacks.Callback):
    """Ends the process, as far as a test can, after some steps."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise Killed


def fit(model, **arguments):
    return model.fit(X, Y, batch_size=8, epochs=4, verbose=0, **arguments)


def weights(model):
    return [np.array(v) for v in (*model.variables, *model.optimizer.variables)]


@pytest.mark.parametrize(
    ("save_freq", "double", "killed_at"),
    [("epoch", False, 12), (3, False, 13), (2, True, 9), (5, False, 11)],
)
def test_a_fit_that_was_killed_ends_as_if_it_were_not(tmp_path, save_freq, double, killed_at):
    whole = made()
    expected = fit(whole)

    def backup():
        return callbacks.BackupAndRestore(tmp_path / "b", save_freq, double_checkpoint=double)

    with pytest.raises(Killed):
        fit(made(), callbacks=[backup(), Kill(killed_at)])
    assert (tmp_path / "b" / "training_metadata.json").exists()
    model = made()
    history = fit(model, callbacks=[backup()])
    for got, wanted in zip(weights(model), weights(whole), strict=True):
        np.testing.assert_array_equal(got, wanted)
    done = len(history.epoch)
    assert 0 < done < 4
    assert history.epoch == [0, 1, 2, 3][-done:]
    for name, values in history.history.items():  # the metrics of the epoch that was cut, too
        assert values == expected.history[name][-done:]
    assert not (tmp_path / "b").exists()  # the fit is done


def test_backups_stay_when_asked_and_what_is_not_theirs_always(tmp_path):
    (tmp_path / "mine.txt").touch()
    fit(made(), callbacks=[callbacks.BackupAndRestore(tmp_path)])
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    model = made()
    fit(model, callbacks=[callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)])
    again = made()
    history = fit(again, callbacks=[callbacks.BackupAndRestore(tmp_path)])
    assert history.epoch == []  # all four are done
    np.testing.assert_array_equal(weights(again)[0], weights(model)[0])


def test_a_damaged_backup_gives_way_to_the_one_before(tmp_path):
    backup = callbacks.BackupAndRestore(tmp_path, 2, double_checkpoint=True)
    with pytest.raises(Killed):
        fit(made(), callbacks=[backup, Kill(9)])
    pointer = json.loads((tmp_path / "training_metadata.json").read_text())
    last, before = pointer["backups"]
    assert (last["epoch"], last["batch"]) == (1, 3)
    (tmp_path / last["weights"]).write_bytes(b"cut off")
    fit(made(), callbacks=[backup])
    assert backup.resumed_at == (before["epoch"], before["batch"]) == (1, 1)


def test_a_foreign_folder_is_refused(tmp_path):
    for text in ('{"epoch": 1, "batch": 0}', "not json", '{"backups": [{"weights": "../x"}]}'):
        (tmp_path / "training_metadata.json").write_text(text)
        with pytest.raises(ValueError, match="not written by narae's BackupAndRestore"):
            fit(made(), callbacks=[callbacks.BackupAndRestore(tmp_path)])


def test_ema_weights_are_tested_and_the_others_trained():
    def run(*more):
        model = made(narae.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.6))
        return fit(model, validation_data=(X, Y), callbacks=list(more)), model

    plain, model = run()
    swapped, other = run(callbacks.SwapEMAWeights())
    both, third = run(callbacks.SwapEMAWeights(swap_on_epoch=True))
    assert plain.history["loss"] == swapped.history["loss"] == both.history["loss"]
    assert plain.history["val_loss"] != swapped.history["val_loss"] == both.history["val_loss"]
    for m in (other, third):
        np.testing.assert_array_equal(weights(m)[0], weights(model)[0])
    # at the end the averages are in the model: what was seen last is what it has
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(
        swapped.history["val_loss"][-1], rel=1e-6
    )


def test_checkpoints_at_epochs_hold_the_averages():
    kept = []
    model = made(narae.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.6))
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(weights(model)[0]))
    swap = callbacks.SwapEMAWeights(swap_on_epoch=True)
    fit(model, callbacks=[swap, keep])
    np.testing.assert_array_equal(kept[-1], weights(model)[0])


def test_ema_needs_an_optimizer_that_keeps_averages():
    with pytest.raises(ValueError, match="use_ema=True"):
        fit(made(), callbacks=[callbacks.SwapEMAWeights()])


def test_checkpoints_are_models_and_the_best_is_kept(tmp_path):
    model = made()
    best = callbacks.ModelCheckpoint(tmp_path / "best.keras", "val_accuracy", save_best_only=True)
    each = callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    history = fit(model, validation_data=(X, Y), callbacks=[best, each])
    loaded = narae.saving.load_model(tmp_path / "best.keras")
    accuracy = loaded.evaluate(X, Y, verbose=0, return_dict=True)["accuracy"]
    assert accuracy == pytest.approx(max(history.history["val_accuracy"]))
    assert sorted(p.name for p in tmp_path.glob("*.h5")) == [
        f"{n}.weights.h5" for n in (1, 2, 3, 4)
    ]


def test_early_stopping_goes_back_to_the_best_weights():
    model = made(narae.optimizers.SGD(0.5))
    kept = []
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(weights(model)[0]))
    # the loss falls, so "max" is best at the first epoch
    stop = callbacks.EarlyStopping("loss", patience=2, mode="max", restore_best_weights=True)
    history = fit(model, callbacks=[keep, stop])
    assert len(history.epoch) == 3
    np.testing.assert_array_equal(weights(model)[0], kept[0])
    assert not np.array_equal(kept[0], kept[1])


def test_a_generator_that_runs_out_ends_the_fit():
    def batches():
        for start in range(0, 40, 8):
            yield X[start : start + 8], Y[start : start + 8]

    model = made()
    with pytest.warns(UserWarning, match="ran out of data; interrupting training"):
        history = model.fit(batches(), epochs=3, verbose=0, shuffle=False)
    assert history.epoch == [0]
    assert int(model.optimizer.iterations.numpy()) == 5


def test_logs_are_plain_numbers():
    seen = []
    look = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(logs),
        on_epoch_end=lambda epoch, logs: seen.append(logs),
    )
    fit(made(), callbacks=[look], validation_split=0.25)
    assert all(type(value) is float for logs in seen for value in logs.values())
