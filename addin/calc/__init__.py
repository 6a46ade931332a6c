"""LibreOffice Calc: the functions as a UNO add-in.

`component.py` runs inside LibreOffice, whose Python has neither numpy nor this project. It passes every call to
`worker.py`, a process of the Python that installed the add-in, through pipes in the format of `wire.py`.
"""
