"""Where one head looks: each row is a token, each column a token that it looks at. This head resolves pronouns."""

from sheet import show

from udfs.models.demo.facts import facts

head = facts().pronoun_head
show({"A1": "Anna is slow. Mike is quick. She moves", "A3": f"=GPT2_ATTENTION(A1,{head.layer},{head.head})"})
