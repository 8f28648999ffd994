"""Configuration: the model, its layers, and the values that differ by script, by language and by preset."""
