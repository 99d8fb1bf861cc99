"""The tests of recctl, and what they share."""

from hypothesis import settings

# How long a test takes on a machine with other work says nothing about recctl.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
