"""What Keras's layers with kernels know of low-rank additions and of quantization: here, that there are none."""

from __future__ import annotations

from typing import Any

from narae.base.missing import way_out


class FullRank:
    """Base of layers whose kernel is trained as a whole; its attributes say so by Keras's names."""

    lora_enabled = False
    lora_rank: int | None = None
    lora_alpha: float | None = None
    quantization_config: Any = None

    def refuse_low_rank(self, **options: Any) -> None:
        """Raise ValueError for an option that is neither None nor 0."""
        unused = (0, False, None)
        given = ", ".join(
            name for name, value in options.items() if not any(value is one for one in unused)
        )
        if given:
            raise ValueError(
                f"{type(self).__name__}({given}=...) is not in narae: {way_out('FullRank.enable_lora')}; for less "
                f"memory, {way_out('Layer.quantize')}"
            )
