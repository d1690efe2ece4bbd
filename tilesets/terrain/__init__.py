"""Terrain: elevation models to a quantized-mesh pyramid without cracks, and the ground that it serves."""
