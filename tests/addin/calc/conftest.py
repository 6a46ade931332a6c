"""LibreOffice for the tests of this folder."""

from __future__ import annotations

import pytest

from tests.hosts.calc_host import Calc
from tests.hosts.calc_host import calc as shared_calc


@pytest.fixture(scope="session")
def calc() -> Calc:
    """LibreOffice Calc with the add-in. Skips the test if LibreOffice is not installed."""
    return shared_calc()
