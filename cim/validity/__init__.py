"""Whether bodies are valid: the rules of ISO 19107 for rings, polygons, shells and solids, told by the codes of val3dity."""

from cim.validity.bodies import check
from cim.validity.codes import CODES, DEFAULTS, MEANINGS, Finding, Tolerances
from cim.validity.faces import Faces, of_boundaries, of_mesh

__all__ = ["CODES", "MEANINGS", "DEFAULTS", "Faces", "Finding", "Tolerances", "check", "of_boundaries", "of_mesh"]
