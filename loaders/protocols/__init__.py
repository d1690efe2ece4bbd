"""Device protocols, by name: one file each, one line here."""

from cim.plugins import DeviceProtocol, Registry
from loaders.protocols import sensorthings

PROTOCOLS: Registry[DeviceProtocol] = Registry("protocol", sensorthings.PROTOCOL)
