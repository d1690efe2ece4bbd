"""What a file is that nobody has described: its encoding, its tables, its layer."""
