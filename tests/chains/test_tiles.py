"""``tiled`` with a chain that sees all that its part shows, with fakes behind real chains, and with the embedded model."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from langchain_core.runnables import RunnableLambda
from PIL import Image, ImageDraw
from pydantic import BaseModel, Field

from extraction import ChatTransformers, OptionError, SchemaError, SchemaMismatchError, TruncatedOutputError
from extraction.chains import detection_chain, extraction_chain, tiled
from extraction.pocket.scoring import Found, match
from extraction.schemas import Box, Color, DetectedObject, Scene
from tests.chains.fakes import OBJECT, RemoteModel
from tests.test_readme import needs_pocket

GROUND = (240, 240, 240)
COLORS = {"red": (214, 39, 40), "blue": (31, 90, 200), "green": (40, 150, 60)}
"""Colours of rectangles."""
