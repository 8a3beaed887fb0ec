"""Callbacks: what is done while a model trains."""

from narae.base.missing import explain_missing
from narae.callbacks.backup import BackupAndRestore
from narae.callbacks.base import Callback, History
from narae.callbacks.callback_list import CallbackList
from narae.callbacks.csv_logger import CSVLogger
from narae.callbacks.diagnose import Diagnose
from narae.callbacks.early_stopping import EarlyStopping
from narae.callbacks.ema import SwapEMAWeights
from narae.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from narae.callbacks.model_checkpoint import ModelCheckpoint
from narae.callbacks.progbar_logger import ProgbarLogger
from narae.callbacks.remote_monitor import RemoteMonitor
from narae.callbacks.simple import LambdaCallback, TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "Diagnose",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TerminateOnNaN",
]

explain_missing(__name__, __all__)
