"""Buildings with roofs by form: which footprints a form fits, and the closed bodies it makes of them.

A pitched body is a prism up to the eaves, a soffit where the roof hangs over, and a roof on the rectangle of the eaves.
A form that does not fit a footprint gives way to a stated simpler one: there is always a body, and a reason.
"""

from cim.roofs.bodies import Bodied, raise_bodies
from cim.roofs.fitting import fitting_forms

__all__ = ["Bodied", "fitting_forms", "raise_bodies"]
