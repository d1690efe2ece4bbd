"""What nobody says of a building and rasters show: its height, its form of roof, and how far the picture is off. Pure."""
