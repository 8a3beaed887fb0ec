"""What mkdocstrings does with narae's docstrings (an extension of griffe, which reads the code without running it).

- Their examples become blocks of code.
- Functions that are made when narae is imported, `exp = _unary(...)` say, get the signature and docstring that they
  have then. Second names of a thing say of which.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import griffe

EXAMPLE = re.compile(r"^( *)>>> .*(?:\n(?! *$).*)*", re.MULTILINE)
KINDS = {kind: griffe.ParameterKind(kind.description) for kind in inspect._ParameterKind}


def fenced(docstring: str) -> str:
    """A docstring with a fence round each doctest example.

    >>> fenced("Adds.\\n\\n>>> 1 + 1\\n2\\n").splitlines()
    ['Adds.', '', '```pycon', '>>> 1 + 1', '2', '```']
    """
    return EXAMPLE.sub(lambda found: f"{found[1]}```pycon\n{found[0]}\n{found[1]}```", docstring)


class Docstrings(griffe.Extension):
    """Fence the examples of every docstring, and look up what only running code knows."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each object that has been loaded."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Called when all modules have been loaded."""
        for module in _modules(pkg):
            for name, member in list(module.members.items()):
                unknown = not member.is_alias and member.is_attribute and member.docstring is None
                if unknown and not name.startswith("_"):
                    _look_up(module, member)
            for name in map(str, module.exports or ()):
                if name not in module.members:  # `A, B = C, D`
                    module.set_member(name, griffe.Attribute(name))
                    _look_up(module, module.members[name])


def _modules(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for inner in module.members.values():
        if not inner.is_alias and inner.is_module:
            yield from _modules(inner)


def _look_up(module: griffe.Module, member: griffe.Attribute) -> None:
    """Replace an attribute that is a function, or say what it is another name of."""
    name = member.name
    # None: a type, for checkers alone, or a module that wants an extra
    value = getattr(_loaded(module.path), name, None)
    if not (inspect.isfunction(value) or inspect.isclass(value)) or not value.__doc__:
        return
    text = inspect.getdoc(value) or ""
    if value.__name__ != name:
        text = f"Another name of `{value.__name__}`: {text.split(chr(10) * 2)[0]}"
    docstring = griffe.Docstring(fenced(text), parent=member, parser="google")
    if inspect.isclass(value):
        member.docstring = docstring
        return
    signature = inspect.signature(value)
    function = griffe.Function(
        name,
        lineno=member.lineno,
        endlineno=member.endlineno,
        parameters=griffe.Parameters(*map(_parameter, signature.parameters.values())),
        returns=_text(signature.return_annotation),
        docstring=docstring,
    )
    module.set_member(name, function)


def _loaded(path: str) -> ModuleType | None:
    """A module, or None where it wants an extra that is not installed: then only what its text says is known."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "narae":
            raise
        return None


def _parameter(given: inspect.Parameter) -> griffe.Parameter:
    default = None if given.default is inspect.Parameter.empty else repr(given.default)
    return griffe.Parameter(
        given.name, annotation=_text(given.annotation), kind=KINDS[given.kind], default=default
    )


def _text(annotation: Any) -> str | None:
    return None if annotation is inspect.Signature.empty else str(annotation)
