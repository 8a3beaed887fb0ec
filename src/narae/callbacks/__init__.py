"""Callbacks: what is done while a model trains."""

from narae.callbacks.base import Callback
from narae.callbacks.callback_list import CallbackList
from narae.callbacks.history import History
from narae.callbacks.progbar_logger import ProgbarLogger

__all__ = ["Callback", "CallbackList", "History", "ProgbarLogger"]
