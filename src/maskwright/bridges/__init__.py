"""To and from other programs' objects, one module each: `bridges.torch`, `bridges.torchvision`, `bridges.supervision`,
`bridges.detectron2`, `bridges.huggingface`.

Each works on samples from anywhere: a dataset, a view, a format's reading.  Nothing is imported before it is used.
"""
