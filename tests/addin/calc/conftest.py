"""LibreOffice for the tests of this folder."""

from __future__ import annotations

import pytest

from tests.hosts.calc_host import Calc
from tests.hosts.calc_host import calc as shared_calc


@pytest.fixture(scope="session")
def calc() -> Calc:
    """LibreOffice Calc with the add-in; the test is skipped where there is none."""
    return shared_calc()
