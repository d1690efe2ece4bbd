"""The edges: the HTTP server, the command line, and the viewer they serve."""
