"""The seeded generator of the sample city: real names, codes and sizes; synthetic positions and shapes."""
