"""From a trained model and an image to segments of exactly the image's size."""

from maskwright.predict.predictor import Predictor

__all__ = ["Predictor"]
