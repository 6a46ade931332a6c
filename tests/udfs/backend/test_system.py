from __future__ import annotations

import platform
from pathlib import Path

import pytest

from udfs.backend import system


@pytest.mark.parametrize(
    ("processor", "cpuinfo", "expected"),
    [
        ("AMD64 Family 25 Model 97 Stepping 2, AuthenticAMD", None, True),
        ("Intel64 Family 6 Model 85 Stepping 7, GenuineIntel", None, False),
        ("x86_64", "vendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n", True),
        ("", "vendor_id\t: GenuineIntel\n", False),
        ("", None, False),
    ],
)
def test_amd_is_known_by_the_name_of_the_processor(
    processor: str, cpuinfo: str | None, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        file.write_text(cpuinfo)
    monkeypatch.setattr(platform, "processor", lambda: processor)
    monkeypatch.setattr(system, "Path", lambda path: file)
    assert system.has_amd_processor.__wrapped__() == expected
