"""Deduplication: shingles, MinHash signatures, bands, connected components, and which copy to keep."""
