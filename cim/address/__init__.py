"""Addresses: their parts, how people spell and write them, and what they mean. Pure."""
