"""Networks with a memory of the frames they have seen: SAM 2 and EdgeTAM, which are used alike.

Ravi et al., "SAM 2: Segment Anything in Images and Videos", ICLR 2025.  Networks and sessions are transformers'; frames
are handed over one by one, and what the memory no longer needs is dropped after each, so that a session does not
grow with the video.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8, Array, Size
from maskwright.core.masks import Masks
from maskwright.predict.checkpoint import MEAN, STD
from maskwright.predict.objects import masks_above
from maskwright.registry import require


class Memory:
    """The video engine.  model: transformers' video network; session: its class of sessions."""

    def __init__(self, model: Any, session: Any, device: str) -> None:
        self._torch: Any = require("torch", "tracking objects with a network")
        self.model = model.to(device).eval()
        self._session_class = session
        self.device = device
        self.side = int(model.config.image_size)
        #: Frames whose memories and pointers can still be asked for.
        self.reach = max(
            int(model.config.num_maskmem), int(getattr(model.config, "max_object_pointers_in_encoder", 16))
        )

    def begin(self, image: U8, masks: Masks) -> None:
        torch = self._torch
        self._size: Size = (image.shape[0], image.shape[1])
        self._number = len(masks)
        self._index = 0
        if not self._number:
            return
        session = self._session_class(
            video=None, video_height=self._size[0], video_width=self._size[1], inference_device=self.device,
            inference_state_device=self.device, video_storage_device=self.device, dtype=torch.float32,
        )  # fmt: skip
        for number, mask in enumerate(masks):
            index = session.obj_id_to_idx(number)
            given = torch.from_numpy(mask.decode().astype(np.float32))[None, None]
            # As the network's own processor does: enlarge or shrink smoothly, then decide.
            square = torch.nn.functional.interpolate(
                given, size=(self.side, self.side), mode="bilinear", align_corners=False, antialias=True
            )
            session.add_mask_inputs(index, 0, (square >= 0.5).float().to(self.device))
        session.obj_with_new_inputs = list(range(self._number))
        self._session = session
        self._run(image)

    def step(self, image: U8) -> tuple[Masks, Array]:
        if not self._number:
            return Masks.empty(self._size), np.zeros(0)
        logits, present = self._run(image)
        place = np.array([logits.shape[1] / self._size[0], 0.0, logits.shape[2] / self._size[1], 0.0])
        masks = masks_above(logits, self._size, place)
        # Sure pixels make a sure mask; one that the network says is hidden is lost for now.
        certain = np.array([_certainty(logit) for logit in logits])
        return masks, np.where(present > 0, 1 - certain, 1.0)

    def _run(self, image: U8) -> tuple[F32, F32]:
        torch = self._torch
        functional: Any = require("torchvision.transforms.v2.functional", "tracking objects with a network")
        given = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
        square = functional.resize(given, [self.side, self.side], antialias=True).float() / 255
        pixels = (square - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
        with torch.inference_mode():
            out = self.model(inference_session=self._session, frame=pixels[None].to(self.device), frame_idx=self._index)
        self._forget()
        self._index += 1
        logits = out.pred_masks[:, 0].float().cpu().numpy()
        present = out.object_score_logits
        sure: F32 = np.ones(self._number, np.float32)
        if present is not None:
            sure = present.float().cpu().numpy().reshape(-1)
        return logits, sure

    def _forget(self) -> None:
        """Drop the frames and memories that no later frame asks for; the given frame's stay."""
        session, old = self._session, self._index - self.reach
        if isinstance(session.processed_frames, dict):
            # The session counts its frames, so their places stay.
            session.processed_frames[self._index] = None
        for held in session.output_dict_per_obj.values():
            for frame in [
                non_cond_frame_output
                for non_cond_frame_output in held["non_cond_frame_outputs"]
                if non_cond_frame_output < old
            ]:
                del held["non_cond_frame_outputs"][frame]
        for tracked in session.frames_tracked_per_obj.values():
            for frame in [each for each in tracked if each < old]:
                del tracked[frame]


def _certainty(logits: F32) -> float:
    """Mean of |2p - 1| over the mask and its surroundings; 0 without a mask."""
    near = logits > -4
    if not (logits > 0).any():
        return 0.0
    return float(np.abs(np.tanh(logits[near] / 2)).mean())
