"""A private PostGIS in the data folder: programs found or fetched, a cluster made, started, stopped, found again."""

from cim.store.embedded.binaries import find_geoid_grid
from cim.store.embedded.cluster import (
    ClusterStatus,
    cluster_status,
    discard_cluster,
    ensure_cluster,
    stop_cluster,
)

__all__ = [
    "ClusterStatus",
    "cluster_status",
    "discard_cluster",
    "ensure_cluster",
    "find_geoid_grid",
    "stop_cluster",
]
