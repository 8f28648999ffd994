"""Thresholds, stopwords and factors of a language from a sample of its texts: `glotmill calibrate`."""
