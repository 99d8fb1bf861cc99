"""How long recctl takes, measured against other tools on the same files."""
