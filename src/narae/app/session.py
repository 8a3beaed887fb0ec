"""One browser tab: its messages, its networks, and the end of both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from narae.app.bounds import BadMessage
from narae.app.budget import TOO_MANY, Budget
from narae.app.digits import digits
from narae.app.drawing import read_drawing, seen_by_network
from narae.app.evaluation import evaluate
from narae.app.experiments import EXPERIMENTS
from narae.app.inside.asking import carried
from narae.app.inside.requests import Edit, Look, Sample
from narae.app.knobs import DEFAULTS, KNOBS
from narae.app.lab import NO_NETWORK, Lab, NoNetwork
from narae.app.map_requests import Map, Place, Stop
from narae.app.maps import Drawn, Layers, begin, descend
from narae.app.messages import (
    Code,
    Compare,
    Control,
    Draw,
    Evaluate,
    Message,
    Rate,
    Save,
    Speed,
    Train,
    parse,
    text_of,
)
from narae.app.networks import Network
from narae.app.pair import Pair
from narae.app.pretrained import Library
from narae.app.script import saved, script
from narae.app.tables.requests import Columns, Desk, Upload

# Messages that wait for a slow page, or for its lab. Beyond it, progress is left out, which comes again
# soon, and the page's own messages are not read: its answers would only pile up here.
_WAITING = 16
_PATIENCE = 10.0  # seconds that a lab gets to end
_STALLED = 60.0  # seconds without a page taking anything: it is gone, or never meant to read


class NotReady(ValueError):
    """A network of the library that is still being trained."""


_CODES = {BadMessage: "bad_message", NoNetwork: "no_network", NotReady: "not_ready"}


class Session:
    """Reads the messages of one WebSocket, and answers; `run` lasts as long as the connection."""

    def __init__(self, socket: WebSocket, library: Library) -> None:
        self._socket, self._library = socket, library
        self._loop = asyncio.get_running_loop()
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._budget = Budget()
        self._taken = asyncio.Event()  # set when a message has gone out
        self._labs: dict[str, Lab | Pair] = {}
        self._desk = Desk()
        self._drawn: Drawn | None = None
        self._mapping: asyncio.Task[None] | None = None
        self._evaluating: asyncio.Task[None] | None = None

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message soon; from any thread."""
        if self._full(message):
            return
        text = text_of(message)  # here: thousands of points would hold up the event loop
        with contextlib.suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(self._out.put_nowait, text)

    def _put(self, message: dict[str, Any]) -> None:
        if not self._full(message):
            self._out.put_nowait(text_of(message))

    def _full(self, message: dict[str, Any]) -> bool:
        """Whether a message is left out because the page is slow: progress comes again soon."""
        return message["type"] == "progress" and self._out.qsize() >= _WAITING

    async def run(self) -> None:
        """Greet, then read and write until the page is closed; then end what was begun."""
        knobs = {name: bound.described() for name, bound in KNOBS.items()}
        experiments = {name: found.described() for name, found in EXPERIMENTS.items()}
        self._put(
            {
                "type": "welcome",
                "knobs": knobs,
                "defaults": DEFAULTS,
                "experiments": experiments,
            }
        )
        self._put(self._library.news())
        both = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:  # a page that is gone may be noticed by either
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            both += [task for task in (self._evaluating, self._mapping) if task is not None]
            for task in both:
                task.cancel()
            for lab in self._labs.values():
                lab.close()
            for task in both:
                with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task
            for lab in self._labs.values():
                await run_in_threadpool(lab.join, _PATIENCE)

    async def _write(self) -> None:
        """Send what there is to say, until the page does not take it for too long."""
        with contextlib.suppress(TimeoutError):
            while True:
                text = await self._out.get()
                await asyncio.wait_for(self._socket.send_text(text), _STALLED)
                self._taken.set()

    async def _room(self) -> None:
        """Wait until the page has taken most of what there is to say to it."""
        await asyncio.sleep(
            0
        )  # messages may lie ready: other sessions have their turn between them
        while self._out.qsize() >= _WAITING:
            self._taken.clear()
            await self._taken.wait()

    async def _read(self) -> None:
        while True:
            await self._room()
            event = await self._socket.receive()
            if event["type"] == "websocket.disconnect":
                return
            try:
                text = event.get("text")
                if text is None:
                    raise BadMessage("expected text, got bytes")
                message = parse(text)
                if self._budget.warns(message):
                    self._put({"type": "error", "code": "too_many", "message": TOO_MANY})
                await self._budget.wait(message)
                await self._obey(message)
            except (BadMessage, NoNetwork, NotReady) as error:
                await self._budget.wait(None)
                self._put({"type": "error", "code": _CODES[type(error)], "message": str(error)})
            except Exception as error:  # ours to mend, but neither the page's end nor the server's
                self._put({"type": "error", "code": "failed", "message": _named(error)})

    async def _obey(self, message: Message) -> None:
        await _DO[type(message)](self, message)

    async def _draw(self, message: Draw) -> None:
        if message.network == "mine":
            read = partial(_read_by, message.image)
            self._put(await self._call(read))
            return
        reader = self._reader(message.network)
        self._put(
            await run_in_threadpool(read_drawing, message.image, message.network, reader.layers)
        )

    async def _evaluate(self, message: Evaluate) -> None:
        if self._evaluating is not None and not self._evaluating.done():
            raise BadMessage("an evaluation is running: wait for its result")
        reader = None if message.network == "mine" else self._reader(message.network)
        lab = self._labs.get("digits")
        if reader is None and lab is None:
            raise NoNetwork(NO_NETWORK)
        self._evaluating = asyncio.create_task(self._report(message.network, reader))

    async def _report(self, network: str, reader: Any) -> None:
        try:
            if reader is None:
                found = await self._call(_evaluate_mine)
            else:
                found = await run_in_threadpool(_evaluated, reader.predict)
            self._put({**found, "network": network})
        except Exception as error:
            code = _CODES.get(type(error), "failed")
            self._put({"type": "error", "code": code, "message": _named(error)})

    async def _sample(self, message: Sample) -> None:
        if message.network in ("dense", "conv"):
            reader = self._reader(message.network)
            ask = partial(carried, asked=message)
            self._put(await run_in_threadpool(reader.ask, ask))
            return
        task = "plane" if message.network == "plane" else "digits"
        self._put(
            await self._call(
                lambda network: carried(network.model, message, network.features), task
            )
        )

    async def _code(self, message: Code) -> None:
        text = await run_in_threadpool(script, message.task, message.knobs)
        self._put({"type": "code", "task": message.task, "text": text})

    async def _save(self, message: Save) -> None:
        found = await self._call(lambda network: saved(network, message.knobs), message.task)
        self._put({**found, "task": message.task})

    async def _map(self, message: Map) -> None:
        await self._stop_map()
        opening, drawn, rows = await self._layered(message.network, partial(begin, message))
        self._drawn = drawn
        self._put(opening)
        if message.method == "tsne":
            start = drawn.found.place(rows)
            self._mapping = asyncio.create_task(self._descend(rows, start, message.perplexity))

    async def _descend(self, rows: np.ndarray, start: np.ndarray, perplexity: float) -> None:
        async for message in descend(rows, start, perplexity):
            await self._room()
            self._put(message)

    async def _stop_map(self, message: Stop | None = None) -> None:
        if self._mapping is not None:
            self._mapping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._mapping
        self._mapping = None

    async def _place(self, message: Place) -> None:
        seen = seen_by_network(message.image)
        if seen is None or self._drawn is None:
            self._put({"type": "placed", "point": None})
            return
        place = partial(self._drawn.place, seen)
        self._put(await self._layered(self._drawn.asked.network, place))

    async def _layered(self, network: str, function: Callable[[Layers], Any]) -> Any:
        """What a function makes of the outputs of all layers of a network, which it is given a function for."""
        if network == "mine":
            return await self._call(lambda mine: function(layers_of(mine)))
        return await run_in_threadpool(function, self._reader(network).layers)

    async def _upload(self, message: Upload) -> None:
        if self._desk.add(message):
            self._put(await run_in_threadpool(self._desk.read))

    async def _columns(self, message: Columns) -> None:
        self._put(await run_in_threadpool(self._desk.choose, message.chosen))

    async def _call(
        self, function: Callable[[Network], dict[str, Any]], task: str = "digits"
    ) -> dict[str, Any]:
        """What a task's lab makes of a function of its network."""
        lab = self._labs.get(task)
        if lab is None:
            raise NoNetwork(NO_NETWORK)
        return await asyncio.wrap_future(lab.call(function))

    def _reader(self, name: str) -> Any:
        reader = self._library.get(name)
        if reader is None:
            raise NotReady(f"the network {name!r} is still being trained")
        return reader

    async def _lab(self, message: Train | Control | Speed | Rate | Look | Edit) -> None:
        if isinstance(message, Train) and message.task not in self._labs:
            self._labs[message.task] = Lab(message.task, self.tell)
        await self._asked(self._labs.get(message.task), message)

    async def _compare(self, message: Compare) -> None:
        if "compare" not in self._labs:
            self._labs["compare"] = Pair(self.tell)
        await self._asked(self._labs["compare"], message)

    async def _asked(self, lab: Lab | Pair | None, message: Message) -> None:
        if lab is None:
            raise NoNetwork(NO_NETWORK)
        while lab.waiting() >= _WAITING:
            await asyncio.sleep(0.01)
        lab.ask(message)


_DO: dict[type, Callable[[Session, Any], Awaitable[None]]] = {
    Draw: Session._draw,
    Evaluate: Session._evaluate,
    Train: Session._lab,
    Compare: Session._compare,
    Control: Session._lab,
    Speed: Session._lab,
    Rate: Session._lab,
    Look: Session._lab,
    Edit: Session._lab,
    Sample: Session._sample,
    Code: Session._code,
    Save: Session._save,
    Map: Session._map,
    Place: Session._place,
    Stop: Session._stop_map,
    Upload: Session._upload,
    Columns: Session._columns,
}


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _read_by(image: np.ndarray, network: Network) -> dict[str, Any]:
    """A drawing, read by the session's own network."""
    untrained = int(np.asarray(network.model.optimizer.iterations)) == 0
    return {**read_drawing(image, "mine", layers_of(network)), "untrained": untrained}


def layers_of(network: Network) -> Layers:
    """The outputs of all layers of a session's own network, for images (n, 28, 28)."""

    def layers(images: np.ndarray) -> list[np.ndarray]:
        found = network.view.predict_on_batch(images.reshape(len(images), -1))
        return [np.asarray(out) for out in (found if isinstance(found, list) else [found])]

    return layers


def _evaluated(predict: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    data = digits()
    return evaluate(predict, data.test_x.reshape(-1, 28, 28), data.test_y)


def _evaluate_mine(network: Network) -> dict[str, Any]:
    return _evaluated(
        lambda images: np.asarray(network.model.predict_on_batch(images.reshape(len(images), -1)))
    )
