"""A published network predicts as it is, under the names of its classes; its file says what it is on the command line."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")

from command_line import run

from maskwright.errors import ModelError
from maskwright.predict import Predictor, checkpoint
from maskwright.weights import at_hand

BARE = {"weights": None, "weights_backbone": None}


@pytest.fixture(scope="module")
def voc(tmp_path_factory):
    """LR-ASPP as torchvision writes it, of random values."""
    torch.manual_seed(0)
    network = torchvision.models.segmentation.lraspp_mobilenet_v3_large(**BARE).eval()
    place = tmp_path_factory.mktemp("published") / "lraspp.pth"
    torch.save(network.state_dict(), place)
    return network, place


def test_a_file_of_tensors_predicts_under_the_names_of_its_classes(voc) -> None:
    network, place = voc
    predictor = Predictor.load(place, device="cpu")
    assert [class_.name for class_ in predictor.classes][:3] == ["background", "aeroplane", "bicycle"]
    assert predictor.info.task == "semantic"
    assert "as all published weights of lraspp/mobilenet_v3_large with so many outputs have" in predictor.info.notes[1]
    image = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    x = (torch.from_numpy(image).permute(2, 0, 1).float() / 255 - mean) / std
    with torch.inference_mode():
        wanted = network(x[None])["out"][0].argmax(0)
    assert (predictor.label_map(image) == wanted.numpy()).mean() > 0.999


@pytest.mark.slow
def test_mask_rcnn_finds_teddy_bears_and_not_number_88(tmp_path) -> None:
    torch.manual_seed(0)
    network = torchvision.models.detection.maskrcnn_resnet50_fpn(
        **BARE, box_score_thresh=0.0, min_size=64, max_size=96, image_mean=[0.0] * 3, image_std=[1.0] * 3
    ).eval()
    with torch.no_grad():
        # More would saturate its scores, and leave their order to chance.
        network.roi_heads.box_predictor.cls_score.bias[88] += 3
    torch.save(network.state_dict(), tmp_path / "coco.pth")
    ours, info = checkpoint.load(tmp_path / "coco.pth")
    assert info.task == "instance"
    x = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        found, wanted = ours(x)[0], network(list(x))[0]
    assert wanted["labels"][0] == 88
    assert info.classes[int(found.class_indices[0])]["name"] == "teddy bear"
    assert (found.scores - wanted["scores"]).abs().max() < 1e-4
    # Two boxes of one score may stand either way round.
    assert (found.boxes[:, None] - wanted["boxes"]).abs().amax(-1).amin(1).max() < 1e-2


def test_what_finds_nothing_by_itself_is_said(tmp_path) -> None:
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "resnet.pth")
    with pytest.raises(ModelError, match=r"the encoder resnet18.*an encoder finds nothing by itself"):
        Predictor.load(tmp_path / "resnet.pth")
    torch.save({"image_encoder.patch_embed.proj.weight": torch.zeros(8, 3, 4, 4)}, tmp_path / "sam.pth")
    with pytest.raises(ModelError, match=r"the engine sam.*an engine finds what it is shown"):
        Predictor.load(tmp_path / "sam.pth")


def test_the_command_line_says_what_is_here_and_what_a_file_is(voc, capsys) -> None:
    code, out, err = run(capsys, "model", "list", "--json")
    assert code == 0, err
    listed = {row["name"]: row for row in json.loads(out)["weights"]}
    here = at_hand.of_name("efficientnet-lite0")
    assert listed["efficientnet-lite0"]["file"] == (str(here) if here else None)
    assert listed["sam-base"]["obtain"].startswith("HF_HUB_OFFLINE=0")
    code, out, err = run(capsys, "model", "list")
    assert "facebook/mask2former-swin-tiny-coco-instance" in out
    code, out, err = run(capsys, "model", "show", voc[1])
    assert code == 0, err
    assert "the network lraspp/mobilenet_v3_large, as torchvision names its tensors" in out
    assert "background, aeroplane, bicycle" in out
    assert "maskwright predict IMAGES --model" in out
    code, out, err = run(capsys, "model", "show", voc[1], "--json")
    assert json.loads(out)["outputs"] == 21
    code, out, err = run(capsys, "model", "show", voc[1].parent / "nothing.pth")
    assert code
    assert "there is no such file" in err
