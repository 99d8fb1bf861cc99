"""Tests of evidence: what lists and traces prove, and how traces come about."""
