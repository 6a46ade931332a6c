"""What is bundled: the demo model and GPT-2's vocabulary, each beside the recipe or licence that it came with."""
