"""The shared types: masks, polygons, classes, segments, samples, geometry."""
