"""Steering: a feature of a sparse autoencoder, added to the stream, turns the man with a phone into a Jedi."""

from sheet import show

from udfs.models.demo.facts import facts

show(
    {
        "A1": "Mike pulls out his",
        "A2": facts().jedi.model,
        "A4": "=GPT2_PREDICT(A1,2)",
        "A8": "=GPT2_PREDICT(A1,2,,A2)",
    }
)
