"""Painting in processes of their own: on this computer, or on all that a Ray cluster has."""
