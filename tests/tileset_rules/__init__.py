"""The rules of 3D Tiles 1.1 held against a published tileset, written from the specifications and apart from our writer.

`python -m tests.tileset_rules FOLDER TILESET` prints what is broken. Which clause a rule comes from: `catalogue.py`.
"""
