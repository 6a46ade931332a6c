"""Surgery in the model text: one head's output is multiplied by a number, and the answer changes."""

from sheet import show

from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import SHE_MOVES

changed = facts().pronouns
show(
    {
        "A1": SHE_MOVES,
        "A2": f"demo ; scale {changed.part} by {changed.factor:g}",
        "A4": "=GPT2_PREDICT(A1,2)",
        "A8": "=GPT2_PREDICT(A1,2,,A2)",
    }
)
