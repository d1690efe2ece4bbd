"""Faults planted in sound tilesets, each with the rules that must find it: what the rule checker is tested with."""

from tests.tileset_faults import gltf, implicit, json, metadata, pictures

EXPLICIT = (*json.FAULTS, *gltf.FAULTS, *metadata.FAULTS, *pictures.FAULTS)
IMPLICIT = implicit.FAULTS
