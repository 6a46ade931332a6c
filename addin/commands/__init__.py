"""What `gpt2-excel` can do: one command, one file, and beside them the parts that commands share.

A command's module imports only click at its top and the rest inside the command, so that `--help` comes at once.
"""
