"""Sample data of the project and the generator that makes it."""
