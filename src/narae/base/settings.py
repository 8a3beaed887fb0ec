"""Process-wide settings with Keras's names: floatx, epsilon, image data format, logging, limits of training."""

from __future__ import annotations

import functools
import os
import platform
from typing import Any

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")
_values: dict[str, object] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "interactive_logging": True,
    "flash_attention": None,
    "flush_subnormals": None,
    "traceback_filtering": True,
    "max_epochs": None,
    "max_steps_per_epoch": None,
    "language": None,  # of messages (narae.base.language); None: as the environment says
}

# the dtype policy of layers that are made without a dtype; empty: that of floatx
DEFAULT_POLICY: list[Any] = []


def floatx() -> str:
    """The default float dtype's name.

    >>> floatx()
    'float32'
    """
    return str(_values["floatx"])


def set_floatx(value: str) -> None:
    """Set the default float dtype.

    Args:
        value: "float16", "bfloat16", "float32" or "float64".

    Raises:
        ValueError: it is the name of no float dtype.

    >>> set_floatx("float64")
    >>> floatx()
    'float64'
    >>> set_floatx("float32")
    """
    if value not in _FLOATS:
        raise ValueError(f"floatx is one of {', '.join(_FLOATS)}; got {value!r}")
    _values["floatx"] = value


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite.

    >>> epsilon()
    1e-07
    """
    return float(_values["epsilon"])  # type: ignore[arg-type]


def set_epsilon(value: float) -> None:
    """Set `epsilon()`.

    Args:
        value: a small positive number.

    >>> set_epsilon(1e-7)
    """
    _values["epsilon"] = float(value)


def image_data_format() -> str:
    """Where the channels of an image are: 'channels_last' or 'channels_first'.

    >>> image_data_format()
    'channels_last'
    """
    return str(_values["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set `image_data_format()`.

    Args:
        data_format: "channels_last" or "channels_first", in small or capital letters.

    Raises:
        ValueError: it is another name.

    >>> set_image_data_format("channels_last")
    """
    name = str(data_format).lower()
    if name not in _FORMATS:
        raise ValueError(f"image_data_format is one of {', '.join(_FORMATS)}; got {data_format!r}")
    _values["image_data_format"] = name


def standardize_data_format(value: str | None) -> str:
    """The data format asked for, or the default one when None.

    Args:
        value: "channels_last", "channels_first", or None.

    Returns: the format, in small letters.

    Raises:
        ValueError: it is another name.
    """
    if value is None:
        return image_data_format()
    if not isinstance(value, str) or value.lower() not in _FORMATS:
        raise ValueError(f"data_format is one of {', '.join(_FORMATS)}; got {value!r}")
    return value.lower()


def is_interactive_logging_enabled() -> bool:
    """Whether progress and messages go to the standard output; else they go to the logger 'narae'.

    >>> is_interactive_logging_enabled()
    True
    """
    return bool(_values["interactive_logging"])


def enable_interactive_logging() -> None:
    """Write progress and messages to the standard output: so it is from the beginning.

    >>> enable_interactive_logging()
    >>> is_interactive_logging_enabled()
    True
    """
    _values["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Write progress and messages to the logger 'narae' of the module `logging`, at level INFO.

    >>> disable_interactive_logging()
    >>> is_interactive_logging_enabled()
    False
    >>> enable_interactive_logging()
    """
    _values["interactive_logging"] = False


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks show the lines of whoever calls narae, without narae's own.

    >>> is_traceback_filtering_enabled()
    True
    """
    return bool(_values["traceback_filtering"])


def enable_traceback_filtering() -> None:
    """Leave narae's own lines out of tracebacks: so it is from the beginning.

    >>> enable_traceback_filtering()
    """
    _values["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Show tracebacks whole, narae's own lines too: to look for a fault in narae.

    >>> disable_traceback_filtering()
    >>> is_traceback_filtering_enabled()
    False
    >>> enable_traceback_filtering()
    """
    _values["traceback_filtering"] = False


def is_flash_attention_enabled() -> bool | None:
    """Whether layers of attention insist on never keeping their scores; None, as it is from the beginning: they keep
    them where somebody asks.

    >>> disable_flash_attention()
    >>> is_flash_attention_enabled()
    False
    """
    return _values["flash_attention"]  # type: ignore[return-value]


def enable_flash_attention() -> None:
    """Let layers of attention that are made from now on never keep their scores: asking one for them, or for dropout of
    them, is an error.

    >>> enable_flash_attention()
    >>> is_flash_attention_enabled()
    True
    >>> disable_flash_attention()
    """
    _values["flash_attention"] = True


def disable_flash_attention() -> None:
    """Let layers of attention that are made from now on keep their scores where somebody asks.

    >>> disable_flash_attention()
    >>> is_flash_attention_enabled()
    False
    """
    _values["flash_attention"] = False


def flush_subnormals() -> bool:
    """Whether native programs take subnormal numbers for zeros, and give zeros for them: what was set, else
    NARAE_FLUSH_SUBNORMALS (0 or 1), else True on x86-64 alone.

    Those are the numbers nearer to zero than the smallest normal one, some 1e-38 in float32. Processors of that kind
    take many times as long for them, and such numbers come up: what an optimizer keeps of a weight without gradients
    decays through them. The numpy executor and eager operations compute with them, and XLA never does.

    >>> set_flush_subnormals(True)
    >>> flush_subnormals()
    True
    >>> set_flush_subnormals(None)
    """
    given = _values["flush_subnormals"]
    return _flush_by_default() if given is None else bool(given)


@functools.cache
def _flush_by_default() -> bool:
    """What the variable says; without it, what is faster on this kind of processor. Read once, since every run asks."""
    given = os.environ.get("NARAE_FLUSH_SUBNORMALS", "")
    if given not in ("", "0", "1"):
        raise ValueError(f"NARAE_FLUSH_SUBNORMALS is 0 or 1, got {given!r}")
    return given == "1" if given else platform.machine().lower() in ("x86_64", "amd64")


def set_flush_subnormals(value: bool | None) -> None:
    """Choose whether native programs flush subnormal numbers to zero, in their runs from now on.

    Args:
        value: True: they are zeros; False: they are computed with, at whatever cost; None: as it is from the beginning.

    Raises:
        TypeError: it is something else.

    >>> set_flush_subnormals(False)
    >>> flush_subnormals()
    False
    >>> set_flush_subnormals(None)
    """
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"flush_subnormals is True, False or None; got {value!r}")
    _values["flush_subnormals"] = value


def max_epochs() -> int | None:
    """The most epochs that a `fit` runs, None without a limit.

    >>> max_epochs() is None
    True
    """
    return _values["max_epochs"]  # type: ignore[return-value]


def set_max_epochs(max_epochs: int | None) -> None:
    """Let no `fit` run more epochs, to try a program quickly.

    Args:
        max_epochs: the most epochs; None or 0 for no limit.

    Raises:
        ValueError: it is no whole number of at least 0, nor None.

    >>> set_max_epochs(2)
    >>> max_epochs()
    2
    >>> set_max_epochs(None)
    """
    _values["max_epochs"] = _limit("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most steps of an epoch of `fit`, and of `evaluate` and `predict`; None without a limit.

    >>> max_steps_per_epoch() is None
    True
    """
    return _values["max_steps_per_epoch"]  # type: ignore[return-value]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Let no epoch of `fit`, no `evaluate` and no `predict` run more steps.

    Args:
        max_steps_per_epoch: the most steps, of a batch each; None or 0 for no limit.

    Raises:
        ValueError: it is no whole number of at least 0, nor None.

    >>> set_max_steps_per_epoch(10)
    >>> max_steps_per_epoch()
    10
    >>> set_max_steps_per_epoch(None)
    """
    _values["max_steps_per_epoch"] = _limit("max_steps_per_epoch", max_steps_per_epoch)


def _limit(name: str, value: int | None) -> int | None:
    if value is None or (isinstance(value, int) and value >= 0):
        return value
    raise ValueError(f"{name} is a whole number, or None for no limit, got {value!r}")
