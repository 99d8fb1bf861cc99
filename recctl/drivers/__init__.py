"""What recctl does for git: attributes and settings that name its drivers, and the merge driver."""
