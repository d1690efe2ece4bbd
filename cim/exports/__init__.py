"""Everything out again: layers and versions as files of other programs, with a manifest that leads back."""
