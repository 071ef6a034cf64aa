"""Scores of single segments, to be kept by `Run.log_segments`."""

from maskwright.core.segments import Segments


def segment_ious(truth: Segments, pred: Segments) -> dict[int, float]:
    """IoU of each segment with the predicted one of its class that covers it best, by the segment's id; 0 without one.

    Crowd regions have none.  truth, pred: of one image.
    """
    kept = truth[~truth.is_crowd]
    ious = kept.masks.iou(pred.masks) * (kept.class_ids[:, None] == pred.class_ids[None])
    return dict(zip(kept.ids.tolist(), ious.max(1, initial=0.0).tolist(), strict=True))
