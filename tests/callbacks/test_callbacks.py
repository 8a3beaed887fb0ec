"""Callbacks by themselves: what they check, warn of, and write."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from tests.callbacks.fakes import Model, drive

from narae import callbacks
from narae.base.errors import NotYet
from narae.callbacks import Callback, CallbackList

WRONG = {
    "ending": (lambda: callbacks.ModelCheckpoint("a.model"), ValueError, "must end in `.keras`"),
    "weights' ending": (
        lambda: callbacks.ModelCheckpoint("a.keras", save_weights_only=True),
        ValueError,
        "must end in `.weights.h5`",
    ),
    "save_freq": (
        lambda: callbacks.ModelCheckpoint("a.keras", save_freq=0),
        ValueError,
        "save_freq: 0",
    ),
    "backup's save_freq": (
        lambda: callbacks.BackupAndRestore("b", "day"),
        ValueError,
        "save_freq: 'day'",
    ),
    "backup_dir": (lambda: callbacks.BackupAndRestore(""), ValueError, "Empty `backup_dir`"),
    "factor": (lambda: callbacks.ReduceLROnPlateau(factor=1.0), ValueError, "factor below 1"),
    "argument": (lambda: callbacks.ReduceLROnPlateau(epsilon=1), ValueError, "epsilon"),
    "hook": (lambda: callbacks.LambdaCallback(on_epoch=1), ValueError, "no hook 'on_epoch'"),
    "no callback": (lambda: CallbackList([3]), TypeError, "Callback objects, got 3"),
    "class": (
        lambda: CallbackList(callbacks.EarlyStopping),
        TypeError,
        r"pass an object, EarlyStopping\(",
    ),
    "verbose": (lambda: CallbackList(verbose=3), ValueError, "verbose is 0.*got 3"),
    "TensorBoard": (lambda: callbacks.TensorBoard, NotYet, r"yet: History\.plot"),
    "name": (lambda: callbacks.EarlyStop, AttributeError, "Did you mean 'EarlyStopping'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_says_what_is_wrong(case):
    make, kind, message = WRONG[case]
    with pytest.raises(kind, match=message):
        make()


def test_a_folder_is_tried_before_training(tmp_path):
    blocker = tmp_path / "file"
    blocker.touch()
    for made in (
        callbacks.ModelCheckpoint(blocker / "sub" / "m.keras"),
        callbacks.CSVLogger(blocker / "sub" / "log.csv"),
        callbacks.BackupAndRestore(blocker / "sub"),
    ):
        made.set_model(Model())
        with pytest.raises(OSError, match=f"cannot make the folder {blocker / 'sub'}"):
            made.on_train_begin()
    (tmp_path / "d.keras").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        callbacks.ModelCheckpoint(tmp_path / "d.keras").on_train_begin()
    callbacks.ModelCheckpoint(tmp_path / "new" / "deep" / "m.keras").on_train_begin()
    assert (tmp_path / "new" / "deep").is_dir()  # a missing one is made, as in Keras


def test_a_folder_without_permission_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    with pytest.raises(PermissionError, match=f"cannot write to the folder {tmp_path}"):
        callbacks.ModelCheckpoint(tmp_path / "m.keras").on_train_begin()


def test_unknown_names_in_a_path_are_told(tmp_path):
    keep = callbacks.ModelCheckpoint(tmp_path / "{acc}.keras")
    with pytest.raises(KeyError, match=r"acc.*; the names at hand are epoch, loss"):
        drive(keep, [{"loss": 1.0}])


@pytest.mark.parametrize(
    "watch",
    [
        lambda: callbacks.EarlyStopping("val_loss"),
        lambda: callbacks.ReduceLROnPlateau("val_loss"),
        lambda: callbacks.ModelCheckpoint("m.keras", save_best_only=True),
    ],
)
def test_a_missing_metric_is_warned_about_with_what_there_is(watch):
    message = r"`val_loss` which is not available.*loss,mae.*validation_data"
    made = watch()
    with pytest.warns(UserWarning, match=message):
        _, model = drive(made, [{"loss": 1.0, "mae": 2.0}])
    # Keras saves rather than lose a model whose value it does not know
    assert bool(model.saved) == isinstance(made, callbacks.ModelCheckpoint)


def test_an_unknown_direction_is_an_error():
    watch = callbacks.EarlyStopping("reward")
    model = Model(metrics=[SimpleNamespace(name="loss"), SimpleNamespace(name="reward")])
    with pytest.raises(ValueError, match=r"monitor=reward.*mode='max'.*loss, reward"):
        drive(watch, [{"reward": 1.0}], model)


def test_an_unknown_mode_falls_back():
    with pytest.warns(UserWarning, match="mode 'most' is unknown"):
        assert callbacks.EarlyStopping(mode="most").mode == "auto"


def test_reduce_lr_waits_cools_down_and_stops_at_the_least(capsys):
    reduce = callbacks.ReduceLROnPlateau("loss", 0.1, 2, cooldown=1, min_lr=0.005, verbose=1)
    seen, _ = drive(reduce, [{"loss": 1.0}] * 9)
    rates = [log["learning_rate"] for log in seen]
    assert rates == pytest.approx([0.1] * 3 + [0.01] * 2 + [0.005] * 4)
    assert "Epoch 3: ReduceLROnPlateau reducing learning rate to 0.01" in capsys.readouterr().out


@pytest.mark.parametrize("bad", ["fast", None, True, np.ones(2)])
def test_a_schedule_gives_a_float(bad):
    with pytest.raises(ValueError, match=r"should be a float\. Got"):
        drive(callbacks.LearningRateScheduler(lambda epoch: bad), [{}])


def test_an_error_within_a_schedule_is_its_own():
    def schedule(epoch, rate):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        drive(callbacks.LearningRateScheduler(schedule), [{}])


def test_terminate_on_nan(capsys):
    stop = callbacks.TerminateOnNaN()
    seen, _ = drive(stop, [{"loss": 1.0}, {"loss": math.inf}, {"loss": 1.0}], batches=2)
    assert len(seen) == 2
    assert "Batch 0: Invalid loss, terminating training" in capsys.readouterr().out


def test_lambda_callback_counts_as_what_it_overrides():
    assert CallbackList(callbacks.LambdaCallback(on_train_batch_end=print)).wants_batches
    assert not CallbackList(callbacks.LambdaCallback(on_epoch_end=print)).wants_batches


class OldName(Callback):
    def __init__(self):  # without super().__init__()
        self.seen = []

    def on_batch_end(self, batch, logs=None):
        self.seen.append((batch, logs))


def test_who_wants_batches():
    stop = callbacks.EarlyStopping()
    assert not CallbackList([stop], add_history=True, add_progbar=True).wants_batches
    assert CallbackList([callbacks.TerminateOnNaN()]).wants_batches
    assert CallbackList([OldName()]).wants_batches
    listed = CallbackList()
    listed.append(OldName())
    assert listed.wants_batches


def test_logs_are_made_once_and_only_when_wanted(capsys):
    made = []

    def logs():
        made.append(1)
        return {"loss": 0.5}

    CallbackList(add_history=True, add_progbar=True, verbose=1).on_train_batch_end(0, logs)
    assert not made
    one, two = OldName(), OldName()
    CallbackList([one, two]).on_train_batch_end(3, logs)
    assert one.seen == two.seen == [(3, {"loss": 0.5})]
    assert len(made) == 1


def test_all_see_what_others_add_and_history_comes_last():
    adds = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(extra=epoch))
    listed = CallbackList([adds], add_history=True, model=SimpleNamespace())
    for epoch in range(2):
        listed.on_epoch_end(epoch, {"loss": 1.0})
    assert listed.history.history == {"loss": [1.0, 1.0], "extra": [0, 1]}
    assert listed.model.history is listed.history


def test_a_history_that_is_passed_is_the_one():
    mine = callbacks.History()
    assert CallbackList([mine], add_history=True).history is mine
    assert CallbackList([mine]).history is mine
    assert CallbackList().history is None


def test_history_plots_each_metric_where_it_was_measured(tmp_path):
    pytest.importorskip("matplotlib")
    history = callbacks.History()
    with pytest.raises(ValueError, match="history is empty"):
        history.plot()
    for epoch in range(4):
        validated = {"val_loss": 2.0} if epoch % 2 else {}
        history.on_epoch_end(epoch, {"loss": 1.0 - epoch} | validated)
    figure = history.plot(tmp_path / "curves.png")
    (axes,) = figure.axes
    assert axes.get_title() == "loss"
    assert [line.get_label() for line in axes.lines] == ["training", "validation"]
    assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2, 3, 4], [2, 4]]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    history.on_epoch_end(0, {"loss": 0.0})  # another fit with the same History
    assert list(history.plot().axes[0].lines[0].get_xdata()) == [1, 2, 3, 4, 5]
