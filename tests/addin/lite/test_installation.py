"""There is nothing to install for xlwings Lite, and the commands say what to do instead."""

from __future__ import annotations

from addin.lite import installation


def test_install_explains_three_steps() -> None:
    steps = [line for line in installation.install() if line[:2] in ("1.", "2.", "3.")]
    assert len(steps) == 3
    assert "gpt2-excel new anatomy --host lite" in steps[1]


def test_uninstall_and_status_are_one_line() -> None:
    (removed,) = installation.uninstall()
    assert removed.startswith("nothing was installed")
    (status,) = installation.status()
    assert "gpt2-excel>=" in status
