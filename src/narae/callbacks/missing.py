"""Keras's callbacks that narae does not have, and the way out."""

from __future__ import annotations

MISSING = {
    "TensorBoard": "History.plot() draws the curves, CSVLogger writes them to a file; a "
    "LambdaCallback "
    "may hand them to a SummaryWriter (tensorboardX or torch.utils.tensorboard)",
    "RemoteMonitor": "send the logs from a LambdaCallback: "
    "LambdaCallback(on_epoch_end=lambda epoch, logs: requests.post(url, json={'epoch': epoch} | "
    "logs))",
    "OrbaxCheckpoint": "ModelCheckpoint saves `.keras` files; BackupAndRestore keeps the whole "
    "state",
}
