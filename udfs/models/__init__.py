"""The bundled models: the demo model, its sparse autoencoder and GPT-2's vocabulary, with their recipes or licence."""
