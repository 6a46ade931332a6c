"""What this host cannot calculate as Excel would."""

from __future__ import annotations


class NotSupportedError(Exception):
    """A formula uses a function or a feature that is not supported here, so its cells keep their stored values.

    `feature` names it, for example `OFFSET` or `a reference to several sheets`.
    """

    def __init__(self, feature: str) -> None:
        super().__init__(feature)
        self.feature = feature
