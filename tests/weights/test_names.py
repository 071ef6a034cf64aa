"""Each program's own network writes its weights; ours is filled with them, and answers the same."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
transformers = pytest.importorskip("transformers")
torchvision = pytest.importorskip("torchvision")

from maskwright import models
from maskwright.weights import fill

pytestmark = pytest.mark.filterwarnings("ignore")

SAME = 1e-4


def taught(model):
    """Random values that matter: of weights, biases and batch statistics."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5, generator=generator)
            elif not tensor.is_floating_point():
                continue
            elif tensor.ndim > 1:
                tensor.normal_(0, tensor[0].numel() ** -0.5, generator=generator)
            else:
                tensor.add_(torch.empty_like(tensor).normal_(0, 0.1, generator=generator))
    return model.eval()


def written(model, folder: Path) -> Path:
    """As its program writes it: transformers a folder, the others a state dict."""
    if isinstance(model, transformers.PreTrainedModel):
        model.save_pretrained(folder / "weights")
        return folder / "weights"
    torch.save(model.state_dict(), folder / "weights.pth")
    return folder / "weights.pth"


def image(height: int = 64, width: int = 96):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def same(found, wanted) -> None:
    assert found.shape == wanted.shape
    assert wanted.abs().max() > 0.01, "an answer of nothing proves nothing"
    assert (found - wanted).abs().max() < SAME


RESNET18 = {"layer_type": "basic", "depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512]}


@pytest.mark.parametrize("program", ["torchvision", "timm", "transformers"])
@torch.inference_mode()
def test_resnet(tmp_path, program: str) -> None:
    x = image()
    if program == "transformers":
        theirs = taught(transformers.ResNetForImageClassification(transformers.ResNetConfig(**RESNET18)))
        wanted = theirs.resnet(x).last_hidden_state
    else:
        theirs = taught(torchvision.models.resnet18() if program == "torchvision" else timm.create_model("resnet18"))
        features = torch.nn.Sequential(*list(theirs.children())[:-2])
        wanted = features(x)
    ours = models.build("unet/resnet18", 3).eval()
    said = fill(ours, written(theirs, tmp_path)).said
    same(ours.encoder(x)[-1], wanted)
    assert "the encoder's 120 tensors" in said
    assert "random: decoder, segmentation_head" in said
    assert "left out: " + ("classifier" if program == "transformers" else "fc") in said


@torch.inference_mode()
def test_resnet_of_torchvision_in_mask2former(tmp_path) -> None:
    """The encoder there is transformers', whose names are others in memory than in files."""
    theirs = taught(torchvision.models.resnet18())
    small = {"queries": 4, "width": 32, "pixel_layers": 1, "decoder_layers": 2, "feedforward": 64}
    ours = models.build("mask2former/resnet18", 3, **small).eval()
    fill(ours, written(theirs, tmp_path))
    x = image()
    found = ours.network.model.pixel_level_module.encoder(x).feature_maps[-1]
    same(found, torch.nn.Sequential(*list(theirs.children())[:-2])(x))


@torch.inference_mode()
def test_bottlenecks_of_transformers(tmp_path) -> None:
    deep = transformers.ResNetConfig(depths=[3, 4, 6, 3], hidden_sizes=[256, 512, 1024, 2048])
    theirs = taught(transformers.ResNetModel(deep))
    ours = models.build("fpn/resnet50", 3).eval()
    assert "the encoder's 318 tensors" in fill(ours, written(theirs, tmp_path)).said
    same(ours.encoder(image())[-1], theirs(image()).last_hidden_state)


@torch.inference_mode()
def test_segformer(tmp_path) -> None:
    """Keys and values are two tensors in one program and one in the other."""
    theirs = taught(transformers.SegformerForSemanticSegmentation(transformers.SegformerConfig(num_labels=19)))
    ours = models.build("segformer/mit_b0", 19).eval()
    place = written(theirs, tmp_path)
    filled = fill(ours, place)
    assert filled.whole
    assert "the whole network's 192 tensors" in filled.said
    x = image()
    # At a quarter of the size: the two libraries enlarge in two ways.
    same(ours.segmentation_head[0](ours.decoder(ours.encoder(x))), theirs(pixel_values=x).logits)
    other = models.build("unet/mit_b0", 3).eval()
    assert "the encoder's 176 tensors" in fill(other, place).said
    same(other.encoder(x)[-1], theirs.segformer(x).last_hidden_state)


@torch.inference_mode()
def test_vgg_in_segnet(tmp_path) -> None:
    theirs = taught(torchvision.models.vgg16_bn(num_classes=2).features)
    torch.save({f"features.{name}": tensor for name, tensor in theirs.state_dict().items()}, tmp_path / "vgg.pth")
    ours = models.build("segnet", 3).eval()
    assert "the encoder's 91 tensors" in fill(ours, tmp_path / "vgg.pth").said
    found = x = image()
    for stage in ours.down:
        found = torch.nn.functional.max_pool2d(stage(found), 2)
    same(found, theirs(x))


@pytest.mark.parametrize("network", ["tf_efficientnet_lite0", "tf_efficientnet_lite1"])
@torch.inference_mode()
def test_efficientnet_lite_of_timm(tmp_path, network: str) -> None:
    theirs = taught(timm.create_model(network, num_classes=2))
    place = written(theirs, tmp_path)
    x = image()
    wanted = theirs.forward_features(x)
    lite = models.build(f"lite/{network.removeprefix('tf_').replace('_', '-')}", 3).eval()
    unet = models.build(f"unet/tu-{network}", 3).eval()
    for ours, found in ((lite, lambda: lite.encoder(x)[-1]), (unet, lambda: unet.encoder(x)[-1])):
        said = fill(ours, place).said
        assert "left out: conv_head, bn2, classifier" in said
        same(theirs.bn2(theirs.conv_head(found())), wanted)


@torch.inference_mode()
def test_dinov2(tmp_path) -> None:
    from timm.models.vision_transformer import VisionTransformer

    x = image(518, 518)
    theirs = taught(
        VisionTransformer(
            518, 14, embed_dim=96, depth=4, num_heads=3, init_values=1.0, num_classes=0, dynamic_img_size=True
        )
    )
    ours = models.build("dino/dinov2-nano", 3).eval()
    assert "random: head, norm" in fill(ours, written(theirs, tmp_path)).said
    same(ours.encoder(pixel_values=x).last_hidden_state, theirs.forward_features(x))
    config = transformers.Dinov2Config(hidden_size=96, num_hidden_layers=4, num_attention_heads=3, image_size=518)
    second = taught(transformers.Dinov2Model(config))
    fill(ours, written(second, tmp_path))
    same(ours.encoder(pixel_values=image()[..., :56, :84]).last_hidden_state,
         second(pixel_values=image()[..., :56, :84]).last_hidden_state)  # fmt: skip


@torch.inference_mode()
def test_a_head_on_dino_from_before_its_positions_were_the_published_ones_still_loads() -> None:
    ours = models.build("dino/dinov2-nano", 3).eval()
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    before["encoder.embeddings.position_embeddings"] = torch.rand(1, 257, 96)
    ours.load_state_dict(before)
    assert torch.equal(
        ours.state_dict()["encoder.embeddings.position_embeddings"], before["encoder.embeddings.position_embeddings"]
    )
    assert ours(image(56, 84)).shape == (1, 3, 56, 84)


@pytest.mark.parametrize("network", ["vit_small_patch16_dinov3", "vit_small_patch16_dinov3_qkvb", "transformers"])
@torch.inference_mode()
def test_dinov3(tmp_path, network: str) -> None:
    """timm leaves out biases of queries and values where they are zero, and has them in another network."""
    x = image()
    if network == "transformers":
        config = transformers.DINOv3ViTConfig(
            hidden_size=96, num_hidden_layers=4, num_attention_heads=3, intermediate_size=384, num_register_tokens=4
        )
        theirs = taught(transformers.DINOv3ViTModel(config))
        wanted = theirs(pixel_values=x).last_hidden_state
    else:
        theirs = timm.create_model(network, depth=4, embed_dim=96, num_heads=3, num_classes=0, dynamic_img_size=True)
        wanted = taught(theirs).forward_features(x)
    ours = models.build("dino/dinov3-nano", 3).eval()
    said = fill(ours, written(theirs, tmp_path)).said
    assert ("zero, as timm leaves them out" in said) == (network == "vit_small_patch16_dinov3")
    same(ours.encoder(pixel_values=x).last_hidden_state, wanted)


@pytest.mark.parametrize("encoder", ["swin-nano", "resnet18"])
@torch.inference_mode()
def test_mask2former(tmp_path, encoder: str) -> None:
    small = {"queries": 4, "width": 32, "pixel_layers": 1, "decoder_layers": 2, "feedforward": 64}
    theirs = taught(models.build(f"mask2former/{encoder}", 80, **small).network)
    ours = models.build(f"mask2former/{encoder}", 80, **small).eval()
    place = written(theirs, tmp_path)
    assert fill(ours, place).whole
    found, wanted = ours(image()), theirs(pixel_values=image())
    same(found.class_logits, wanted.class_queries_logits)
    same(found.mask_logits, wanted.masks_queries_logits)
    filled = fill(models.build(f"mask2former/{encoder}", 5, **small), place)
    assert not filled.whole
    assert "for other classes (6 values in place of 81) and random: network.class_predictor" in filled.said


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("oneformer", {"encoder": "swin-nano", "queries": 4, "width": 32, "pixel_layers": 1, "decoder_layers": 2, "feedforward": 64}),
        ("eomt", {"encoder": "nano", "side": 64, "queries": 8}),
        ("rfdetr", {"encoder": "nano", "side": 96, "queries": 8, "width": 32, "decoder_layers": 2, "groups": 2}),
    ],
)  # fmt: skip
@torch.inference_mode()
def test_other_networks_of_queries(tmp_path, name: str, config: dict) -> None:
    """RF-DETR's file holds some tensors in parts that are one in memory: transformers puts them together."""
    theirs = models.build(name, 7, **config).eval()
    taught(theirs.network)
    if name == "eomt":
        theirs.network.attn_mask_probs.zero_()  # drawn by chance otherwise
    place = written(theirs.network, tmp_path)
    ours = models.build(name, 7, **config).eval()
    assert fill(ours, place).whole
    same(ours(image()).mask_logits, theirs(image()).mask_logits)
    assert "for other classes" in fill(models.build(name, 3, **config), place).said


SEGMENTERS = [
    ("deeplabv3_mobilenet_v3_large", "deeplabv3/mobilenet_v3_large"), ("fcn_resnet50", "fcn/resnet50"),
    ("lraspp_mobilenet_v3_large", "lraspp/mobilenet_v3_large"),
]  # fmt: skip


@pytest.mark.parametrize(("theirs", "spec"), SEGMENTERS)
@torch.inference_mode()
def test_segmenters_of_torchvision(tmp_path, theirs: str, spec: str) -> None:
    helped = {} if theirs.startswith("lraspp") else {"aux_loss": True}
    network = taught(getattr(torchvision.models.segmentation, theirs)(weights=None, weights_backbone=None, **helped))
    ours = models.build(spec, 21).eval()
    filled = fill(ours, written(network, tmp_path))
    assert filled.whole
    assert ("left out: aux_classifier" in filled.said) == bool(helped)
    same(ours(image()), network(image())["out"])
    assert "for other classes (2 values in place of 21)" in fill(models.build(spec, 2), tmp_path / "weights.pth").said


def old_names(tensors):
    """As torchvision's published detectors have them: from before some layers were blocks."""
    import re

    rules = (
        (r"(fpn\.(?:inner|layer)_blocks\.\d)\.0\.", r"\1."), (r"rpn\.head\.conv\.0\.0\.", "rpn.head.conv."),
    )  # fmt: skip
    out = {}
    for name, tensor in tensors.items():
        new = name
        for today, before in rules:
            new = re.sub(today, before, new)
        new = re.sub(r"mask_head\.(\d)\.0\.", lambda found: f"mask_head.mask_fcn{int(found[1]) + 1}.", new)
        if "num_batches_tracked" not in new:  # their batch normalisation is frozen
            out[new] = tensor
    return out


@torch.inference_mode()
def test_mask_rcnn(tmp_path) -> None:
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

    network = torchvision.models.detection.MaskRCNN(
        resnet_fpn_backbone(backbone_name="resnet18", weights=None), num_classes=91, box_score_thresh=0.0, min_size=64,
        max_size=96, image_mean=[0.0] * 3, image_std=[1.0] * 3,
    )  # fmt: skip
    theirs = taught(network)
    torch.save(old_names(theirs.state_dict()), tmp_path / "coco.pth")
    ours = models.build("maskrcnn/resnet18", 90, min_score=0.0).eval()
    assert fill(ours, tmp_path / "coco.pth").whole
    found, wanted = ours(image())[0], theirs(list(image()))[0]
    ours_found = torch.cat([found.boxes / 96, found.scores[:, None], found.class_indices[:, None]], 1)
    theirs_found = torch.cat([wanted["boxes"] / 96, wanted["scores"][:, None], wanted["labels"][:, None] - 1], 1)
    order = torch.cdist(ours_found, theirs_found).argmin(1)  # of nearly one score either may be first
    assert order.unique().numel() == len(order)
    same(ours_found, theirs_found[order])
    said = fill(models.build("maskrcnn/resnet18", 3), tmp_path / "coco.pth").said
    assert "for other classes (4 values in place of 91)" in said
    assert "roi_heads.box_predictor" in said
    assert "roi_heads.mask_predictor" in said
    encoder = fill(models.build("unet/resnet18", 3), tmp_path / "coco.pth").said
    assert "the encoder's" in encoder
    assert "left out: backbone, rpn, roi_heads" in encoder
