"""Addresses on their way in: their parts, the buildings they belong to, the places they are found as; lists of them."""
