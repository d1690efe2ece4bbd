"""Datasets that are derived from what the store holds, as files ready for the pipeline."""
