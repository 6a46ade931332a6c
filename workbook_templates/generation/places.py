"""Cells that tabs know of each other."""

from __future__ import annotations

SAMPLING, TEMPERATURE, BEAM = "Sampling", "Temperature", "Beam"
LOG_PROBABILITIES, SPECULATION = "Log-probabilities", "Speculative decoding"

TOKEN_TABLE = f"'{LOG_PROBABILITIES}'!$L$6"  # where the table of the prompt's tokens spills from
