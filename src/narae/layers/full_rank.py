"""What Keras's layers with kernels know of low-rank additions and of quantization, and narae's do not have."""

from __future__ import annotations

from typing import Any

from narae.base.missing import way_out

_UNUSED = (0, False, None)


class FullRank:
    """Base of layers whose kernel is trained as a whole; its attributes say so by Keras's names."""

    lora_enabled = False
    lora_rank: int | None = None
    lora_alpha: float | None = None
    quantization_config: Any = None

    def refuse_low_rank(self, lora_rank: int | None, **quantization: Any) -> None:
        """Raise ValueError for an option that is neither None nor 0."""
        if not _unused(lora_rank):
            raise ValueError(
                f"{type(self).__name__}(lora_rank=...) is not in narae: {way_out('FullRank.enable_lora')}"
            )
        refuse_quantization(self, **quantization)


def refuse_quantization(layer: object, **options: Any) -> None:
    """Raise ValueError for an option that is neither None nor 0."""
    given = ", ".join(name for name, value in options.items() if not _unused(value))
    if given:
        raise ValueError(
            f"{type(layer).__name__}({given}=...) is not in narae: for less memory, {way_out('Layer.quantize')}"
        )


def _unused(value: object) -> bool:
    return any(value is one for one in _UNUSED)
