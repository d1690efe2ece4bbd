"""What the readers in `sources` are made of: bytes to geometries and records, format by format."""
