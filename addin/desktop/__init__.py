"""Excel for Windows, through classic xlwings.

Excel -> a VBA wrapper for each function -> xlwings' COM server in Python -> `functions` -> `udfs`. The VBA project with
the wrappers is written here, on the user's machine, so that it fits the xlwings that is there, and nobody has to press
Import Functions or to trust access to the VBA project.
"""
