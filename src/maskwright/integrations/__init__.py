"""To and from other programs' objects, one module each: `torch`, `torchvision`, `supervision`, `detectron2` and more.

Each works on samples from anywhere: a dataset, a view, a format's reading.  Nothing is imported before it is used.
"""
