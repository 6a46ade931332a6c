"""Published figures about the real GPT-2, against which a downloaded model is checked."""
