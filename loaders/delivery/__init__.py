"""Deliveries as they come: files, folders, archives, addresses, and packages of exports."""
