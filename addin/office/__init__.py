"""Excel for Mac, on the web and on Windows: the functions as Office.js custom functions over a local HTTPS server.

Excel loads the add-in's page, which lives as long as the workbook is open. The page's script registers every function.
A call sends the cells of its arguments to this server and spills the answer. The same page is the task pane.
"""
