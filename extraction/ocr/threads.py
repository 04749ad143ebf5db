"""How many threads an OCR engine may use."""

from __future__ import annotations

import os
import sys


def thread_count() -> int:
    """What the process has been told: ``OMP_NUM_THREADS``, then torch's own number, then its processors."""
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if told.isdigit() and int(told) > 0:
        return int(told)
    torch = sys.modules.get("torch")  # looked at, never imported
    if torch is not None and hasattr(torch, "get_num_threads"):
        return int(torch.get_num_threads())
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
