"""Roofs as measured: planes fitted to the points over a footprint, bound into a closed body, with how well they fit.

Pure, and deterministic per building: its own points and outline decide, in whatever order the points come and whatever
stands beside it. Points and bodies are in metres, heights above the building's base.
"""

from cim.roof_fit.measured import MeasuredRoof, measured_roof
from cim.roof_fit.quality import Fit

__all__ = ["Fit", "MeasuredRoof", "measured_roof"]
