"""How a spreadsheet reaches `udfs`: a folder for each host, and the command line."""

NAME = "gpt2-excel"  # of the distribution, the command, and the folders and files that belong to this add-in
