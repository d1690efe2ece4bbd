"""Line `load.osm`: footprints in this format, loaded; ogr2ogr is the rival."""

from tests.bench import vector_loading

LINE = vector_loading.line(vector_loading.OSM)
