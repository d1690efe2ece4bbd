"""CityJSON 1.0 to 2.0 and CityJSONSeq, pure: city objects to bodies with their surfaces, and back."""
