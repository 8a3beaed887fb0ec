"""narae.config: settings by Keras's names, and the executor."""

from __future__ import annotations

from narae.base.language import language, set_language
from narae.base.missing import explain_missing
from narae.base.settings import (
    disable_flash_attention,
    disable_interactive_logging,
    disable_traceback_filtering,
    enable_flash_attention,
    enable_interactive_logging,
    enable_traceback_filtering,
    epsilon,
    floatx,
    flush_subnormals,
    image_data_format,
    is_flash_attention_enabled,
    is_interactive_logging_enabled,
    is_traceback_filtering_enabled,
    max_epochs,
    max_steps_per_epoch,
    set_epsilon,
    set_floatx,
    set_flush_subnormals,
    set_image_data_format,
    set_max_epochs,
    set_max_steps_per_epoch,
)
from narae.engine.config import executor, num_threads, set_executor, set_num_threads
from narae.layers.policy import dtype_policy, set_dtype_policy

__all__ = [
    "backend",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "epsilon",
    "executor",
    "floatx",
    "flush_subnormals",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "language",
    "max_epochs",
    "max_steps_per_epoch",
    "num_threads",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_executor",
    "set_floatx",
    "set_flush_subnormals",
    "set_image_data_format",
    "set_language",
    "set_max_epochs",
    "set_max_steps_per_epoch",
    "set_num_threads",
]


def backend() -> str:
    """The name of what computes: always 'narae'.

    >>> backend()
    'narae'
    """
    return "narae"


def set_backend(backend: str) -> None:
    """Accept 'narae': there is one engine, with executors.

    Args:
        backend: 'narae'.

    Raises:
        ValueError: it is another name.

    >>> set_backend("narae")
    """
    if backend != "narae":
        raise ValueError(
            f"narae is its own backend, got {backend!r}; what runs its programs is chosen by "
            "narae.config.set_executor()"
        )


def is_nnx_enabled() -> bool:
    """False: variables are narae's own.

    >>> is_nnx_enabled()
    False
    """
    return False


__path__: list[str] = []  # `from` looks for missing names as it does in a package
explain_missing(__name__, __all__)
