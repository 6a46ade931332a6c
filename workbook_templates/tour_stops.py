"""The stops of every workbook's tour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from workbook_templates.tour import TourStop


def stops_of_tour(template: str) -> Sequence[TourStop]:
    """The stops of one workbook's tour; none for a workbook that is itself an exercise or a check."""
    return _TOURS.get(template, ())


_INTO_THE_BLOCKS: Final = (
    TourStop(
        "Prompt",
        "A word problem: which word comes next?",
        "What would you say next? And what will the model say?",
        "You used meaning. The model only has numbers, and yet it arrives at the answer below. The tour shows how.",
        "Prompt",
    ),
    TourStop(
        "Tokens",
        "The word problem becomes a maths problem: each piece of the text is replaced by its id.",
        "How many tokens will your prompt have?",
        "Spaces and full stops count, and a rare word is several tokens. From here on, the model never sees a letter.",
    ),
    TourStop(
        "Embeddings",
        "Each id is looked up in a table and becomes a row of numbers.",
        "If a word occurs twice in the prompt, do its two rows differ at the end of this tab?",
        "Their token rows are equal, their position rows differ, and so do the sums.",
        "token",
    ),
    TourStop(
        "Block 0",
        "The top of a block shows where each of its heads looks most.",
        "Does a head look at the word before, at a name, or at the start of the text?",
        "Heads differ, and no one told them what to look at. In later blocks, some find the name that a pronoun means.",
        "at a glance",
    ),
    TourStop(
        "Block 0",
        "LayerNorm brings every row to mean 0 and spread 1.",
        "What is the sum of a row before it is scaled and shifted?",
        "Zero, as the mean is. The two grey columns show each row's mean and spread before this step.",
        "ln_1",
    ),
    TourStop(
        "Block 0",
        "A query is compared with each key; the results are scores.",
        "Why is the upper right of each square -∞?",
        "No token may see a later one. Otherwise the model could read the answer instead of predicting it.",
        "scores",
    ),
    TourStop(
        "Block 0",
        "Softmax turns each row of scores into shares.",
        "What does every row sum to, and what is in the first row?",
        "Each row sums to 1. The first token can only look at itself, so its row is a single 1.",
        "patterns",
    ),
    TourStop(
        "Block 0",
        "The MLP switches its neurons on or off.",
        "How many of the neurons are off, near zero or below, after GELU: few, half, most?",
        "Most. A neuron is on for few texts, so one can ask what these texts have in common.",
        "GELU",
    ),
    TourStop(
        "Block 0",
        "The block's output is added to the stream. Nothing is overwritten.",
        "Does the stream grow or shrink from block to block?",
        "The first blocks add the most, and it grows fast. Compare with the same step of the last block.",
        "out",
    ),
    TourStop(
        "Head",
        "Only the last row is read, and compared with the embedding of every token.",
        "How far ahead is the first token: in logits, and in probability?",
        "Softmax exaggerates: a lead of 10 logits makes a token 22,000 times as likely.",
    ),
    TourStop(
        "Head",
        "The logits are divided by the temperature.",
        "Type 3 as the temperature. What happens to the first token?",
        "It keeps its rank and loses probability. Type 1 to go back.",
        "temperature",
    ),
)
_CHANGE_A_WEIGHT: Final = TourStop(
    "Weights",
    "The tables hold all that the model has learned.",
    "If you switch off one MLP, will the answer change?",
    "Try it: what scale, where h.0.mlp, amount 0. Without its first MLP, the model is lost.",
    "Your edits",
)
_CHANGE_A_CELL: Final = TourStop(
    "Weights 0",
    "Every weight is in a cell, and you may type over it.",
    "There are a few million weights. Will one of them change the answer?",
    "Hardly ever. What the model knows is spread over many weights. Undo with Ctrl+Z.",
)
_MRI: Final = (
    TourStop(
        "Prompt",
        "The model reads this text and answers below.",
        "Which word must the model look at to answer?",
        "The day. The next stops show when it looks there and what it does with it.",
        "Prompt",
    ),
    TourStop(
        "Tokens",
        "The ten most likely next tokens.",
        "What comes second, and how likely is it?",
        "Most of the others are days, too: the model knows what kind of word must come.",
        "The most likely next tokens",
    ),
    TourStop(
        "Logit lens",
        "The model, stopped after each layer.",
        "After how many of the layers is the answer there?",
        "Late. The early layers only repeat or prepare; the answer takes over in the last third.",
    ),
    TourStop(
        "Track a token",
        "The answer and its rival, layer by layer.",
        "Which of the two days is ahead halfway?",
        "The rival. Where the lines cross, the model changes its mind.",
        "Layer by layer",
    ),
    TourStop(
        "Attention",
        "Where one head looks.",
        "At which word does the last token look?",
        "At the day: this head brings the day to the place where the answer is made.",
        "Where it looks: the greener, the more attention",
    ),
    TourStop(
        "All heads",
        "All heads at once.",
        "How many of the heads look at the first token most of the time?",
        "Dozens. It is their resting place: they have nothing to do for this prompt.",
    ),
    TourStop(
        "Head scores",
        "What each head is good at, measured on a text that repeats itself.",
        "In which layers are the heads that can continue a repeated phrase?",
        "Not in the first: such a head needs another one, in an earlier layer, that has looked one token back.",
    ),
    TourStop(
        "Saliency",
        "Which words the answer depends on.",
        "Which word counts most?",
        "Change the method to leave out: the order of the words may change, because the methods ask different things.",
        "Every token. On the right, the prompt: orange favours the answer, blue works against it",
    ),
    TourStop(
        "Attribution",
        "The answer's logit, split into a sum.",
        "Which adds more: attention or the MLPs?",
        "See By kind. Then look for the few parts that add most of it.",
        "By kind",
    ),
    TourStop(
        "Neurons",
        "The neurons that add most to the answer.",
        "Which tokens will the strongest neuron make more likely?",
        "Often words of one kind. A neuron is a detector on one side and a suggestion on the other.",
    ),
    TourStop(
        "Circuit",
        "Only the ticked parts work.",
        "How many of all heads and MLPs are needed to name the next day?",
        "Few. Remove one tick at a time, and see which day breaks first.",
        "Result",
    ),
    TourStop(
        "Patching",
        "One value from a clean run is put into a corrupted run.",
        "Through which tokens does the answer travel?",
        "First it is at the word that differs, then it moves to the last token. The layer in which it moves is where "
        "attention did its work.",
    ),
)
_SURGERY: Final = (
    TourStop(
        "Prompt",
        "An ordinary sentence.",
        "What will the model say next?",
        "Keep this answer in mind. Nothing in this cell will change on the next tabs.",
        "Prompt",
    ),
    TourStop(
        "Before and after",
        "The same prompt, and one operation in each row.",
        "Which operations need nothing but a few texts to find their vector?",
        "Contrast and PCA. For the feature, a whole autoencoder had to be trained.",
        "After each operation",
    ),
    TourStop(
        "SAE feature",
        "One direction, added at every token.",
        "What will Mike pull out now?",
        "The prompt says nothing about Star Wars. The thought was put into the stream.",
        "answer",
    ),
    TourStop(
        "SAE feature",
        "The coefficient says how strongly.",
        "Will half of it be enough?",
        "Try it. There is a point at which the answer tips over.",
        "coefficient",
    ),
    TourStop(
        "SAE feature",
        "The tokens whose embeddings point the same way as the feature.",
        "Which words do you expect here?",
        "A direction has no name. The words near it, and the texts on which it fires, tell what it means.",
        "nearest",
    ),
    TourStop(
        "SAE feature",
        "What the autoencoder sees at each token, before and after.",
        "Is the feature active before the operation?",
        "No. Afterwards it is the strongest at every token: the model thinks of Jedi, whatever it reads.",
        "features",
    ),
    TourStop(
        "Contrast",
        "Two texts, one direction.",
        "What happens if you swap the two texts?",
        "The direction turns round, and steers away from the idea.",
        "choose",
    ),
    TourStop(
        "PCA",
        "What several pairs of texts have in common.",
        "Is one pair not enough?",
        "One pair differs in many ways. What all pairs share is closer to one idea.",
        "choose",
    ),
    TourStop(
        "Coefficient sweep",
        "One operation at eleven strengths.",
        "Where do the two lines cross?",
        "Before the crossing the idea is too weak; far beyond it, the model is no longer itself: see the KL "
        "divergence.",
        "The sweep",
    ),
    TourStop(
        "Ablation",
        "A part of the model is switched off.",
        "Will the answer survive without this part?",
        "Compare the tables. Then try another part: most can be switched off unnoticed.",
        "Answer",
    ),
    TourStop(
        "Ablation",
        "Zero or mean: two ways to switch a part off.",
        "Which of them disturbs the model more?",
        "Usually zero: later parts rely on the average output of this one.",
        "Prompts for the mean",
    ),
    TourStop(
        "Weight edits",
        "A single number of the model is changed.",
        "One among millions: can it matter?",
        "This one can, because every prediction passes through it. And so every other prompt changes, too.",
        "Choose",
    ),
)
_GENERATION: Final = (
    TourStop(
        "Prompt",
        "The beginning of a text.",
        "How would you go on?",
        "There is no single right answer. The model does not have one either: it has probabilities.",
        "Prompt",
    ),
    TourStop(
        "Temperature",
        "The ten most likely next tokens.",
        "What is the probability of the first?",
        "Well below one half: this beginning is open.",
        "The model itself: temperature 1",
    ),
    TourStop(
        "Temperature",
        "The same tokens at five temperatures.",
        "At which temperature does the first token have nearly everything?",
        "At the lowest. At the highest, the unlikely tokens together win: nonsense.",
        "temperature",
    ),
    TourStop(
        "Sampling",
        "Greedy and sampled text, side by side.",
        "Will you get the same greedy text tomorrow? And the same sampled one?",
        "Both, as long as the seed stays. The dice of a computer are a list of numbers.",
        "The text",
    ),
    TourStop(
        "Sampling",
        "The first token in full, from its logit to the draw.",
        "Which row will the random number fall into?",
        "The first row whose sum is above the number. Lay the probabilities end to end, and throw a dart.",
        "The first token in full, from its logit to the draw",
    ),
    TourStop(
        "Sampling",
        "All later tokens, with what was cut off.",
        "How many candidates are left after top_p where the model is sure?",
        "Often one. Where it is unsure, as many as top_k allows.",
        "Token by token: what could have come, and what was drawn",
    ),
    TourStop(
        "Beam",
        "Several texts at once.",
        "Does the most likely text begin with the most likely token?",
        "Compare the first row with greedy. If they differ, looking ahead has paid off.",
        "The texts found, best first",
    ),
    TourStop(
        "Beam",
        "How the search went.",
        "What share of the candidates is dropped at each step?",
        "About half: twice as many candidates as beams are compared.",
        "Step by step: twice as many candidates as beams",
    ),
    TourStop(
        "Log-probabilities",
        "A text, coloured by surprise.",
        "Which word of this text would surprise you?",
        "The model is surprised where you are: by a word that does not fit the story.",
        "The text, coloured by surprise, with the bits below each token",
    ),
    TourStop(
        "Log-probabilities",
        "Surprise and entropy, token by token.",
        "Can a model be surprised where it was unsure?",
        "A little. The largest surprise comes where it was sure, and wrong.",
        "Every token",
    ),
    TourStop(
        "Speculative decoding",
        "A small model proposes, the large one judges.",
        "What share of the proposals is accepted?",
        "A draft that is often right saves most passes. A bad draft costs time, but never changes the text's odds.",
        "The text",
    ),
    TourStop(
        "Speculative decoding",
        "Every number of every decision.",
        "When is a proposal rejected although the large model finds it likely?",
        "When the draft finds it even more likely. This keeps the odds right.",
        "The trace",
    ),
)
_TOURS: Final[Mapping[str, Sequence[TourStop]]] = {
    "anatomy": (*_INTO_THE_BLOCKS, _CHANGE_A_WEIGHT),
    "pure": (*_INTO_THE_BLOCKS[:-1], _CHANGE_A_CELL),
    "mri": _MRI,
    "surgery": _SURGERY,
    "generation": _GENERATION,
}
