"""Excel for Mac, on the web and on Windows: the functions as Office.js custom functions over a local HTTPS server.

Excel loads one page of ours, which stays alive with the workbook. Its script registers every function; a call of one
is a POST of the arguments' cells to this server, whose answer is what spills. The same page is the task pane.
"""
