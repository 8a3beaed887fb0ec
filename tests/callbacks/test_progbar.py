"""The progress bar: what is drawn, where, and how often."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace

import pytest

from narae.callbacks import CallbackList
from narae.utils import progbar
from narae.utils.progbar import Progbar

ANSI = re.compile(r"\x1b\[\d+m")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when the test says so."""
    now = [100.0]
    monkeypatch.setattr(progbar.time, "perf_counter", lambda: now[0])

    def forward(seconds: float) -> None:
        now[0] += seconds

    return forward


@pytest.fixture
def terminal(monkeypatch):
    out = Terminal()
    monkeypatch.setattr(progbar, "sys", SimpleNamespace(stdout=out, modules={}))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return out


def test_a_live_bar_in_keras_look(terminal, clock):
    bar = Progbar(4)
    clock(3.0)
    bar.update(1, lambda: {"loss": 0.5})
    clock(2.0)
    bar.update(2, lambda: {"loss": 0.25})
    bar.update(4, lambda: {"loss": 0.125, "val_loss": 0.00001})
    lines = ANSI.sub("", terminal.getvalue()).split("\r")
    full = "━" * 20
    assert lines == [
        "",
        f"1/4 {full} 9s 3s/step - loss: 0.5000",
        f"2/4 {full} 4s 2s/step - loss: 0.2500",
        f"4/4 {full} 5s 667ms/step - loss: 0.1250 - val_loss: 1.0000e-05\n",
    ]
    assert "\x1b[32m━━━━━━━━━━\x1b[0m\x1b[37m━━━━━━━━━━\x1b[0m" in terminal.getvalue()


def test_no_color_tells_done_from_not_done_all_the_same(terminal, clock, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    Progbar(2).update(1, [("loss", 0.5)])
    assert "\x1b" not in terminal.getvalue()
    assert "━━━━━━━━━━──────────" in terminal.getvalue()


def test_drawings_are_limited_in_rate(terminal, clock):
    bar, asked = Progbar(1000, interval=0.05), []
    for step in range(1, 1000):
        bar.update(step, lambda: asked.append(1) or {"loss": 1.0})
        clock(0.001)
    assert 15 <= terminal.getvalue().count("\r") <= 21
    assert len(asked) == terminal.getvalue().count("\r")


def test_a_live_line_fits_the_terminal_and_leaves_nothing_behind(terminal, clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    bar = Progbar(3, interval=0)
    bar.update(1, lambda: {"a_long_name_of_a_metric": 1.0})
    bar.update(2, lambda: {"a_long_name_of_a_metric": 1.0})
    bar._sums.clear()
    bar.update(3, dict)
    first, second, last = ANSI.sub("", terminal.getvalue()).split("\r")[1:]
    assert len(first) == len(second) == 49
    assert len(last.rstrip("\n")) >= 49  # blanks over what was there
    assert "metric" not in last


def test_elsewhere_one_line_at_the_end(capsys, clock):
    bar = Progbar(300)
    for step in range(1, 301):
        clock(0.1)
        bar.update(step, [("loss", float(step))])
    out = capsys.readouterr().out
    assert out == f"300/300 {'━' * 20} 30s 100ms/step - loss: 300.0000\n"


@pytest.mark.parametrize("told", [[50], [20, 50], [1, 50], [50, 50]])
def test_steps_that_are_told_together_have_their_time(capsys, clock, told):
    """A run of many steps is told when it is over."""
    bar, seen = Progbar(50, verbose=2), 0
    for steps in told:
        clock(0.1 * (steps - seen))
        bar.update(steps, [("loss", 1.0)], finalize=False)
        seen = steps
    bar.update(50, [("loss", 1.0)], finalize=True)
    assert capsys.readouterr().out == "50/50 - 5s - 100ms/step - loss: 1.0000\n"


@pytest.mark.parametrize("names", [{"stateful_metrics": ["last"]}, {"stateless_metrics": ["mean"]}])
def test_values_are_averaged_unless_stateful(terminal, clock, names):
    bar = Progbar(5, interval=0, **names)
    bar.update(1, [("mean", 1.0), ("last", 1.0)])
    bar.add(3, [("mean", 5.0), ("last", 5.0)])
    assert terminal.getvalue().endswith("mean: 4.0000 - last: 5.0000")
    bar.add(1, [("mean", 7.0), ("last", 6.0)])
    assert terminal.getvalue().endswith("mean: 7.0000 - last: 6.0000\n")


def test_one_kind_of_names():
    with pytest.raises(ValueError, match="not both"):
        Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])


def test_an_unknown_target(terminal, clock):
    bar = Progbar(None, interval=0)
    bar.update(7)
    assert ANSI.sub("", terminal.getvalue()) == "\r      7/Unknown 0s <1us/step"


def test_silence(capsys):
    Progbar(1, verbose=0).update(1, [("loss", 1.0)])
    assert capsys.readouterr().out == ""


def test_an_encoding_without_the_sign(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    Progbar(2).update(2, [("größe", 1.0)])
    assert raw.getvalue().startswith(b"2/2 ==================== 0s ")
    assert b"gr??e: 1.0000\n" in raw.getvalue()


def test_no_console(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    Progbar(1).update(1)


def test_fit_shows_epochs_and_their_metrics(capsys):
    listed = CallbackList(add_progbar=True, verbose="auto", epochs=2, steps=None)
    listed.on_train_begin()
    for epoch in range(2):
        listed.on_epoch_begin(epoch)
        for batch in range(3):
            listed.on_train_batch_end(batch, lambda: {"loss": 1.0})
        listed.on_test_begin()
        listed.on_test_batch_end(0, lambda: {"loss": 9.0})
        listed.on_test_end({"loss": 9.0})
        listed.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 9.0})
    listed.on_train_end()
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[2]] == ["Epoch 1/2", "Epoch 2/2"]
    for line in (lines[1], lines[3]):
        assert line.startswith("3/3 ━")
        assert line.endswith("/step - loss: 0.5000 - val_loss: 9.0000")
    assert len(lines) == 4


@pytest.mark.parametrize("verbose", [1, 2])
def test_evaluate_and_predict_have_a_line_each(capsys, verbose):
    for kind in ("test", "predict"):
        listed = CallbackList(add_progbar=True, verbose=verbose, steps=1)
        getattr(listed, f"on_{kind}_begin")()
        getattr(listed, f"on_{kind}_batch_end")(0, lambda: {"outputs": object()})
        getattr(listed, f"on_{kind}_end")({"loss": 2.0})
    test, predict = capsys.readouterr().out.splitlines()
    assert test.startswith("1/1 ")
    assert test.endswith("step - loss: 2.0000")
    assert predict.endswith("step")


@pytest.mark.oracle
def test_a_line_per_epoch_is_keras_own(keras, capsys):
    lines = []
    for bar in (keras.utils.Progbar(3, verbose=2), Progbar(3, verbose=2)):
        for step in (1, 2, 3):
            bar.update(step, [("loss", 1.0 / step), ("small", 1e-6)])
        lines.append(re.sub(r"\d+[mu]?s", "T", capsys.readouterr().out))
    assert lines[0] == lines[1]


def test_steps_that_are_told_together_share_their_time(clock, capsys):
    bar = Progbar(38, verbose=2)
    clock(0.01)
    bar.update(37, [("loss", 1.0)])  # as they begin
    clock(3.79)
    bar.update(38, [("loss", 1.0)])
    assert capsys.readouterr().out.startswith("38/38 - 4s - 100ms/step")
