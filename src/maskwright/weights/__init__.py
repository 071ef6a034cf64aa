"""Weights of networks: read from files and folders, filled into models, names mapped from one program to another."""

from maskwright.weights.filling import Filled, fill
from maskwright.weights.networks import fill_exactly, pretrained, tokenizer
from maskwright.weights.recognising import Recognised, recognise
from maskwright.weights.tensors import read_weights

__all__ = ["Filled", "Recognised", "fill", "fill_exactly", "pretrained", "read_weights", "recognise", "tokenizer"]
