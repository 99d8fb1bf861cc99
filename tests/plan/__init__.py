"""Tests of plans: what they are, how they are carried out, and what they survive."""
