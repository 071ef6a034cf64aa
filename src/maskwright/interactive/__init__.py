"""Interactive segmentation: sessions, engines, the simulated annotator; and automatic mask generation."""

from maskwright.interactive import engines
from maskwright.interactive.annotator import Curve, annotate, next_click
from maskwright.interactive.cleanup import Cleanup
from maskwright.interactive.click_evaluation import evaluate_clicks
from maskwright.interactive.distinct import distinct
from maskwright.interactive.embeddings import Embeddings
from maskwright.interactive.grid import Found, Grid, everything
from maskwright.interactive.prompts import Answer, Prompts, along
from maskwright.interactive.session import Session

__all__ = [
    "Answer", "Cleanup", "Curve", "Embeddings", "Found", "Grid", "Prompts", "Session", "along", "annotate", "distinct",
    "engines", "evaluate_clicks", "everything", "next_click",
]  # fmt: skip
