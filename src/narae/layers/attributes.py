"""The message for an attribute that a layer lacks: to be built first, not there yet, or a misspelt name."""

from __future__ import annotations

import dis

from narae.base.missing import Attributes


class BuildHints(Attributes):
    """Base of layers: an attribute that `build` sets is explained before the layer is built."""

    def _no_attribute(self, name: str) -> str:
        usual, held = super()._no_attribute(name), self.__dict__
        if "_ready" not in held:
            return f"{usual}: its __init__ did not call super().__init__()"
        if held["built"]:
            return usual
        later = name in _set_in_build(type(self))
        return (
            f"{f'You must build the layer before accessing `{name}`' if later else usual}: {held['name']!r} is not "
            "built, and what its build makes is not there yet. Call it on data, or build(input_shape)"
        )


def _set_in_build(kind: type) -> set[str]:
    """The names of attributes that a class's `build` sets, itself or by methods that it calls."""
    classes = [cls for cls in kind.__mro__ if issubclass(cls, BuildHints)]
    found: set[str] = set()
    seen, todo = {"add_weight"}, ["build"]
    while todo:
        name = todo.pop()
        seen.add(name)
        for cls in classes:
            function = vars(cls).get(name)
            code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
            if code is not None:
                found.update(
                    i.argval for i in dis.get_instructions(code) if i.opname == "STORE_ATTR"
                )
                todo += [called for called in code.co_names if called not in seen]
    return found
