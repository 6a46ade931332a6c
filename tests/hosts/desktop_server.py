"""A process that answers like the Python behind Excel: xlwings' COM server class, reached through a pipe.

`python -m tests.hosts.desktop_server` reads pickled calls, (module, function, arguments), and writes pickled answers:
True and the result that COM would return, or False and the text of the error that VBA would see.
"""

from __future__ import annotations

import os
import pickle
import sys

from tests.hosts import pywin32


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr
    pywin32.install()
    from xlwings.com_server import XLPython

    server = XLPython()
    while True:
        try:
            module, function, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = True, server.CallUDF(module, function, arguments)
        except Exception as error:
            answer = False, str(error)
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
