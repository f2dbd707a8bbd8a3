"""Language, sentences and passages of a document."""
