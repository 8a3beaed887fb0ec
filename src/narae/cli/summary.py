"""`narae summary FILE`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narae.base.language import tr
from narae.cli import card as cards
from narae.cli.output import say
from narae.models.summary import output_shape_of
from narae.saving import load_model

if TYPE_CHECKING:
    from narae.models.model import Model

_ENDINGS = (".keras", ".h5", ".hdf5")


def print_summary(path: Path, as_json: bool) -> None:
    """Print a saved model's layers, what it was compiled with, and the data that it was trained on where it says."""
    if not path.exists():
        raise FileNotFoundError(tr("there is no file {path}", path=path))
    if path.suffix not in _ENDINGS:
        raise ValueError(
            tr("{path} is no model: a file ending in .keras, .h5 or .hdf5 is expected", path=path)
        )
    model = load_model(path)
    card = cards.read(path)
    if as_json:
        print(json.dumps(facts(model, card), ensure_ascii=False))
        return
    model.summary()
    if model.compiled:
        say(tr("compiled with {optimizer}, loss {loss}", **_compiled(model)))
    else:
        say(tr("not compiled: it predicts, and has no loss to train or test with"))
    for line in _of_card(card):
        say(line)


def _compiled(model: Model) -> dict[str, str]:
    loss = model.loss
    named = loss if isinstance(loss, str) else getattr(loss, "name", None)
    named = named or getattr(loss, "__name__", repr(loss))
    return {"optimizer": type(model.optimizer).__name__, "loss": named}


def _of_card(card: cards.Card | None) -> list[str]:
    if card is None:
        return []
    lines = []
    if card["kind"] == cards.PICTURES:
        kind = tr("grey") if card["channels"] == 1 else tr("colour")
        lines.append(
            tr("it takes pictures of {side} x {side}, {kind}", side=card["side"], kind=kind)
        )
    else:
        columns = ", ".join(column["name"] for column in card["columns"])
        lines.append(
            tr(
                "it tells {target!r} by the columns {columns}",
                target=card["target"],
                columns=columns,
            )
        )
    if card["classes"]:
        lines.append(tr("classes: {names}", names=", ".join(card["classes"])))
    return lines


def facts(model: Model, card: cards.Card | None) -> dict[str, Any]:
    """The same by name, for programs."""
    return {
        "name": model.name,
        "kind": type(model).__name__,
        "parameters": model.count_params(),
        "trainable": sum(v.size for v in model.trainable_weights),
        "layers": [
            {
                "name": layer.name,
                "kind": type(layer).__name__,
                "output": output_shape_of(layer),
                "parameters": layer.count_params() if layer.built else 0,
            }
            for layer in model.layers
        ],
        "compiled": _compiled(model) if model.compiled else None,
        "data": card,
    }
