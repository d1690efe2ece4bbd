"""Imagery: orthophotos and hillshade as web Mercator COGs, and their map tiles."""
