"""Results as text, JSON or Markdown. Pure functions: nothing is looked up or decided here."""
