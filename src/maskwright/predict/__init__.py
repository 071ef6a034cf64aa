"""From a trained model and an image to segments of exactly the image's size."""

from maskwright.predict.batch import predict_into_run
from maskwright.predict.checkpoint import ModelInfo, read_info
from maskwright.predict.predictor import Predictor

__all__ = ["ModelInfo", "Predictor", "predict_into_run", "read_info"]
