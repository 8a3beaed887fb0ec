"""Recurrent networks and transformers in PyTorch, as its users write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import common
import sequences as S
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pack_padded_sequence


class Last(nn.Module):
    """A number from the last state of a recurrent layer."""

    def __init__(self, layer: Any, work: S.Series) -> None:
        super().__init__()
        self.layer = layer(work.features, work.units, batch_first=True)
        self.head = nn.Linear(work.units, 1)

    def forward(self, x: Any) -> Any:
        return self.head(self.layer(x)[0][:, -1])


class Stateful(Last):
    """Steps one after another, whose state is kept."""

    state: Any = None

    def forward(self, x: Any) -> Any:
        out, self.state = self.layer(x, self.state)
        return self.head(out[:, -1])


class Words(nn.Module):
    """A label from the last state over embedded tokens."""

    def __init__(self, work: S.Text) -> None:
        super().__init__()
        self.embedding = nn.Embedding(work.words, work.size)
        self.layer = nn.LSTM(work.size, work.units, batch_first=True)
        self.head = nn.Linear(work.units, 1)

    def forward(self, x: Any) -> Any:
        return self.head(self.layer(self.embedding(x))[0][:, -1])


class Both(nn.Module):
    """Two layers in both directions, over rows of many lengths: x (batch, steps + 1), the length behind."""

    def __init__(self, work: S.Text) -> None:
        super().__init__()
        self.embedding = nn.Embedding(work.words, work.size, padding_idx=0)
        options = {"num_layers": 2, "bidirectional": True, "batch_first": True}
        self.layer = nn.LSTM(work.size, work.units, **options)
        self.head = nn.Linear(2 * work.units, 1)

    def forward(self, x: Any) -> Any:
        words, lengths = x[:, :-1], x[:, -1]
        packed = pack_padded_sequence(self.embedding(words), lengths, True, enforce_sorted=False)
        _, (h, _) = self.layer(packed)
        return self.head(torch.cat([h[-2], h[-1]], dim=1))


class Encoder(nn.Module):
    """A block over tokens, a label for their mean."""

    def __init__(self, work: S.Text) -> None:
        super().__init__()
        self.embedding = nn.Embedding(work.words, work.size)
        options = {"dropout": 0.0, "batch_first": True}
        self.block = nn.TransformerEncoderLayer(work.size, work.heads, work.wide, **options)
        self.head = nn.Linear(work.size, 1)

    def forward(self, x: Any) -> Any:
        return self.head(self.block(self.embedding(x)).mean(dim=1))


class Block(nn.Module):
    """A block of GPT-2."""

    def __init__(self, work: S.Text) -> None:
        super().__init__()
        self.heads = work.heads
        self.norm1, self.norm2 = nn.LayerNorm(work.size), nn.LayerNorm(work.size)
        self.qkv = nn.Linear(work.size, 3 * work.size)
        self.out = nn.Linear(work.size, work.size)
        wide = nn.Linear(work.size, work.wide), nn.GELU(), nn.Linear(work.wide, work.size)
        self.dense = nn.Sequential(*wide)

    def forward(self, x: Any) -> Any:
        batch, steps, size = x.shape
        shape = (batch, steps, self.heads, size // self.heads)
        parts = self.qkv(self.norm1(x)).split(size, dim=2)
        q, k, v = (part.view(shape).transpose(1, 2) for part in parts)
        y = scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, steps, size))
        return x + self.dense(self.norm2(x))


class Gpt(nn.Module):
    """Scores of the next token, (batch, words, steps): the loss wants them so."""

    def __init__(self, work: S.Text) -> None:
        super().__init__()
        self.words, self.places = (nn.Embedding(n, work.size) for n in (work.words, work.steps))
        self.blocks = nn.Sequential(*(Block(work) for _ in range(work.blocks)))
        self.norm, self.head = nn.LayerNorm(work.size), nn.Linear(work.size, work.words)

    def forward(self, x: Any) -> Any:
        h = self.words(x) + self.places(torch.arange(x.shape[1]))
        return self.head(self.norm(self.blocks(h))).transpose(1, 2)


class Tasks:
    """Training steps by the loop that is handed in."""

    def __init__(self, trainer: Callable[[Any, Any], Callable[[Any, Any, int], None]]) -> None:
        self.trainer = trainer

    def all(self) -> dict[str, common.Task]:
        """By the names of rows."""
        tasks = (self.lstm, self.gru, self.lstm_large, self.embedding, self.bidirectional)
        return {task.__name__: task for task in (*tasks, self.encoder, self.gpt, self.stateful)}

    def _step_ms(self, model: Any, loss: Any, x: Any, y: Any, batch: int) -> dict[str, float]:
        train, (x, y) = self.trainer(model, loss), (torch.from_numpy(x), torch.from_numpy(y))
        y = y.long() if isinstance(loss, nn.CrossEntropyLoss) else y
        steps = len(x) // batch
        return {
            "step_ms": common.per_step_ms(lambda n: [train(x, y, batch) for _ in range(n)], steps)
        }

    def _series(self, layer: Any, work: S.Series) -> dict[str, float]:
        return self._step_ms(Last(layer, work), nn.MSELoss(), *S.series(work), work.batch)

    def lstm(self) -> dict[str, float]:
        return self._series(nn.LSTM, S.SMALL)

    def gru(self) -> dict[str, float]:
        return self._series(nn.GRU, S.SMALL)

    def lstm_large(self) -> dict[str, float]:
        return self._series(nn.LSTM, S.LARGE)

    def _labelled(self, model: Any, work: S.Text, x: Any, y: Any) -> dict[str, float]:
        return self._step_ms(model, nn.BCEWithLogitsLoss(), x, y, work.batch)

    def embedding(self) -> dict[str, float]:
        return self._labelled(Words(S.SHORT_TEXT), S.SHORT_TEXT, *S.labelled(S.SHORT_TEXT))

    def bidirectional(self) -> dict[str, float]:
        x, y, lengths = S.padded(S.MASKED_TEXT)
        rows = torch.cat([torch.from_numpy(x), torch.from_numpy(lengths)[:, None]], dim=1)
        return self._labelled(Both(S.MASKED_TEXT), S.MASKED_TEXT, rows.numpy(), y)

    def encoder(self) -> dict[str, float]:
        return self._labelled(Encoder(S.ENCODER), S.ENCODER, *S.labelled(S.ENCODER))

    def gpt(self) -> dict[str, float]:
        return self._step_ms(Gpt(S.GPT), nn.CrossEntropyLoss(), *S.following(S.GPT), S.GPT.batch)

    def stateful(self) -> dict[str, float]:
        model, x = Stateful(nn.LSTM, S.ONE), torch.ones(1, S.ONE.steps, S.ONE.features)
        with torch.inference_mode():
            return {"call_ms": common.per_call_ms(lambda: model(x).numpy())}
