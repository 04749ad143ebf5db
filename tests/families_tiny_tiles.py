"""Tiny models of families that cut pictures into tiles of one size."""

from __future__ import annotations

from transformers import PreTrainedTokenizerFast
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.granite_docling.image_processing_pil_granite_docling import GraniteDoclingImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import LlavaOnevisionImageProcessorPil
from transformers.models.ovis2.image_processing_pil_ovis2 import Ovis2ImageProcessorPil
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

from tests.families_tiny_parts import CLIP, SIGLIP, Parts, Tiny, chat, chatml, config, ids, text
from tests.tiny_models import token_id

SQUARE = {"height": 32, "width": 32}
PINPOINTS = [[32, 64], [64, 32], [64, 64]]
CHATML = ("<|im_start|>", "<|im_end|>")


def _llava_next(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "llava_next",
        text_config=text(tokenizer, "mistral", sliding_window=None),
        vision_config={**CLIP, "model_type": "clip_vision_model"},
        image_grid_pinpoints=PINPOINTS,
        image_seq_length=16,
        vision_feature_layer=-1,
        **ids(tokenizer, image_token_index="<image>"),
    )
    pictures = LlavaNextImageProcessorPil(size={"shortest_edge": 32}, crop_size=SQUARE, image_grid_pinpoints=PINPOINTS)
    options = {"patch_size": 8, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    return Parts(made, pictures, options)


def _llava_onevision(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "llava_onevision",
        text_config=text(tokenizer, "qwen2"),
        vision_config={**SIGLIP, "vision_use_head": False},
        image_grid_pinpoints=PINPOINTS,
        **ids(tokenizer, image_token_index="<image>", video_token_index="<video>"),
    )
    pictures = LlavaOnevisionImageProcessorPil(size=SQUARE, image_grid_pinpoints=PINPOINTS)
    return Parts(made, pictures, {"num_image_tokens": 16, "vision_feature_select_strategy": "full"})


def _idefics3(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "idefics3",
        text_config=text(tokenizer, "llama"),
        vision_config=CLIP,
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
        **ids(tokenizer, image_token_id="<image>"),
    )
    pictures = Idefics3ImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    return Parts(made, pictures, {"image_seq_len": 4})


def _smolvlm(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "smolvlm",
        text_config=text(tokenizer, "llama"),
        vision_config=CLIP,
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
        **ids(tokenizer, image_token_id="<image>"),
    )
    pictures = SmolVLMImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    return Parts(made, pictures, {"image_seq_len": 4})


def _granite_docling(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "granite_docling",
        text_config=text(tokenizer),
        vision_config={**CLIP, "out_hidden_size": 32, "scale_factor": 2, "deepstack_visual_indexes": [0]},
        pad_token_id=tokenizer.pad_token_id,
        **ids(tokenizer, image_token_id="<image>"),
    )
    return Parts(made, GraniteDoclingImageProcessorPil(size=SQUARE, max_patches=4), {"image_seq_len": 4})


def _internvl(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "internvl",
        text_config=text(tokenizer, "qwen2"),
        vision_config={**CLIP, "image_size": [32, 32], "patch_size": [8, 8]},
        image_seq_length=4,
        **ids(tokenizer, image_token_id="<IMG_CONTEXT>"),
    )
    pictures = GotOcr2ImageProcessorPil(size=SQUARE, crop_to_patches=True, min_patches=1, max_patches=4)
    return Parts(made, pictures, {"image_seq_length": 4})


def _aya_vision(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "aya_vision",
        text_config=text(tokenizer, "cohere2", layer_types=["sliding_attention", "full_attention"], sliding_window=64),
        vision_config={**SIGLIP, "vision_use_head": False},
        downsample_factor=2,
        **ids(tokenizer, image_token_index="<|IMG_PATCH|>"),
    )
    pictures = GotOcr2ImageProcessorPil(size=SQUARE, crop_to_patches=True, min_patches=1, max_patches=4)
    return Parts(made, pictures, {"patch_size": 8, "img_size": 32, "downsample_factor": 2})


def _ovis2(tokenizer: PreTrainedTokenizerFast) -> Parts:
    indicators = ("<IMG_START>", "<IMG_GRID>", "<IMG_COL>", "<IMG_ROW>", "<IMG_END>")
    made = config(
        "ovis2",
        text_config=text(tokenizer, "qwen2"),
        vision_config={**CLIP, "hidden_stride": 2, "vocab_size": 40},
        hidden_size=32,
        vocab_size=len(tokenizer) + 7,
        visual_indicator_token_ids=[token_id(tokenizer, token) for token in indicators],
        **ids(tokenizer, image_token_id="<IMG_ATOM>"),
    )
    pictures = Ovis2ImageProcessorPil(size=SQUARE, crop_to_patches=True, max_patches=4)
    return Parts(made, pictures, {"image_seq_length": 4})


_IDEFICS_TURN = "<|im_start|>ROLE:TEXT<end_of_utterance>\n"
_IDEFICS3 = chat(
    **{role: _IDEFICS_TURN.replace("ROLE", role.capitalize()) for role in ("user", "assistant", "system")},
    answer="Assistant:",
    image="<image>",
)
_IDEFICS3_SPECIAL = (
    "<|im_start|>",
    "<end_of_utterance>",
    "<fake_token_around_image>",
    "<image>",
    "<global-img>",
    *(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)),
)
_GRANITE_TURN = "<|start_of_role|>ROLE<|end_of_role|>TEXT<|end_of_text|>\n"
_AYA_TURN = "<|START_OF_TURN_TOKEN|><|ROLE_TOKEN|>TEXT<|END_OF_TURN_TOKEN|>"
_AYA_ROLES = {"user": "USER", "assistant": "CHATBOT", "system": "SYSTEM"}

TILES: dict[str, Tiny] = {
    "llava-next": Tiny(
        _llava_next,
        chat(user="[INST] TEXT [/INST]", assistant=" TEXT</s> ", answer="", image="<image>\n", bos="<s>"),
        ("<image>",),
        end="</s>",
        bos="<s>",
    ),
    "llava-onevision": Tiny(_llava_onevision, chatml("<image>"), (*CHATML, "<image>", "<video>"), end="<|im_end|>"),
    "idefics3": Tiny(_idefics3, _IDEFICS3, _IDEFICS3_SPECIAL, end="<end_of_utterance>"),
    "smolvlm": Tiny(_smolvlm, _IDEFICS3, _IDEFICS3_SPECIAL, end="<end_of_utterance>"),
    "granite-docling": Tiny(
        _granite_docling,
        chat(
            **{role: _GRANITE_TURN.replace("ROLE", role) for role in ("user", "assistant", "system")},
            answer="<|start_of_role|>assistant<|end_of_role|>",
            image="<image>",
        ),
        ("<|start_of_role|>", "<|end_of_role|>", *_IDEFICS3_SPECIAL),
        end="<|end_of_text|>",
    ),
    "internvl": Tiny(
        _internvl,
        chatml("<IMG_CONTEXT>\n"),
        CHATML,
        end="<|im_end|>",
        named={
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
    ),
    "aya-vision": Tiny(
        _aya_vision,
        chat(
            **{role: _AYA_TURN.replace("ROLE", name) for role, name in _AYA_ROLES.items()},
            answer="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
            image="<image>",
            bos="<BOS_TOKEN>",
        ),
        (
            "<|START_OF_TURN_TOKEN|>",
            "<|USER_TOKEN|>",
            "<|CHATBOT_TOKEN|>",
            "<|SYSTEM_TOKEN|>",
            "<image>",
            "<|START_OF_IMG|>",
            "<|END_OF_IMG|>",
            "<|IMG_PATCH|>",
            "<|IMG_LINE_BREAK|>",
            "TILE_GLOBAL",
            *(f"TILE_{number}" for number in range(1, 13)),
        ),
        end="<|END_OF_TURN_TOKEN|>",
        bos="<BOS_TOKEN>",
    ),
    "ovis2": Tiny(
        _ovis2,
        chatml("<image>\n"),
        (*CHATML, "<image>", "<IMG_ATOM>", "<IMG_START>", "<IMG_GRID>", "<IMG_COL>", "<IMG_ROW>", "<IMG_END>"),
        end="<|im_end|>",
    ),
}
