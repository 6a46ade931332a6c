"""How a rare word becomes tokens: at each step, the neighbouring pair with the lowest rank is merged."""

from sheet import show

show({"A1": " reinjury", "A3": "=GPT2_BPE_STEPS(A1)"})
