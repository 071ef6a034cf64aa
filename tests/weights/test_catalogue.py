"""The catalogue: entries that are whole, files that are recognised, and what is on this machine."""

import json
from pathlib import Path

import pytest

from maskwright import models, registry
from maskwright.errors import FormatError, ModelError
from maskwright.weights import at_hand, class_names, weight_catalogue
from maskwright.weights.publication import entry


def test_entries_are_whole() -> None:
    assert len(set(weight_catalogue.names())) == len(weight_catalogue.every()) > 80
    for published in weight_catalogue.every():
        assert published.licence
        assert published.what
        assert published.encoders or published.engines or "/" in published.network or "-" in published.network
        for engine in published.engines:
            family, _, name = engine.partition("/")
            assert name in registry.names(family), engine
        if "/" in published.network:
            assert models.tasks_of(published.network)
            assert published.classes
            assert models.read_config(published.network, published.config) == published.config


def test_engines_say_what_the_catalogue_says() -> None:
    assert registry.load("interactive.engines", "sam").WEIGHTS == {
        "facebook/sam-vit-base": "Apache-2.0; 94 M parameters, 375 MB",
        "facebook/sam-vit-large": "Apache-2.0; 308 M parameters, 1.2 GB",
        "facebook/sam-vit-huge": "Apache-2.0; 641 M parameters, 2.6 GB",
    }
    for family in ("interactive.engines", "fewshot.engines", "video.engines"):
        for name in registry.ours(family):
            module = registry.load(family, name)
            if hasattr(module, "WEIGHTS"):
                assert module.WEIGHTS, f"{family}/{name}"


def test_entries_that_are_not_right_are_refused() -> None:
    good = {
        "name": "a", "what": "b", "program": "c", "network": "resnet18", "licence": "MIT", "use": "free", "hub": "d/e",
    }  # fmt: skip
    assert entry(good, "x.toml").source == "hub:d/e"
    for wrong, said in (
        ({**good, "colour": 1}, "unknown: colour"), ({**good, "use": "any"}, "use 'any'"),
        ({**good, "hub": ""}, "nothing says where"), ({**good, "classes": "none"}, "classes 'none'"),
        ({name: value for name, value in good.items() if name != "licence"}, "missing: licence"),
    ):  # fmt: skip
        with pytest.raises(FormatError, match=said):
            entry(wrong, "x.toml")
    with pytest.raises(ModelError, match="Did you mean 'resnet18-smp'"):
        weight_catalogue.load("resnet18-smb")


def test_lists_of_classes() -> None:
    sizes = {name: len(class_names.class_names(name)) for name in class_names.lists()}
    assert sizes == {"ade20k": 150, "cityscapes": 19, "coco-133": 133, "coco-80": 80, "coco-91": 90, "voc": 21}
    for name in class_names.lists():
        names = [called for called, _ in class_names.class_names(name)]
        assert len(set(names)) == len(names), name
    coco = [called for called, _ in class_names.class_names("coco-91")]
    assert coco[88 - 1] == "teddy bear"
    assert coco[90 - 1] == "toothbrush"
    assert [called for called, _ in class_names.class_names("coco-80")] == [
        called for called in coco if called in {called for called, _ in class_names.class_names("coco-80")}
    ]
    assert class_names.class_names("voc")[0] == ("background", "background")
    assert sum(kind == "stuff" for _, kind in class_names.class_names("coco-133")) == 53


def test_lists_are_those_of_torchvision() -> None:
    torchvision = pytest.importorskip("torchvision")
    given = torchvision.models.detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    for place, (name, _) in enumerate(class_names.class_names("coco-91"), start=1):
        assert given[place] in (name, "N/A")
    voc = torchvision.models.segmentation.FCN_ResNet50_Weights.DEFAULT.meta["categories"]
    assert [name for name, _ in class_names.class_names("voc")][1:] == voc[1:]


def test_what_is_here_is_found_in_packages_and_caches(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    of_hub, of_torch = weight_catalogue.load("resnet18-smp"), weight_catalogue.load("resnet18-torchvision")
    assert at_hand.at_hand([of_hub, of_torch, weight_catalogue.load("mobile-sam")]) == []
    snapshots = tmp_path / "hub" / "models--smp-hub--resnet18.imagenet" / "snapshots"
    for snapshot in ("older", "newer"):
        (snapshots / snapshot).mkdir(parents=True)
        (snapshots / snapshot / "model.safetensors").touch()
    (snapshots.parent / "refs").mkdir()
    (snapshots.parent / "refs" / "main").write_text("older")
    cached = tmp_path / "torch" / "hub" / "checkpoints" / of_torch.torch
    cached.parent.mkdir(parents=True)
    cached.touch()
    assert at_hand.at_hand([of_torch, of_hub]) == [
        (of_torch, cached), (of_hub, snapshots / "older" / "model.safetensors"),
    ]  # fmt: skip


def test_names_of_the_catalogue_are_sources(tmp_path, monkeypatch) -> None:
    torch = pytest.importorskip("torch")
    from maskwright.weights import read_weights

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"(?s)'resnet18-torchvision' are not on this machine.*download\.pytorch\.org"):
        read_weights("resnet18-torchvision")
    place = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    place.parent.mkdir(parents=True)
    torch.save({"conv1.weight": torch.zeros(1)}, place)
    assert list(read_weights("resnet18-torchvision")) == ["conv1.weight"]


SMALL = {"queries": 4, "width": 32, "pixel_layers": 1, "decoder_layers": 2, "feedforward": 64}
BARE = {"weights": None, "weights_backbone": None}
#: Who makes it, and how; what it is, of whose names, with which config; how many outputs; its last class.
NETWORKS = [
    ("torchvision.models", "resnet18", {}, "resnet18", "torchvision", {}, None, None),
    ("timm", "resnet50", {}, "resnet50", "torchvision", {}, None, None),
    ("torchvision.models", "mobilenet_v2", {}, "mobilenet_v2", "torchvision", {}, None, None),
    ("torchvision.models", "mobilenet_v3_large", {}, "mobilenet_v3_large", "torchvision", {}, None, None),
    ("timm", "tf_efficientnet_lite2", {}, "efficientnet-lite2", "timm", {}, None, None),
    ("timm", "vit_small_patch14_dinov2", {}, "dinov2-small", "timm", {}, None, None),
    ("timm", "vit_small_patch16_dinov3", {}, "dinov3-small", "timm", {}, None, None),
    ("torchvision.models.segmentation", "lraspp_mobilenet_v3_large", BARE, "lraspp/mobilenet_v3_large", "torchvision", {}, 21, "tvmonitor"),
    ("torchvision.models.segmentation", "fcn_resnet50", BARE, "fcn/resnet50", "torchvision", {}, 21, "tvmonitor"),
    ("torchvision.models.segmentation", "deeplabv3_resnet101", BARE, "deeplabv3/resnet101", "torchvision", {}, 21, "tvmonitor"),
    ("torchvision.models.detection", "maskrcnn_resnet50_fpn", BARE, "maskrcnn/resnet50", "torchvision", {}, 91, "toothbrush"),
    ("torchvision.models.detection", "maskrcnn_resnet50_fpn_v2", BARE, "maskrcnn/resnet50", "torchvision", {"version": 2}, 91, "toothbrush"),
    *(
        ("segmentation_models_pytorch", name, {"encoder_name": "resnet18", "encoder_weights": None, "classes": 5}, f"{model}/resnet18", "segmentation-models-pytorch", {}, 5, None)
        for name, model in (("Unet", "unet"), ("FPN", "fpn"), ("DeepLabV3Plus", "deeplabv3plus"), ("PSPNet", "pspnet"), ("UPerNet", "upernet"))
    ),
    ("transformers", "Dinov2", {"hidden_size": 384, "num_attention_heads": 6}, "dinov2-small", "transformers", {}, None, None),
    ("transformers", "Segformer", {"num_labels": 150}, "segformer/mit_b0", "transformers", {"width": 256}, 150, "flag"),
    ("maskwright", "mask2former/swin-tiny", SMALL, "mask2former/swin-tiny", "transformers", {"queries": 4}, 133, "rug-merged"),
    ("maskwright", "mask2former/resnet18", SMALL, "mask2former/resnet18", "transformers", {"queries": 4}, 133, None),
    ("maskwright", "oneformer/swin-tiny", SMALL, "oneformer/swin-tiny", "transformers", {"queries": 4}, 133, None),
]  # fmt: skip


def made(by: str, name: str, options: dict):
    """A network of its program, as small as it comes; of shapes alone where that will do."""
    import torch

    program = pytest.importorskip(by)
    if by == "maskwright":
        return models.build(name, 133, **options).network
    if by == "transformers":
        kind = f"{name}ForSemanticSegmentation" if name == "Segformer" else f"{name}Model"
        return getattr(program, kind)(getattr(program, f"{name}Config")(**options))
    with torch.device("meta"):
        return program.create_model(name) if by == "timm" else getattr(program, name)(**options)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("by", "name", "options", "what", "program", "config", "outputs", "last"), NETWORKS,
    ids=[f"{row[0].rpartition('.')[2]} {row[1]}" for row in NETWORKS],
)  # fmt: skip
def test_files_are_recognised(by, name, options, what, program, config, outputs, last) -> None:
    pytest.importorskip("torch")
    from maskwright.weights.own_names import as_in_files
    from maskwright.weights.recognising import of_tensors

    tensors = {held: tensor for held, (_, tensor) in as_in_files(made(by, name, options)).items()}
    found = of_tensors(tensors, "nowhere.pth")
    assert (found.network, found.program, found.config, found.outputs) == (what, program, config, outputs)
    assert (found.classes[-1][0] if found.classes else None) == last
    assert found.kind == ("encoder" if outputs is None else "network")


def test_a_network_of_nobody_is_refused() -> None:
    torch = pytest.importorskip("torch")
    from maskwright.weights.recognising import of_tensors

    with pytest.raises(ModelError, match=r"of no network that is known here; it holds a\.b"):
        of_tensors({"a.b": torch.zeros(3)}, "x.pth")


@pytest.mark.filterwarnings("ignore")
def test_a_folder_says_its_classes_and_normalisation_itself(tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    from maskwright.weights import recognise

    names = {0: "wheat", 1: "weed"}
    config = transformers.SegformerConfig(num_labels=2, id2label=names, label2id={name: k for k, name in names.items()})
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.1] * 3, "image_std": [0.2] * 3}))
    found = recognise(tmp_path)
    assert [name for name, _ in found.classes] == ["wheat", "weed"]
    assert found.why == "its folder says"
    assert (found.mean, found.std) == ((0.1,) * 3, (0.2,) * 3)


def test_the_page_of_weights_is_true() -> None:
    import weights_page

    assert weights_page.page(weights_page.kept()) == weights_page.PAGE.read_text(encoding="utf-8"), (
        "run: python scripts/weights_page.py"
    )


def test_weights_are_taken_from_this_room_only() -> None:
    """Nobody else reads files of weights, or asks another library to; checkpoints of ours are what they hold."""
    import maskwright

    source = Path(maskwright.__file__).parent
    own = {"predict/checkpoint.py", "train/resuming.py"}
    for path in source.rglob("*.py"):
        place = path.relative_to(source).as_posix()
        if place.startswith("weights/") or place in own:
            continue
        text = path.read_text(encoding="utf-8")
        for word in ("from_pretrained(", "load_state_dict_from_url", "torch.load(", "load_file(", "hf_hub_download"):
            assert word not in text, f"{place}: {word}"
