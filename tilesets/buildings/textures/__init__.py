"""The textures of detailed buildings: roofs from the orthophoto, walls from a set of pictures that are computed."""
