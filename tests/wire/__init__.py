"""Wire formats: answers of providers to transcripts."""
