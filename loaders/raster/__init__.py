"""Rasters and point clouds on their way in."""
