"""Figures that people expect of images, labels and scores, one module each."""
