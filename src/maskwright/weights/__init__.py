"""Weights of networks: read from files and folders, filled into models, names mapped from one program to another."""

from maskwright.weights.networks import fill_exactly, pretrained
from maskwright.weights.tensors import fill, read_weights

__all__ = ["fill", "fill_exactly", "pretrained", "read_weights"]
