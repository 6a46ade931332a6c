"""Where one head looks: each row is a token, each column a token that it looks at. This head resolves pronouns."""

from sheet import show

from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import SHE_MOVES

head = facts().pronoun_head
show({"A1": SHE_MOVES, "A3": f"=GPT2_ATTENTION(A1,{head.layer},{head.head})"})
