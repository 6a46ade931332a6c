"""One formula computed for every row of a table: `gpt2-excel map`.

`tables` reads and writes the table, `row_formula` computes rows, `work` runs them here or on Dask, and `journal` keeps
what is finished.
"""
