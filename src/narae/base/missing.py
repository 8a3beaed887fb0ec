"""Keras's names that narae has not yet: what is said where one is asked for, as an attribute or by an import."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from narae.base.errors import NotYet, nearest
from narae.base.language import tr

_ROOT = "narae."


def way_out(path: str) -> str | None:
    """What to do instead of a name of Keras that narae has not; None for every other name.

    >>> way_out("narae.layers.JaxLayer")
    "it wraps another library's code. A subclass of Layer can do it meanwhile"
    """
    from narae.base.missing_names import MISSING  # read when a name is missing, and not before

    return MISSING.get(path.removeprefix(_ROOT))


def missing(module: str, name: str, known: Sequence[str]) -> AttributeError:
    """The error for a name that a module does not have: not yet, or unknown, with the nearest one.

    >>> raise missing("narae.layers", "Dens", ["Dense", "Conv2D"])
    Traceback (most recent call last):
    AttributeError: narae.layers has no 'Dens'. Did you mean 'Dense'?
    """
    instead = way_out(f"{module}.{name}")
    if instead is not None:
        return NotYet(_told(f"{module}.{name}", instead))
    near = nearest(name, known)
    return AttributeError(
        tr("{module} has no {name!r}. {near}", module=module, name=name, near=near)
    )


def explain_missing(module: str, known: Sequence[str]) -> None:
    """Let a module say of a name that it has not why, and which one is near: its `__getattr__`.

    It is not written in the module itself, where type checkers would take it that every name is there.

    known: the names that the module has.
    """

    def __getattr__(name: str) -> NoReturn:
        raise missing(module, name, known)

    sys.modules[module].__getattr__ = __getattr__  # type: ignore[method-assign]


def missing_member(kinds: Sequence[type], name: str) -> NotYet | None:
    """The error for a method or property that Keras's class has, and narae's has not yet; None for others.

    kinds: the class and those that it is made of.
    """
    for kind in kinds:
        instead = way_out(f"{kind.__name__}.{name}")
        if instead is not None:
            return NotYet(
                tr(
                    "narae's {kind} has no {name} yet: {instead}",
                    kind=kinds[0].__name__,
                    name=name,
                    instead=instead,
                )
            )
    return None


class Attributes:
    """Base of classes whose objects say why an attribute is not there."""

    def _no_attribute(self, name: str) -> str:
        """What is said of an attribute that nobody knows."""
        return f"{type(self).__name__!r} object has no attribute {name!r}"

    if not TYPE_CHECKING:  # a checker would take it that every attribute is there

        def __getattr__(self, name: str) -> Any:
            # asked when the usual way has found nothing: a property that raised is asked again, for its error
            if name.startswith("_") or hasattr(type(self), name):
                return object.__getattribute__(self, name)
            raise missing_member(type(self).__mro__, name) or AttributeError(
                self._no_attribute(name), name=name, obj=self
            )


def _told(path: str, instead: str) -> str:
    module, _, name = path.rpartition(".")
    return tr("{module} has no {name} yet: {instead}", module=module, name=name, instead=instead)


def refuse_import(path: str) -> None:
    """Raise ModuleNotFoundError for a module, or a name of one, that is in the table."""
    instead = way_out(path)
    if instead is not None:
        raise ModuleNotFoundError(_told(path, instead))
    parent, _, name = path.rpartition(".")
    module = sys.modules.get(parent)
    known = getattr(module, "__all__", ())
    if known and not name.startswith("_") and _in_a_from():
        raise ModuleNotFoundError(str(missing(parent, name, known)))


def _in_a_from() -> bool:
    """Whether the module is looked for by `from package import name`: `find_spec` takes None for an answer."""
    frame = sys._getframe(3)  # the finder's caller
    while frame is not None and frame.f_globals.get("__name__") == "importlib._bootstrap":
        if frame.f_code.co_name == "_handle_fromlist":
            return True
        frame = frame.f_back
    return False
