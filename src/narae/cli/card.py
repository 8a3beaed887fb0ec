"""What a model file says of the data that it was trained on: `narae.json`, one more member of the zip that a
`.keras` file is. Keras does not look at it; a model that Keras saves again has none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narae.base.language import tr
from narae.saving import archive
from narae.saving.model_files import save_with
from narae.saving.paths import CorruptFile

if TYPE_CHECKING:
    from narae.models.model import Model

MEMBER = "narae.json"
VERSION = 1
PICTURES, TABLE = "pictures", "table"

Card = dict[str, Any]


def write(model: Model, path: Path, card: Card | None) -> None:
    """Save a model with its card: whole or not at all."""
    if card is None:
        model.save(path)
        return
    said = json.dumps({"version": VERSION, **card}, ensure_ascii=False)
    save_with(model, path, {MEMBER: said.encode()})


def read(path: Path) -> Card | None:
    """The card of a model file, None where it has none. Raises CorruptFile for a damaged file or card."""
    if path.suffix != ".keras" or not path.is_file():
        return None
    with archive.opened(path) as file:
        if not file.has(MEMBER):
            return None
        card = file.json(MEMBER)
    if not isinstance(card, dict) or card.get("kind") not in (PICTURES, TABLE):
        raise CorruptFile(tr("{path}: {member} says nothing of its data", path=path, member=MEMBER))
    if card.get("version") != VERSION:
        raise CorruptFile(
            tr("{path}: {member} is of a newer narae, which reads it", path=path, member=MEMBER)
        )
    return card
