"""PyTorch, the loop written by hand.

python torch_loop.py TASK [--quick]
"""

from __future__ import annotations

import time
from typing import Any

import common

start = time.perf_counter()
import torch  # noqa: E402
from torch import nn  # noqa: E402

imported = time.perf_counter() - start

from torch_sequences import Tasks as Sequences  # noqa: E402


def tensors(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    return torch.from_numpy(pair[0]), torch.from_numpy(pair[1])


class Trainer:
    """A model with its optimizer; called with rows and a batch size, it trains an epoch."""

    def __init__(self, model: Any, loss: Any) -> None:
        self.model, self.loss = model, loss
        self.optimizer = torch.optim.RMSprop(model.parameters(), 0.001, alpha=0.9, eps=1e-7)

    def __call__(self, x: Any, y: Any, batch: int) -> None:
        order = torch.randperm(len(x))
        for i in range(0, len(x), batch):
            rows = order[i : i + batch]
            self.optimizer.zero_grad()
            self.loss(self.model(x[rows]), y[rows]).backward()
            self.optimizer.step()


def network() -> Any:
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))


def data() -> tuple[Any, Any]:
    x, y = tensors(common.mnist())
    return x, y.long()


def seed() -> dict[str, float]:
    x, y = data()
    train = Trainer(network(), nn.CrossEntropyLoss())
    step = common.seconds(lambda: train(x[:128], y[:128], 128))
    return {"first_step_s": step, "epoch_s": common.epoch_s(lambda n: train(x[:n], y[:n], 128))}


def busy() -> dict[str, float]:
    x, y = data()
    train = Trainer(network(), nn.CrossEntropyLoss())
    return common.quiet_and_busy(lambda n: train(x[:n], y[:n], 128))


def predict() -> dict[str, float]:
    one, model = data()[0][:1], network()
    with torch.inference_mode():
        return {"call_ms": common.per_call_ms(lambda: torch.softmax(model(one), 1).numpy())}


def tiny() -> dict[str, float]:
    x, y = tensors(common.tiny())
    hidden = [nn.Linear(13, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()]
    train = Trainer(nn.Sequential(*hidden, nn.Linear(64, 1)), nn.MSELoss())
    batch = common.TINY_BATCH
    return {
        "step_ms": common.per_step_ms(
            lambda n: [train(x, y, batch) for _ in range(n)], len(x) // batch
        )
    }


def cnn(layout: torch.memory_format = torch.contiguous_format) -> dict[str, float]:
    x, y = tensors(common.pictures())
    x = x.permute(0, 3, 1, 2).contiguous(memory_format=layout)
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 128, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1152, 10)),
    )
    train = Trainer(model.to(memory_format=layout), nn.CrossEntropyLoss())
    batch, labels = common.CNN_BATCH, y.long()
    return {
        "step_ms": common.per_step_ms(
            lambda n: [train(x, labels, batch) for _ in range(n)], len(x) // batch
        )
    }


def cnn_channels_last() -> dict[str, float]:
    return cnn(torch.channels_last)


TASKS = (seed, busy, predict, tiny, cnn, cnn_channels_last)
common.main({task.__name__: task for task in TASKS} | Sequences(Trainer).all(), imported)
