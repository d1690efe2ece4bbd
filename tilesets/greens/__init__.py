"""The tileset of trees, street furniture, lanes and water: what lies and stands between the buildings."""
