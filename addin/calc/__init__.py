"""LibreOffice Calc: the functions as an add-in of its own kind (UNO).

`component.py` runs inside LibreOffice, whose Python has neither numpy nor this project. It hands every call to
`worker.py`, a process of the interpreter that installed the add-in, through the pipes that `wire.py` describes.
"""
