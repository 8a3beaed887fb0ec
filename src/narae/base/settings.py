"""Process-wide settings with Keras's names: floatx, epsilon, image data format."""

from __future__ import annotations

from typing import Any

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")
_values: dict[str, object] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
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
    """Set the default float dtype. Raises ValueError for a name that is not a float dtype."""
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
    """Set `epsilon()`."""
    _values["epsilon"] = float(value)


def image_data_format() -> str:
    """Where the channels of an image are: 'channels_last' or 'channels_first'.

    >>> image_data_format()
    'channels_last'
    """
    return str(_values["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set `image_data_format()`. Raises ValueError for another name."""
    if data_format not in _FORMATS:
        raise ValueError(f"image_data_format is one of {', '.join(_FORMATS)}; got {data_format!r}")
    _values["image_data_format"] = data_format


def standardize_data_format(value: str | None) -> str:
    """The data format asked for, or the default one when None."""
    if value is None:
        return image_data_format()
    if not isinstance(value, str) or value not in _FORMATS:
        raise ValueError(f"data_format is one of {', '.join(_FORMATS)}; got {value!r}")
    return value
