"""The add-in's page in chromium, with no inspector attached that would slow its requests down.

Playwright follows every request of a page: it receives a copy of the body, and the browser keeps a copy of the answer.
For the calls of a workbook that takes about as long as the calls themselves. This page is driven over chromium's
debugging pipe, and only to evaluate scripts.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--ignore-certificate-errors"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",  # so Microsoft's script never replaces the fake
    "--remote-debugging-pipe",
)
_PIPES = 'exec "$0" "$@" 3</dev/fd/{} 4>/dev/fd/{}'  # chromium reads commands from descriptor 3 and answers on 4


class BarePage:
    """A page whose `office_script` takes the place of Microsoft's."""

    def __init__(self, chromium: str, url: str, office_script: Path) -> None:
        self._profile = TemporaryDirectory(ignore_cleanup_errors=True)
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        self._process = subprocess.Popen(
            ["sh", "-c", _PIPES.format(commands, answers), chromium, f"--user-data-dir={self._profile.name}", *_FLAGS],
            pass_fds=(commands, answers),
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._received, self._n_sent, self._session = b"", 0, {}
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        attached = self._send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self._send("Page.enable")
        self._send("Page.addScriptToEvaluateOnNewDocument", source=office_script.read_text(encoding="utf-8"))
        self._send("Page.navigate", url=url)

    def wait_for(self, condition: str) -> None:
        """Returns when the expression is true."""
        while not self.evaluate(f"() => Boolean({condition})"):
            time.sleep(0.05)

    def evaluate(self, function: str, argument: Any = None) -> Any:
        """What the function of one argument returns."""
        expression = f"({function})({json.dumps(argument)})"
        answer = self._send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def close(self) -> None:
        """Ends the browser."""
        self._session = {}
        self._send("Browser.close")
        self._process.wait(60)
        self._profile.cleanup()

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._n_sent += 1
        command = {"id": self._n_sent, "method": method, "params": parameters, **self._session}
        message = json.dumps(command).encode() + b"\0"
        while message:
            message = message[os.write(self._commands, message) :]
        while (answer := self._next_message()).get("id") != self._n_sent:
            pass  # an event
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _next_message(self) -> dict[str, Any]:
        parts = [self._received]
        while b"\0" not in parts[-1]:
            parts.append(os.read(self._answers, 2**20))
            if not parts[-1]:
                raise RuntimeError("chromium has ended")
        text, _, self._received = b"".join(parts).partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message
