"""Excel on Windows, Mac and the web with nothing installed but xlwings Lite, a free add-in of the Office store.

xlwings Lite runs Python in the browser that shows Office's add-ins (Pyodide). The workbook carries the names of the
packages that it needs and a `main.py` that imports the functions. This follows xlwings Lite's documentation and other
people's workbooks; it has not been tried in Excel yet.
"""
