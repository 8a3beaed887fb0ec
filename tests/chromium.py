"""The browser of the tests: Debian's chromium, or what NARAE_CHROMIUM names."""

from __future__ import annotations

import os
import shutil

CHROMIUM = os.environ.get("NARAE_CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
WITHOUT = "no chromium here: apt-get install chromium, or NARAE_CHROMIUM=path"
FLAGS = [
    "--headless",
    "--no-sandbox",  # chromium refuses to run as root with it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
