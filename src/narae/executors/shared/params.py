"""What a node is given beside its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Params: TypeAlias = Mapping[str, Any]  # by name: the operation's record says what each is
