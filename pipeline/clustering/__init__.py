"""Stage cluster: from the signatures of all shards to the clusters of near-duplicates, in steps of bounded memory."""
