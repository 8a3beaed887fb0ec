"""A lab: one network at a time, in a thread of its own that does all that is done to it.

What the page asks for is done between two steps of `fit`, so nothing else touches the network while a
step runs, and the event loop never waits for one.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar

from narae.app.batches import Batches
from narae.app.bounds import BadMessage
from narae.app.doctor import Doctor
from narae.app.inside.edits import Hand
from narae.app.inside.pictures import inside
from narae.app.inside.requests import Edit, Look
from narae.app.messages import Control, Message, Rate, Speed, Train
from narae.app.networks import Network, build
from narae.app.progress import Progress
from narae.app.shuffling import shuffled
from narae.app.tasks import TASKS, Task
from narae.app.turns import Turn
from narae.callbacks import Callback, EarlyStopping

T = TypeVar("T")
Send = Callable[[dict[str, Any]], None]
# Trainings that do no more steps by themselves.
ENDED = ("done", "stopped", "diverged", "failed")
NICE = 5
NO_NETWORK = "there is no network yet: train one first"


class NoNetwork(ValueError):
    """Something was asked of a network that is not there yet."""


def yield_to_others() -> None:
    """Let the system prefer the event loop to this thread, where each thread has its own priority (Linux)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a container may not allow it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


class Lab:
    """Trains one network after the other, as the messages say.

    task: what messages name, and what is trained unless they say more; send: called in the lab's thread with
    each message for the page; progress: what tells of a training, step by step.
    """

    def __init__(self, task: str, send: Send, progress: type[Progress] = Progress) -> None:
        self.task, self._send, self._tells = task, send, progress
        self._turn = self._next_turn = Turn()
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wanted: Train | None = None
        self._due = self._closed = self._paused = False
        self._credit, self._delay, self._run, self._epochs = 0, 0.0, 0, 0
        self._network: Network | None = None
        self._look, self._hand = Look(task, False, 2, None), Hand()
        self._state = "empty"
        self._thread = threading.Thread(target=self._serve, name=f"narae-{task}", daemon=True)
        self._thread.start()

    # -- from other threads ------------------------------------------------------------------

    def ask(self, message: Message) -> None:
        """Do what a message says, before the next step."""
        self._jobs.put(lambda: _DO[type(message)](self, message))

    def train(self, message: Train, turn: Turn) -> None:
        """Train a network, each step when it is its turn."""

        def begin() -> None:
            self._train(message)
            self._next_turn = turn

        self._jobs.put(begin)

    def progress(self) -> Progress | None:
        """What tells of the training; None before there is a network. For when the training has ended."""
        return None if self._network is None or self._closed else self._progress

    def wake(self) -> None:
        """Look again whose turn it is."""
        self._jobs.put(lambda: None)

    def waiting(self) -> int:
        """How many messages and calls wait for the end of a step."""
        return self._jobs.qsize()

    def call(self, function: Callable[[Network], T]) -> Future[T]:
        """Call a function with the network, before the next step. The Future raises NoNetwork when
        there is none."""
        future: Future[T] = Future()
        self._jobs.put(lambda: self._answer(function, future))
        return future

    def close(self) -> None:
        """End the training and the thread."""
        self._closed = True
        self._jobs.put(lambda: None)

    def join(self, timeout: float) -> bool:
        """Wait for the end of the thread; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # -- in the lab's thread -----------------------------------------------------------------

    def _serve(self) -> None:
        yield_to_others()
        while not self._closed:
            self._jobs.get()()
            while self._due and not self._closed:
                self._due = False
                self._begin()
        while not self._jobs.empty():  # nobody waits for an answer that does not come
            self._jobs.get()()

    def _answer(self, function: Callable[[Network], T], future: Future[T]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            if self._network is None or self._closed:
                raise NoNetwork(NO_NETWORK)
            future.set_result(function(self._network))
        except Exception as error:
            future.set_exception(error)

    def _begin(self) -> None:
        try:
            if self._wanted is not None:
                self._prepare(self._wanted)
            self._fit()
        except Exception as error:  # whatever it was, the page is told and the session goes on
            named = "" if isinstance(error, BadMessage) else f"{type(error).__name__}: "
            self._tell("failed", reason=f"{named}{error}")
        self._turn.ended()

    def _prepare(self, wanted: Train) -> None:
        self._wanted, self._network, self._turn = None, None, self._next_turn
        self._paused, self._credit, self._epochs = wanted.paused, 0, 0
        self._run += 1
        self._tell("building")
        self._knobs = wanted.knobs
        self._data: Task = shuffled(TASKS[wanted.task](wanted.knobs), wanted.knobs)
        size, seed = wanted.knobs["batch_size"], wanted.knobs["seed"]
        self._batches = Batches(self._data.x, self._data.y, size, seed)
        network = build(wanted.knobs, self._data.x.shape[1], self._data.target)
        self._hand.take(network.model)
        self._progress = self._tells(
            network,
            self._data,
            lambda found: self._say(**{"kind": "progress", **found}),
            lambda: inside(network, self._data, self._look, self._hand),
        )
        self._network = network
        self._doctor = Doctor(wanted.knobs, self._data, network)
        self._say(
            "begun",
            depth=network.depth,
            parameters=network.parameters,
            per_epoch=len(self._batches),
            **self._data.opening,
        )
        self._turn.begun(len(self._batches))

    def _fit(self) -> None:
        network = self._network
        if network is None:
            return
        self._tell("paused" if self._paused else "running")
        self._progress.report(whole=True)
        stopping, more = self._stopping()
        network.model.fit(
            self._batches,
            shuffle=False,
            initial_epoch=self._epochs,
            epochs=self._epochs + self._knobs["epochs"],
            verbose=0,
            callbacks=[_Hooks(self), *stopping],
            **more,
        )
        if self._over():
            return
        self._progress.end()
        if self._state == "diverged":
            return
        self._progress.report(whole=True)
        if stopping and stopping[0].stopped_epoch:
            self._tell("stopped", best=stopping[0].best_epoch + 1)
        else:
            self._tell("done")

    def _stopping(self) -> tuple[list[EarlyStopping], dict[str, Any]]:
        """Callbacks and arguments of `fit` for a training that ends when validation gets no better."""
        if not self._knobs["patience"]:
            return [], {}
        x, y = self._data.validation_x, self._data.validation_y
        if not len(x):
            raise BadMessage("early stopping needs test points: place more, or set patience to 0")
        stopping = EarlyStopping(patience=self._knobs["patience"], restore_best_weights=True)
        return [stopping], {"validation_data": (x, y), "validation_batch_size": len(x)}

    def _over(self) -> bool:
        return self._closed or self._due

    def before_step(self) -> None:
        """Do what was asked for; wait while paused, or for as long as slow motion says."""
        until = time.monotonic() + self._delay
        while not self._over():
            asked = not self._paused or self._credit or self._turn.due()
            held = not (asked and self._turn.mine())
            left = None if held else max(0.0, until - time.monotonic() if not self._credit else 0.0)
            try:
                job = self._jobs.get(timeout=left) if left != 0.0 else self._jobs.get_nowait()
            except queue.Empty:
                break
            job()
        if self._over() and self._network is not None:
            self._network.model.stop_training = True

    def after_step(self, logs: dict[str, float]) -> None:
        """Count a step, and tell the page of it when it is time."""
        watched = self._paused or self._delay >= 0.1
        self._credit = max(0, self._credit - 1)
        if not self._over():
            self._say_found(self._doctor.step(logs))
            diverged = self._progress.step(logs, at_once=watched)
            if diverged and self._network is not None:
                self._network.model.stop_training = True
                self._tell("diverged")
            self._turn.stepped()

    def after_epoch(self) -> None:
        """Count an epoch."""
        if not self._over():
            self._epochs += 1
            self._progress.epoch()
            self._say_found(self._doctor.epoch())

    def _say_found(self, findings: Iterable[dict[str, Any]]) -> None:
        for finding in findings:
            self._say("finding", **finding)

    def _train(self, message: Train) -> None:
        self._wanted, self._due = message, True

    def _control(self, message: Control) -> None:
        if self._network is None:
            self._say("error", code="no_network", message=NO_NETWORK)
            return
        paused, self._credit = message.action != "resume", int(message.action == "step")
        changed, self._paused = paused != self._paused, paused
        if self._state in ENDED:
            self._due = self._turn.again and message.action != "pause"
        elif changed:
            self._tell("paused" if paused else "running")
            if paused and not self._credit:
                self._progress.report(whole=True)

    def _speed(self, message: Speed) -> None:
        self._delay = message.delay

    def _rate(self, message: Rate) -> None:
        if self._network is not None:
            self._network.model.optimizer.learning_rate = message.learning_rate

    def _see(self, message: Look) -> None:
        self._look = message
        if self._network is not None:
            self._progress.report(whole=True)

    def _edit(self, message: Edit) -> None:
        if self._network is None:
            self._say("error", code="no_network", message=NO_NETWORK)
            return
        try:
            self._hand.do(message, self._progress.steps)
        except BadMessage as error:  # it meant another network: training goes on
            self._say("error", code="bad_message", message=str(error))
            return
        self._progress.report(whole=True)

    def _tell(self, state: str, **more: Any) -> None:
        self._state = state
        self._say("status", state=state, **more)

    def _say(self, kind: str, **fields: Any) -> None:
        if not self._closed:
            self._send({"type": kind, "task": self.task, "run": self._run, **fields})


_DO: dict[type, Callable[[Lab, Any], None]] = {
    Train: Lab._train,
    Control: Lab._control,
    Speed: Lab._speed,
    Rate: Lab._rate,
    Look: Lab._see,
    Edit: Lab._edit,
}


class _Hooks(Callback):
    """Hands fit's steps to the lab."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a step."""
        self._lab.before_step()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a step."""
        self._lab.after_step(logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After an epoch."""
        self._lab.after_epoch()
