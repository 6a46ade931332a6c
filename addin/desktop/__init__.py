"""Excel for Windows, through classic xlwings.

Excel calls a VBA wrapper, which calls xlwings' COM server in Python, which calls `functions` and so `udfs`. The VBA
project is written on the user's machine, so it fits the installed xlwings, and the user need not press Import Functions
or trust access to the VBA project.
"""
