"""PyTorch, the loop written by hand."""

from __future__ import annotations

import time

import common

start = time.perf_counter()
import torch  # noqa: E402
from torch import nn  # noqa: E402

imported = time.perf_counter() - start
images, labels = (torch.from_numpy(a) for a in common.mnist())
labels = labels.long()


def trained(model, loss, optimizer, x, y, batch):  # type: ignore[no-untyped-def]
    order = torch.randperm(len(x))
    for i in range(0, len(x), batch):
        rows = order[i : i + batch]
        optimizer.zero_grad()
        loss(model(x[rows]), y[rows]).backward()
        optimizer.step()


model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
optimizer = torch.optim.RMSprop(model.parameters(), 0.001, alpha=0.9, eps=1e-7)
loss = nn.CrossEntropyLoss()
first = common.seconds(lambda: trained(model, loss, optimizer, images[:128], labels[:128], 128))
epoch = common.seconds(lambda: trained(model, loss, optimizer, images, labels, 128), common.EPOCHS)
with torch.inference_mode():
    single = common.seconds(lambda: torch.softmax(model(images[:1]), 1).numpy(), 20)
x, y = (torch.from_numpy(a) for a in common.tiny())
small = nn.Sequential(nn.Linear(13, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.RMSprop(small.parameters(), 0.001, alpha=0.9, eps=1e-7)
tiny = common.per_tiny_step(
    lambda n: [trained(small, nn.MSELoss(), optimizer, x, y, 16) for _ in range(n)]
)
common.report(
    import_s=imported,
    first_step_s=first,
    epoch_s=epoch,
    predict_ms=1e3 * single,
    tiny_ms=tiny,
)
