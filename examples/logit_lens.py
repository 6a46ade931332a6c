"""What the model would answer if it ended after each of its layers."""

from sheet import show

show({"A1": "If today is Tuesday, tomorrow is", "A3": "=GPT2_LOGITLENS(A1,1)"})
