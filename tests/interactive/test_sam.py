"""The SAM family on tiny random networks that the tests write themselves."""

import numpy as np
import pytest

from maskwright.core.masks import Masks
from maskwright.errors import ModelError, UsageError
from maskwright.interactive import Answer, Embeddings, Grid, Prompts, Session, engines, everything
from maskwright.interactive.grid import survivors

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.filterwarnings("ignore")

SIDE = 64


def picture(height: int = 90, width: int = 120, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width, 3), (60, 90, 120), np.uint8)
    image[(y - 40) ** 2 + (x - 50) ** 2 < 25**2] = (200, 60, 50)
    image[60:80, 80:110] = (240, 230, 80)
    return np.clip(image + rng.integers(-12, 13, image.shape), 0, 255).astype(np.uint8)


DECODER = {"hidden_size": 32, "mlp_dim": 64, "iou_head_hidden_dim": 32}


def tiny_sam(kind: str = "Sam"):
    torch.manual_seed(1)
    config = getattr(transformers, f"{kind}Config")(
        vision_config={
            "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": SIDE, "patch_size": 8,
            "mlp_dim": 64, "output_channels": 32, "num_pos_feats": 16, "window_size": 3, "global_attn_indexes": [1],
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": SIDE, "patch_size": 8},
        mask_decoder_config=DECODER | ({"vit_dim": 32} if kind == "SamHQ" else {}),
    )  # fmt: skip
    return loud(getattr(transformers, f"{kind}Model")(config))


def loud(model):
    """Random networks whisper: larger weights make masks that differ from each other."""
    with torch.no_grad():
        for name, each in model.named_parameters():
            if each.ndim > 1:
                each.normal_(0, 0.25)
            elif name.endswith("bias"):
                each.normal_(0, 0.1)
    return model.eval()


def hiera():
    return {
        "hidden_size": 8, "num_attention_heads": 1, "image_size": [SIDE, SIDE], "patch_kernel_size": [7, 7],
        "patch_stride": [4, 4], "patch_padding": [3, 3], "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64], "num_attention_heads_per_stage": [1, 1, 2, 4],
        "window_size_per_stage": [8, 4, 4, 2], "global_attention_blocks": [3], "query_stride": [2, 2],
        "num_query_pool_stages": 3, "window_positional_embedding_background_size": [2, 2],
    }  # fmt: skip


def tiny_sam2():
    torch.manual_seed(2)
    config = transformers.Sam2Config(
        vision_config={
            "backbone_config": {"model_type": "sam2_hiera_det_model"} | hiera(),
            "backbone_channel_list": [64, 32, 16, 8], "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": SIDE, "patch_size": 16},
        mask_decoder_config=DECODER,
    )  # fmt: skip
    return loud(transformers.Sam2Model(config))


def tiny_edgetam():
    torch.manual_seed(3)
    config = transformers.EdgeTamConfig(
        vision_config={
            "backbone_config": {
                "model_type": "timm_wrapper", "architecture": "repvit_m1.dist_in1k", "do_pooling": False,
                "num_classes": 2, "model_args": {"in_chans": 3, "features_only": True, "out_indices": (0, 1, 2, 3)},
            },
            "backbone_channel_list": [384, 192, 96, 48], "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": SIDE, "patch_size": 16},
        mask_decoder_config=DECODER,
    )  # fmt: skip
    return transformers.EdgeTamModel(config).eval()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("sam")
    for name, model in (
        ("sam", tiny_sam()), ("sam_hq", tiny_sam("SamHQ")), ("sam2", tiny_sam2()), ("edgetam", tiny_edgetam()),
    ):  # fmt: skip
        model.save_pretrained(home / name)
    return home


def load(folders, name: str, **options):
    return engines.load(name).load(weights=str(folders / name.replace("-", "_")), **options)


@pytest.mark.parametrize("name", ["sam", "sam_hq", "sam2", "edgetam"])
def test_weights_are_recognised(folders, name: str) -> None:
    from maskwright.weights import recognise

    found = recognise(folders / name)
    assert (found.kind, found.network) == ("engine", name.replace("_", "-"))


FAMILY = ("sam", "sam-hq", "sam2")


@pytest.mark.parametrize("name", [*FAMILY, "edgetam"])
def test_a_session_answers_every_kind_of_prompt(folders, name) -> None:
    image = picture()
    session = Session(image, load(folders, name))
    click = session.click(50.0, 40.0)
    assert len(click) == 3  # a click may mean the part or the whole
    assert (np.diff(click.scores) <= 0).all()
    assert click.masks.size == (90, 120)
    assert len(session.click(10.0, 10.0, on=False)) == 1
    assert len(session.box(20, 10, 90, 70)) == 1
    several = session.predict(boxes=[[20, 10, 90, 70], [70, 50, 115, 85]])
    assert len(several) == 2
    assert several.several
    corrected = session.predict([[50, 40]], [1], mask=click.logits[0])
    assert len(corrected) == 1
    assert session.predict([[50, 40]], [1], mask=click.masks[0].decode()).masks.size == (90, 120)
    with pytest.raises(UsageError, match="text"):
        session.predict(text="a disk")


@pytest.mark.parametrize("name", FAMILY)
def test_answers_equal_the_reference_processor(folders, name) -> None:
    """Points, boxes, encoding, decoding and enlarging against transformers' own path."""
    image = picture(seed=3)
    engine = load(folders, name)
    model = engine.model
    if name == "sam2":
        processor = transformers.Sam2Processor(
            transformers.Sam2ImageProcessor(size={"height": SIDE, "width": SIDE}), target_size=SIDE
        )
    else:
        made = transformers.SamImageProcessor(
            size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE},
            mask_size={"longest_edge": 32}, mask_pad_size={"height": 32, "width": 32},
        )  # fmt: skip
        processor = transformers.SamProcessor(made)
    # They name pixels by index: half a pixel of the network's frame less than a place.
    half = np.array([0.5, 0.5]) * (np.array([120, 90]) / SIDE if name == "sam2" else 120 / SIDE)
    point = np.array([50.0, 40.0])
    inputs = processor(
        images=image, input_points=[[[(point - half).tolist()]]], input_labels=[[[1]]], return_tensors="pt"
    )
    sizes = {k: inputs.pop(k) for k in ("original_sizes", "reshaped_input_sizes") if k in inputs}
    with torch.inference_mode():
        out = model(**inputs)
    expected = processor.post_process_masks(out.pred_masks, *sizes.values())[0][0].numpy()
    answer = Session(image, engine).predict([point], [1])
    order = np.argsort(-out.iou_scores[0, 0].numpy(), kind="stable")
    assert np.allclose(answer.scores, out.iou_scores[0, 0].numpy()[order], atol=2e-3)  # kept in half precision
    for mine, theirs in zip(answer.masks.decode(), expected[order], strict=True):
        assert theirs.any()
        assert (mine & theirs).sum() / (mine | theirs).sum() > 0.97


def test_embeddings_are_encoded_once_and_told_apart(folders, tmp_path) -> None:
    calls = []
    engine = load(folders, "sam")
    other = engine.encode
    engine.encode = lambda image: (calls.append(1), other(image))[1]
    kept = Embeddings(folder=tmp_path / "cache")
    first = Session(picture(), engine, embeddings=kept).click(50, 40)
    again = Session(picture(), engine, embeddings=kept).click(50, 40)
    fresh = Session(picture(), engine, embeddings=Embeddings(folder=tmp_path / "cache")).click(50, 40)
    assert len(calls) == 1
    assert first.masks == again.masks == fresh.masks
    assert load(folders, "sam2").key != engine.key


def test_what_is_encoded_goes_to_another_device_once() -> None:
    from maskwright.interactive.on_device import OnDevice

    images = [{"size": np.array([2, 2]), "e0": np.zeros((1, 2**18), np.float32)} for _ in range(3)]
    there = OnDevice("meta", megabytes=2)
    first = there.tensors(images[0])
    assert set(first) == {"e0"}
    assert first["e0"].device.type == "meta"
    assert there.tensors(images[0])["e0"] is first["e0"], "the next prompt finds it there"
    there.tensors(images[1])
    assert there.tensors(images[0])["e0"] is first["e0"], "two have room"
    there.tensors(images[2])
    assert there.tensors(images[0])["e0"] is first["e0"]
    assert len(there._kept) == 2, "the one that was asked about longest ago went"
    own = OnDevice("cpu")
    own.tensors(images[0])["e0"][0, 0] = 1
    assert images[0]["e0"][0, 0] == 1, "on a CPU nothing is copied"
    assert not own._kept


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
@pytest.mark.parametrize("name", ["sam", "sam2"])
def test_encoders_in_other_runtimes_answer_alike(folders, name, runtime) -> None:
    pytest.importorskip("onnxruntime" if runtime == "onnx" else "openvino")
    image = picture()
    plain = Session(image, load(folders, name)).click(50, 40)
    quick = Session(image, load(folders, name, encoder=runtime)).click(50, 40)
    assert np.allclose(plain.scores, quick.scores, atol=5e-3)
    assert np.diag(plain.masks.iou(quick.masks)).min() > 0.97


class Red:
    """An engine that answers with what is red, at a quarter of the resolution where the image is large."""

    takes = frozenset({"points", "boxes", "mask"})
    key = "red"

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def encode(self, image: np.ndarray) -> dict:
        self.seen.append(image.shape)
        return {"image": image}

    def answer(self, encoded: dict, prompts: Prompts) -> Answer:
        image = encoded["image"].astype(np.int64)
        red = (image[..., 0] - image[..., 1]) > 60
        if max(red.shape) > 300:  # coarse
            red = np.kron(red[::16, ::16], np.ones((16, 16), bool))[: red.shape[0], : red.shape[1]]
        return Answer(Masks.encode(red[None]), np.ones(1, np.float32), red[None, ::4, ::4].astype(np.float32))


def test_small_objects_are_looked_at_closer() -> None:
    image = np.zeros((600, 800, 3), np.uint8)
    y, x = np.mgrid[:600, :800]
    truth = (y - 300) ** 2 + (x - 500) ** 2 < 28**2
    image[truth] = (200, 40, 40)
    whole = Masks.encode(truth[None])
    engine = Red()
    plain = Session(image, engine).predict([[500, 300]], [1]).masks
    kept = Embeddings()
    session = Session(image, engine, closer=True, embeddings=kept)
    near = session.predict([[500, 300]], [1]).masks
    assert near == whole
    assert plain.iou(whole)[0, 0] < 0.95
    crop = engine.seen[-1]
    assert max(crop[:2]) < 300
    number = len(engine.seen)
    session.predict([[505, 296]], [1])  # the same object: the crop is known
    assert len(engine.seen) == number
    # What fills the image is looked at once.
    large = np.full((400, 400, 3), (200, 40, 40), np.uint8)
    engine.seen.clear()
    Session(large, engine, closer=True).predict([[200, 200]], [1])
    assert len(engine.seen) == 1


def tiny_sam3(home) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    torch.manual_seed(4)
    width = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
    config = transformers.Sam3Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam3_vit_model", **width, "num_hidden_layers": 2, "image_size": 56, "patch_size": 14,
                "window_size": 2, "global_attn_indexes": [1], "pretrain_image_size": 28,
            },
            "fpn_hidden_size": 32, "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        text_config={
            **width, "num_hidden_layers": 1, "vocab_size": 40, "projection_dim": 32, "max_position_embeddings": 32,
            "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1,
        },
        geometry_encoder_config={**width, "num_layers": 1}, detr_encoder_config={**width, "num_layers": 1},
        detr_decoder_config={**width, "num_layers": 1, "num_queries": 12},
        mask_decoder_config={"hidden_size": 32, "num_attention_heads": 2},
    )  # fmt: skip
    transformers.Sam3Model(config).save_pretrained(home)
    words = {"[BOS]": 0, "[EOS]": 1, "[UNK]": 2, "red": 3, "disk": 4, "visual": 5}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="[BOS]", eos_token="[EOS]", unk_token="[UNK]", pad_token="[EOS]"
    ).save_pretrained(home)


def test_sam3_answers_words_and_examples(tmp_path) -> None:
    from maskwright.weights import recognise

    tiny_sam3(tmp_path / "sam3")
    assert recognise(tmp_path / "sam3").network == "sam3"
    engine = engines.load("sam3").load(weights=str(tmp_path / "sam3"), threshold=0.0)
    image = picture()
    session = Session(image, engine)
    words = session.predict(text="red disk")
    assert words.several
    assert len(words) == 12
    assert words.masks.size == (90, 120)
    assert (np.diff(words.scores) <= 0).all()
    boxes = session.predict(boxes=[[20, 10, 90, 70]])
    assert not np.allclose(boxes.scores, words.scores)
    assert not np.allclose(session.predict(text="disk").scores, words.scores)
    with pytest.raises(UsageError, match="points"):
        session.click(3, 3)
    # The published post-processing of the same network says the same.
    found = engine.encode(image)
    processor = transformers.Sam3ImageProcessor(size={"height": 56, "width": 56})
    pixels = processor(image, return_tensors="pt")["pixel_values"]
    given = engine._tokenizer("red disk", return_tensors="pt", padding="max_length", max_length=32)
    with torch.inference_mode():
        out = engine.model(pixel_values=pixels, input_ids=given.input_ids, attention_mask=given.attention_mask)
    reference = processor.post_process_instance_segmentation(out, threshold=0.0, target_sizes=[(90, 120)])[0]
    order = np.argsort(-reference["scores"].numpy(), kind="stable")
    mine = engine.answer(found, Prompts.of((90, 120), text="red disk"))
    assert np.allclose(mine.scores, reference["scores"].numpy()[order], atol=1e-4)
    same = mine.masks.decode() == (reference["masks"].numpy()[order] > 0)
    assert same.mean() > 0.999


# -- own files of SAM and MobileSAM


def own_names(model, tiny: bool = False) -> dict:
    """What the published files call a model's tensors, written the other way round than the program does."""
    out = {}
    for name, each_name in model.state_dict().items():
        if name == "prompt_encoder.shared_embedding.positional_embedding":
            continue
        new = name
        if name == "shared_image_embedding.positional_embedding":
            new = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
        for a, b in (
            ("encoder.point_embed.", "encoder.point_embeddings."), ("mask_embed.conv1", "mask_downscaling.0"),
            ("mask_embed.layer_norm1", "mask_downscaling.1"), ("mask_embed.conv2", "mask_downscaling.3"),
            ("mask_embed.layer_norm2", "mask_downscaling.4"), ("mask_embed.conv3", "mask_downscaling.6"),
            ("upscale_conv1", "output_upscaling.0"), ("upscale_layer_norm", "output_upscaling.1"),
            ("upscale_conv2", "output_upscaling.3"), ("layer_norm_final_attn", "norm_final_attn"),
        ):  # fmt: skip
            new = new.replace(a, b)
        if "iou_prediction_head" in new or "hypernetworks" in new:
            new = new.replace(".layers.0.", ".layers.1.").replace(".proj_in.", ".layers.0.")
            new = new.replace(".proj_out.", ".layers.2.")
        if new.startswith(("mask_decoder.", "vision_encoder.layers")):
            new = new.replace(".layer_norm", ".norm")
        if new.startswith("vision_encoder."):
            new = "image_encoder." + new.removeprefix("vision_encoder.")
            for k, part in enumerate(("conv1", "layer_norm1", "conv2", "layer_norm2")):
                new = new.replace(f"neck.{part}", f"neck.{k}").replace(
                    f"neck.{part.replace('layer_', '')}", f"neck.{k}"
                )
            if tiny:
                new = new.replace("image_encoder.trunk.", "image_encoder.")
                for k in (1, 2, 3):
                    new = new.replace(f"stages.{k}.downsample", f"layers.{k - 1}.downsample")
                new = new.replace("stages.", "layers.").replace("patch_embed.conv1", "patch_embed.seq.0")
                new = new.replace("patch_embed.conv2", "patch_embed.seq.2").replace(".conv.", ".c.")
            else:
                new = new.replace("patch_embed.projection", "patch_embed.proj")
                new = new.replace("image_encoder.layers.", "image_encoder.blocks.")
        out[new] = each_name
    return out


def test_sam_reads_its_own_files(folders, tmp_path) -> None:
    model = tiny_sam()
    tensors = own_names(model)
    # Names as the published sam_vit_b file has them.
    for name in (
        "image_encoder.pos_embed", "image_encoder.patch_embed.proj.weight", "image_encoder.blocks.0.norm1.weight",
        "image_encoder.blocks.1.attn.rel_pos_h", "image_encoder.blocks.0.mlp.lin1.weight", "image_encoder.neck.0.weight",
        "image_encoder.neck.3.bias", "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
        "prompt_encoder.point_embeddings.3.weight", "prompt_encoder.not_a_point_embed.weight",
        "prompt_encoder.mask_downscaling.6.weight", "prompt_encoder.no_mask_embed.weight",
        "mask_decoder.transformer.layers.1.norm4.weight", "mask_decoder.transformer.norm_final_attn.weight",
        "mask_decoder.transformer.layers.0.cross_attn_token_to_image.q_proj.weight",
        "mask_decoder.output_upscaling.3.bias", "mask_decoder.output_hypernetworks_mlps.2.layers.1.weight",
        "mask_decoder.iou_prediction_head.layers.2.bias", "mask_decoder.iou_token.weight",
    ):  # fmt: skip
        assert name in tensors, name
    torch.save(tensors, tmp_path / "sam.pth")
    own = engines.load("sam").load(weights=str(tmp_path / "sam.pth"))
    plain = load(folders, "sam")
    image = picture()
    assert Session(image, own).click(50, 40).masks == Session(image, plain).click(50, 40).masks
    del tensors["mask_decoder.iou_token.weight"]
    torch.save(tensors, tmp_path / "cut.pth")
    with pytest.raises(ModelError, match="iou_token"):
        engines.load("sam").load(weights=str(tmp_path / "cut.pth"))
    torch.save({"weight": torch.ones(3)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match="not SAM's"):
        engines.load("sam").load(weights=str(tmp_path / "other.pth"))


def test_mobile_sam_reads_its_own_file(tmp_path) -> None:
    from maskwright.interactive.engines import mobile_sam

    torch.manual_seed(5)
    model = mobile_sam.network()
    total = sum(parameter.numel() for parameter in model.parameters())
    classifier = 320 * 1000 + 1000 + 2 * 320  # left in the published file, and in its count of 10.13 M
    assert round((total + classifier) / 1e6, 2) == 10.13
    tensors = own_names(model, tiny=True)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    # Names and shapes as the published mobile_sam.pt has them.
    for name, shape in (
        ("image_encoder.patch_embed.seq.0.c.weight", (32, 3, 3, 3)),
        ("image_encoder.patch_embed.seq.2.bn.running_var", (64,)),
        ("image_encoder.layers.0.blocks.1.conv2.c.weight", (256, 1, 3, 3)),
        ("image_encoder.layers.0.downsample.conv1.c.weight", (128, 64, 1, 1)),
        ("image_encoder.layers.1.blocks.0.attn.attention_biases", (4, 49)),
        ("image_encoder.layers.1.blocks.1.local_conv.c.weight", (128, 1, 3, 3)),
        ("image_encoder.layers.2.blocks.5.attn.qkv.weight", (480, 160)),
        ("image_encoder.layers.2.downsample.conv2.c.weight", (320, 1, 3, 3)),
        ("image_encoder.layers.3.blocks.1.mlp.fc2.weight", (320, 1280)),
        ("image_encoder.neck.0.weight", (256, 320, 1, 1)),
        ("image_encoder.neck.2.weight", (256, 256, 3, 3)),
        ("mask_decoder.output_upscaling.0.weight", (256, 64, 2, 2)),
    ):
        assert shapes.get(name) == shape, (name, shapes.get(name))
    tensors["image_encoder.layers.1.blocks.0.attn.attention_bias_idxs"] = torch.zeros(49, 49, dtype=torch.int64)
    tensors["image_encoder.norm_head.weight"] = torch.ones(320)
    tensors["image_encoder.head.weight"] = torch.ones(1000, 320)
    torch.save(tensors, tmp_path / "mobile_sam.pt")
    engine = engines.load("mobile-sam").load(weights=str(tmp_path / "mobile_sam.pt"))
    pixels = torch.randn(1, 3, 1024, 1024)
    with torch.inference_mode():
        mine, theirs = engine.model.get_image_embeddings(pixels), model.get_image_embeddings(pixels)
    assert mine.shape == (1, 256, 64, 64)
    assert torch.allclose(mine, theirs, atol=1e-5)
    assert Session(picture(), engine).click(50, 40).masks.size == (90, 120)


# -- everything


def test_everything_equals_the_reference_pipeline(folders) -> None:
    """Same network, same thresholds: the masks of transformers' pipeline, one for one."""
    image = picture(150, 200, seed=4)
    engine = load(folders, "sam")
    made = transformers.SamImageProcessor(
        size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE},
        mask_size={"longest_edge": 32}, mask_pad_size={"height": 32, "width": 32},
    )  # fmt: skip
    pipe = transformers.MaskGenerationPipeline(model=engine.model, image_processor=made)
    from PIL import Image

    # Random masks fill the picture; with this they are blots, whose boxes differ.
    engine.model.mask_decoder.register_forward_hook(lambda module, given, out: (2 * out[0] - 3, *out[1:]))
    encoded = engine.encode(image)
    places = np.stack(np.meshgrid((np.arange(8) + 0.5) / 8 * 200, (np.arange(8) + 0.5) / 8 * 150), -1).reshape(-1, 2)
    _, scores = engine.decode(encoded, points=engine.frame((150, 200), places)[:, None], labels=np.ones((64, 1)))
    least = float(np.quantile(scores, 0.3))
    theirs = pipe(
        Image.fromarray(image), points_per_crop=8, points_per_batch=16, pred_iou_thresh=least,
        stability_score_thresh=0.06, stability_score_offset=0.3,
    )  # fmt: skip
    expected = Masks.encode(np.stack([np.asarray(mask) for mask in theirs["masks"]]))
    grid = Grid(side=8, iou=least, stability=0.06, offset=0.3, skip=0, same=1.1)
    mine = everything(image, engine, grid, embeddings=_Plain())
    assert 3 < len(expected) < 100
    iou = expected.iou(mine.masks)
    assert iou.max(axis=1).min() > 0.99
    assert len(mine) == len(expected)


class _Plain(Embeddings):
    """In full precision, as the reference is."""

    def get(self, engine, image):
        return engine.encode(image)


def test_everything_with_crops_skipping_and_limits(folders) -> None:
    image = picture(150, 200, seed=4)
    engine = load(folders, "sam")
    loose = {"side": 8, "iou": -9.0, "stability": 0.0}
    all_of_it = everything(image, engine, Grid(**loose, skip=0))
    assert (np.diff(all_of_it.scores) <= 0).all()
    assert all_of_it.masks.size == (150, 200)
    cropped = everything(image, engine, Grid(**loose, layers=1, fewer=2))
    assert cropped.masks.size == (150, 200)
    none = everything(image, engine, Grid(side=4, iou=1e9))
    assert len(none) == 0
    large = everything(image, engine, Grid(**loose, min_area=500))
    assert (large.masks.areas() >= 500).all()
    calls = []
    other = engine.decode
    engine.decode = lambda encoded, **asked: (calls.append(len(asked["points"])), other(encoded, **asked))[1]
    everything(image, engine, Grid(**loose, skip=0))
    assert sum(calls) == 64
    calls.clear()
    everything(image, engine, Grid(**loose, skip=1.0))
    assert sum(calls) < 64


def test_everything_without_weights_finds_what_stands_out() -> None:
    image = picture()
    found = everything(image, engines.load("classical").load())
    y, x = np.mgrid[:90, :120]
    disk = (y - 40) ** 2 + (x - 50) ** 2 < 25**2
    box = np.zeros((90, 120), bool)
    box[60:80, 80:110] = True
    iou = found.masks.iou(Masks.encode(np.stack([disk, box])))
    assert iou.max(axis=0).min() > 0.8
    assert ((found.scores >= 0) & (found.scores <= 1)).all()


def test_suppression_keeps_the_best_of_what_overlaps() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30], [0, 0, 10, 10]])
    assert survivors(boxes, np.array([0.5, 0.9, 0.1, 0.8]), 0.7).tolist() == [1, 2]
    assert survivors(np.zeros((0, 4), np.int64), np.zeros(0), 0.7).tolist() == []


def run(*words: str) -> int:
    """The command line's exit code."""
    from maskwright.cli import main

    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


def test_segment_from_the_command_line(tmp_path, capsys) -> None:
    from PIL import Image

    from maskwright import formats

    (tmp_path / "photos").mkdir()
    for k in range(2):
        Image.fromarray(picture(seed=k)).save(tmp_path / "photos" / f"p{k}.png")
    assert run(*["segment", str(tmp_path / "photos"), "--everything", "--to", str(tmp_path / "all"), "--overlays"]) == 0
    said = capsys.readouterr().out
    assert "on 2 images" in said
    assert sorted(path.name for path in (tmp_path / "all" / "overlays").iterdir()) == ["p0.png", "p1.png"]
    reading = formats.read(tmp_path / "all")
    assert all(len(sample.segments) > 3 for sample in reading.samples)
    photo = str(tmp_path / "photos" / "p0.png")
    assert run(*["segment", photo, "--click", "50,40", "--click", "5,5,0", "--to", str(tmp_path / "one")]) == 0
    [sample] = formats.read(tmp_path / "one").samples
    y, x = np.mgrid[:90, :120]
    disk = Masks.encode(((y - 40) ** 2 + (x - 50) ** 2 < 25**2)[None])
    assert sample.segments.masks.iou(disk)[0, 0] > 0.85
    assert run(*["segment", photo, "--click", "50,40", "--to", str(tmp_path / "one")]) != 0
    assert "--overwrite" in capsys.readouterr().err
    call = ["segment", photo, "--click", "50,40", "--overwrite", "--to"]
    assert run(*call, str(tmp_path / "photos")) != 0
    assert "still needed" in capsys.readouterr().err
    assert run(*call, str(tmp_path / "one")) == 0
    for wrong, words in (
        ([photo], "--everything"), ([photo, "--click", "a,b"], "cannot be read"), ([photo, "--box", "1,2"], "X0,Y0"),
        ([str(tmp_path / "photos"), "--click", "1,1"], "one image"), (["/nowhere.png", "--everything"], "no such image"),
        ([photo, "--everything", "--grid", "sid=3"], "sid"), ([photo, "--text", "cat"], "takes no text"),
        ([photo, "--click", "500,1"], "outside"),
    ):  # fmt: skip
        assert run(*["segment", *wrong, "--to", str(tmp_path / "wrong")]) != 0
        assert words in capsys.readouterr().err
        assert not (tmp_path / "wrong").exists()


def test_the_hub_is_asked_only_after_the_person(monkeypatch, tmp_path, capsys) -> None:
    import io
    import sys

    from maskwright.weights import networks

    asked: list[bool] = []

    def fetch(_name: str, *, local_files_only: bool, **_: object) -> None:
        asked.append(not local_files_only)
        raise OSError("this test has no network")

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(networks, "_cached", lambda name: False)
    monkeypatch.setattr(transformers.Sam2Model, "from_pretrained", fetch)
    load_hub = lambda: engines.load("sam2").load(weights="hub:facebook/sam2.1-hiera-tiny")  # noqa: E731
    with pytest.raises(ModelError, match="156 MB"):  # nobody is there to answer
        load_hub()
    assert asked == []
    for answer, fetched in (("n", False), ("", False), ("y", True)):
        terminal = io.StringIO(f"{answer}\n")
        terminal.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        with pytest.raises(ModelError):
            load_hub()
        assert asked == ([True] if fetched else [])
    assert "Apache-2.0; 39 M parameters, 156 MB" in capsys.readouterr().err


def test_weights_are_asked_for() -> None:
    for name in ("sam", "sam-hq", "sam2", "edgetam", "mobile-sam", "sam3"):
        with pytest.raises(UsageError, match="needs weights"):
            engines.load(name).load()
        with pytest.raises(ModelError):
            engines.load(name).load(weights="/nowhere/at/all")
    assert Prompts.of((4, 4), [[1, 1]]).point_labels.tolist() == [1]
