"""Stage curate: from the records of a split to documents with measurements and signatures."""
