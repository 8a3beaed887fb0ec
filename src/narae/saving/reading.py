"""What reading a model from any file has in common: bounds on what it asks for, errors that name the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from narae.base.errors import ConfigError, NotYet, in_words
from narae.base.limits import Limits
from narae.base.serialization import deserialize_keras_object
from narae.saving.paths import CorruptFile

if TYPE_CHECKING:
    from narae.base.types import CustomObjects, Json

# What h5py raises for damage depends on the byte that is damaged.
DAMAGE = (
    OSError,
    RuntimeError,
    LookupError,
    TypeError,
    OverflowError,
    AttributeError,
    UnicodeError,
)


class ConfigFile(CorruptFile, ConfigError):
    """A file whose configuration describes nothing that can be made."""


def bounds(size: int, shown: str) -> Limits:
    """What a file with `size` bytes of weights may ask for. An optimizer that has not trained has nothing in
    the file, and makes up to five arrays of each weight's size: small ones are let through."""
    return Limits(shown, 2 * size + (16 << 20), 2 * size + (48 << 20), 150_000 + size // 64)


def described(
    config: Json, custom_objects: CustomObjects | None, safe_mode: bool, shown: str
) -> Any:
    """The model of a configuration. Whatever goes wrong in making it is the file's fault, or that of a
    class of the caller's own, whose error is the cause of the one raised."""
    with config_named(shown):
        model = deserialize_keras_object(config, custom_objects, safe_mode)
    if not hasattr(model, "layers"):
        raise CorruptFile(f"{shown} describes a {type(model).__name__}, no model")
    return model


@contextmanager
def config_named(shown: str) -> Iterator[None]:
    """Within it, errors in what a file describes are told with the file's name."""
    try:
        yield
    except (MemoryError, CorruptFile):
        raise
    except NotYet as error:
        raise NotYet(_named(error, shown)) from error
    except ConfigError as error:
        raise ConfigFile(_named(error, shown)) from error
    except Exception as error:
        raise CorruptFile(_named(error, shown)) from error


@contextmanager
def damage_named(shown: str) -> Iterator[None]:
    """Within it, what h5py says of damage is told with the file's name."""
    try:
        yield
    except (NotYet, CorruptFile):
        raise
    except DAMAGE as error:
        raise CorruptFile(f"{shown} is damaged: {in_words(error)}") from error
    except ValueError as error:
        if shown in str(error):
            raise
        raise CorruptFile(f"{shown} is damaged: {in_words(error)}") from error


def _named(error: Exception, shown: str) -> str:
    """What is wrong, the file's name before it."""
    words = in_words(error)
    told = words.startswith(shown.split(": ")[0])
    return words if told else f"{shown} describes no model that can be made: {words}"
