"""narae.preprocessing.sequence: see `narae.utils`."""

from narae.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]
