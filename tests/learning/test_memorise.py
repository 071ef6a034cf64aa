"""Every architecture that gives each pixel a class memorises eight pictures of the demo set."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skimage")

from maskwright import losses, media, models
from maskwright.demo import build_demo_set
from maskwright.predict.predictor import image_batch
from maskwright.predict.tasks import semantic
from maskwright.train.allocator import keep_memory

# The smallest of each family; what is not here is small enough as it comes.
SMALL = {
    "deeplabv3": {"encoder": "mobilenet_v3_large"},
    "dino": {"encoder": "dinov3-nano", "learn_encoder": True},
    "sam": {"encoder": "vit-nano", "side": 96, "learn_encoder": True},
    "fastfcn": {"width": 64},
    "gscnn": {"width": 64},
    "segnet": {"width": 0.25},
    "unet2015": {"base": 8},
}
PIXELS = sorted(set(models.names()) - {"eomt", "mask2former", "maskrcnn", "oneformer", "rfdetr"})
# The others take minutes together.
QUICK = ("lite", "unet2015")
SIDE, STEPS = 96, 240
# Share of right pixels; less where answers are an eighth or a sixteenth of the size and cannot follow an outline.
ENOUGH = {"deeplabv3": 0.85, "lraspp": 0.85, "dino": 0.85, "sam": 0.85}


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    classes, samples = build_demo_set(tmp_path_factory.mktemp("eight"), number=8, size=(SIDE, SIDE))
    classes, _ = semantic.learned(classes)
    samples = list(samples)
    images = image_batch(
        [media.read(sample.image).display() for sample in samples], (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    )
    target = torch.from_numpy(np.stack([sample.segments.label_map(classes) for sample in samples])).long()
    return classes.num_classes, images, target


@pytest.mark.train
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "name", [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in PIXELS]
)
def test_it_memorises_eight_pictures(eight, name: str) -> None:
    kinds, images, target = eight
    torch.manual_seed(0)
    keep_memory()
    model = models.build(name, kinds, **SMALL.get(name, {})).to(memory_format=torch.channels_last).train()
    criterion = losses.parse("ce")
    rate = 3e-3 if name not in ("segformer", "dino", "sam") else 1e-3
    optimizer = torch.optim.AdamW(model.parameters(), rate)
    first = best = None
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 10)
        loss = (
            model(images, target, criterion) if getattr(model, "own_loss", False) else criterion(model(images), target)
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        first = first or loss.item()
        if step % 10 == 9:
            model.eval()
            with torch.inference_mode():
                right = (model(images).argmax(1) == target)[target != 255].float().mean().item()
            model.train()
            best = max(best or 0, right)
            if best >= ENOUGH.get(name, 0.93):
                break
    assert best >= ENOUGH.get(name, 0.93)
    assert loss.item() < 0.5 * first
