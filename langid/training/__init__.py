"""Training of the bundled model: package archives to texts, texts to examples, examples to a model."""
