"""`gpt2-excel doctor`: what is there, what is missing, and the command that mends it."""

from __future__ import annotations

import click


@click.command()
def doctor() -> None:
    """Say what is there and what is missing, and how to mend it.

    The exit code is 0 where gpt2-excel run works, whatever else may be missing.
    """
    from rich.text import Text

    from addin.commands.console import console
    from addin.commands.machine import look
    from addin.commands.problems import Missing

    out, findings = console(), []
    for finding in look():
        findings.append(finding)
        mark, style = ("ok", "green") if finding.found else ("missing", "red" if finding.needed else "yellow")
        out.print(Text.assemble((f"{mark:<8}", style), f"{finding.what:<15}", finding.detail))
        if not finding.found:
            out.print(Text(f"{'':8}{'':15}-> {finding.remedy}"))
    if broken := [finding.what for finding in findings if finding.needed and not finding.found]:
        raise Missing(f"gpt2-excel run cannot work without: {', '.join(broken)}")
