"""glTF: binary files with feature ids, typed metadata, quantised and meshopt-compressed geometry."""
