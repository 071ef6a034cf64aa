"""Every network, small enough for tests: arguments of `models.build` by name."""

_QUERIES = {"queries": 8, "width": 32, "pixel_layers": 1, "decoder_layers": 2, "feedforward": 64, "points": 300}

SMALL = {
    "mask2former": {**_QUERIES, "encoder": "swin-nano"},
    "oneformer": {**_QUERIES, "encoder": "swin-nano"},
    "eomt": {"encoder": "nano", "side": 64, "queries": 8, "points": 300},
    "rfdetr": {"encoder": "nano", "side": 96, "queries": 8, "width": 32, "decoder_layers": 2, "groups": 2},
    "maskrcnn": {"encoder": "resnet18", "norm": "group", "samples": 32, "proposals": 50},
    "dino": {"encoder": "dinov3-nano"},
    "sam": {"encoder": "vit-nano", "side": 64},
    "gscnn": {"width": 16},
    "unet2015": {"base": 4},
    "lite": {"widths": (4, 8, 8, 8, 8), "decoder": 8},
    "segnet": {"width": 0.1},
    "fastfcn": {"width": 32},
}
