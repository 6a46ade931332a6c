"""A test function that runs until it is released or stopped."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from udfs.backend.stopping import Stopped, check_wanted
from udfs.cells import Table


class Slow:
    """A function that runs until it is released or stopped, and counts its calls."""

    name = "SLOW"

    def __init__(self) -> None:
        self.begun, self.stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.let_go = threading.Event()
        self.n_begun = 0

    def answer(self, cells: Sequence[object]) -> Table:
        """What a cell would show; nothing is kept, so that every call computes."""
        return [[self()]]

    def __call__(self) -> str:
        self.n_begun += 1
        self.begun.release()
        try:
            while not self.let_go.wait(0.005):
                check_wanted()
        except Stopped:
            self.stopped.release()
            raise
        return "done"
