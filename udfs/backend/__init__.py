"""GPT-2 in numpy. Nothing here knows of cells, xlwings or Excel files."""
