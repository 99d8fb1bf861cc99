"""The tests of recctl, and what they share."""
