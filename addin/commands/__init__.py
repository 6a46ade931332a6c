"""The commands of `gpt2-excel`, and what they share.

A command's module imports only click and `addin.errors` at its top, and the rest inside the command, so that `--help`
is quick.
"""
