"""Buildings with roofs by form: which footprints a form fits, and the closed bodies it makes of them.

A pitched body is a prism up to the eaves, an underside where the roof hangs over, and a roof on the outline of the eaves: a
template over rectangles, a cone over convex outlines, one plane, or slopes on the straight skeleton of any polygon.
A form that does not fit a footprint gives way to a stated simpler one: there is always a body, and a reason.
"""

from cim.roofs.asking import Roofs, raise_asked
from cim.roofs.bodies import Bodied, raise_bodies

__all__ = ["Bodied", "Roofs", "raise_asked", "raise_bodies"]
