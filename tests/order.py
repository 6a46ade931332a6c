"""The order of the test files, and which of them share a process when pytest-xdist runs several."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from xdist.scheduler import LoadFileScheduling

_TESTS: Final = Path(__file__).parent
_TOGETHER: Final = {
    # They share LibreOffice with the add-in, and the results that its worker keeps.
    "LibreOffice": (
        *("workbook_templates/test_pure_in_calc.py", "addin/calc/test_workbooks.py"),
        *("workbook_templates/test_promises_in_calc.py", "workbook_templates/test_in_calc.py"),
        *("workbook_templates/test_small_pure_in_calc.py", "workbook_templates/test_by_hand.py"),
        *("addin/calc/test_functions.py", "hosts/test_calc.py", "hosts/test_same_cells.py"),
    ),
    # They share the workbooks with the demo model, opened and calculated.
    "workbooks": (
        *("workbook_templates/test_promises.py", "docs/test_guide.py", "docs/test_teaching.py"),
        *("workbook_templates/test_every_template.py", "workbook_templates/test_surgery.py"),
        *("workbook_templates/test_mri.py", "workbook_templates/test_generation.py"),
        *("workbook_templates/test_prompt_tab.py", "workbook_templates/test_without_functions.py"),
    ),
}
# Other files that take long come next. The many short ones of tests/udfs come last, so that none runs alone at the end
# while other processes wait.
_LONG: Final = ("udfs/test_no_hidden_state.py", "addin/test_excel_files.py", "udfs/models/test_demo_facts.py")
FIRST: Final = [*(file for files in _TOGETHER.values() for file in files), *_LONG]
_GROUPS: Final = {f"tests/{file}": group for group, files in _TOGETHER.items() for file in files}


def turn(path: Path) -> int:
    """The lower, the earlier the tests of that file run."""
    file = path.relative_to(_TESTS).as_posix()
    return FIRST.index(file) if file in FIRST else len(FIRST) + file.startswith("udfs/")


class Scheduling(LoadFileScheduling):
    """Gives a process a whole file, as `--dist loadfile` does, or all files that share something."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _GROUPS.get(file, file)
