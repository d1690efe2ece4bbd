"""Ways out: the model as 3D Tiles, quantized-mesh terrain and imagery."""
