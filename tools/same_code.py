"""Whether two pages, each in its own language, have the same code, but for what is said to readers."""

from __future__ import annotations

import ast
import re

HANGUL = re.compile("[가-힣]")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def same_code(english: str, korean: str) -> bool:
    """Whether two blocks do the same. Comments and docstrings may differ, and texts where the Korean has Hangul.

    >>> same_code("x = 1  # one\\nprint('loss', x)", "x = 1  # 하나\\nprint('손실', x)")
    True
    >>> same_code("print('loss', x)", "print('lost', x)"), same_code("x = 1", "x = 2")
    (False, False)
    """
    return _same(_bare(english), _bare(korean))


def same_numbers(english: str, korean: str) -> bool:
    """Whether two outputs differ in their words alone.

    >>> same_numbers("loss 0.31", "손실 0.31"), same_numbers("loss 0.31", "손실 0.32")
    (True, False)
    """
    if HANGUL.search(korean) is None:
        return english == korean
    return sorted(NUMBER.findall(english)) == sorted(NUMBER.findall(korean))


def _bare(code: str) -> ast.Module:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return tree


def _same(here: object, there: object) -> bool:
    """Two parts of syntax trees: nodes, lists of them, or plain values."""
    if isinstance(here, ast.AST) and isinstance(there, ast.AST):
        if _text(there) and _text(here) and HANGUL.search(ast.unparse(there)):
            return _values(here) == _values(there)
        return type(here) is type(there) and all(
            _same(getattr(here, name, None), getattr(there, name, None)) for name in here._fields
        )
    if isinstance(here, list) and isinstance(there, list):
        return len(here) == len(there) and all(map(_same, here, there))
    return here == there


def _text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _values(node: ast.AST) -> list[str]:
    """What an f-string puts into its words, sorted: another language may have another order."""
    parts = [part for part in ast.walk(node) if isinstance(part, ast.FormattedValue)]
    return sorted(ast.unparse(part.value) for part in parts)
