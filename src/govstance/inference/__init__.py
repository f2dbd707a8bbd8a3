"""From articles to stances: documents, passages, pairs, one answer per government and target."""
