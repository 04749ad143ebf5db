"""Tiny models of the families that have no chat template, with random weights, saved to disk as a hub model is.

Each is its family's own classes: model, processor and picture processor, and a tokenizer of the kind that the published
checkpoints have, with their special tokens. What differs between them is what an engine has to get right:

* ``florence2``: encoder-decoder; task prompts such as ``<OD>``, location tokens that are special tokens, and a first
  token of the answer that its generation configuration forces;
* ``paligemma``: a prefix that is read in both directions, location tokens that are ordinary ones;
* ``kosmos2``: places of the picture told by a mask, a SentencePiece vocabulary without bytes;
* ``blip2`` (OPT), ``blip2_t5`` and ``instructblip``: queries in front of the text, given to an inner language model as
  embeddings;
* ``donut``: an encoder that sees the picture alone, and a decoder that is given the prompt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BartConfig,
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    DonutProcessor,
    DonutSwinConfig,
    Florence2Config,
    Florence2ForConditionalGeneration,
    Florence2Processor,
    GemmaConfig,
    GenerationConfig,
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    InstructBlipProcessor,
    Kosmos2_5Config,
    Kosmos2_5ForConditionalGeneration,
    Kosmos2_5Processor,
    Kosmos2Config,
    Kosmos2ForConditionalGeneration,
    Kosmos2Processor,
    LlamaConfig,
    MBartConfig,
    OPTConfig,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    SiglipVisionConfig,
    T5Config,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
)
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.donut.image_processing_pil_donut import DonutImageProcessorPil
from transformers.models.kosmos2_5.image_processing_pil_kosmos2_5 import Kosmos2_5ImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from tests.tiny_models import WORDS

TASK_WORDS = (
    f"{WORDS} Locate the objects with category name in the image. detect cat ; dog segment An image of "
    "What does the image describe? Question: how many? Answer: \n ; . , : ? ! - _ ' \" [ ] { } 0 1 2 3 4 5 6 7 8 9"
)
QUERIES = 6
"""Queries of the models that look at pictures through some (BLIP-2, InstructBLIP, Kosmos-2)."""
POSITIONS = 2048


def build_florence2(folder: Path) -> Path:
    """Folder of a saved Florence-2; a picture becomes 5 tokens: its mean, and one for each of 4 places."""
    torch.manual_seed(0)
    tokenizer = byte_level("<s>", "<pad>", "</s>", "<unk>", after=("<s>", "</s>"), image_token="<image>")
    places = [f"<loc_{index}>" for index in range(1000)]
    tokenizer.add_tokens(["<od>", "</od>", *places, "<poly>", "</poly>", "<sep>"], special_tokens=True)
    config = Florence2Config(
        vision_config={
            "depths": [1, 1],
            "patch_size": [7, 3],
            "patch_stride": [4, 4],
            "patch_padding": [3, 1],
            "patch_prenorm": [False, True],
            "embed_dim": [16, 32],
            "num_heads": [2, 2],
            "num_groups": [2, 2],
            "window_size": 4,
            "projection_dim": 32,
            "max_position_embeddings": 4,
        },
        text_config=BartConfig(
            vocab_size=len(tokenizer) + 5,
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=64,
            decoder_ffn_dim=64,
            max_position_embeddings=1024,
            **_ids(tokenizer),
            decoder_start_token_id=tokenizer.eos_token_id,
            forced_eos_token_id=None,
        ).to_dict(),
        image_token_id=tokenizer.get_vocab()["<image>"],
    )
    pictures = CLIPImageProcessorPil(size={"height": 32, "width": 32}, do_center_crop=False, image_seq_length=5)
    processor = Florence2Processor(image_processor=pictures, tokenizer=tokenizer)
    # As the published checkpoint has it: beams, and a first and a last token that are forced.
    generation = GenerationConfig(
        **_ids(tokenizer),
        decoder_start_token_id=tokenizer.eos_token_id,
        forced_bos_token_id=tokenizer.bos_token_id,
        forced_eos_token_id=tokenizer.eos_token_id,
        no_repeat_ngram_size=3,
        num_beams=3,
        early_stopping=True,
    )
    return _saved(folder, Florence2ForConditionalGeneration(config), processor, generation)


def build_paligemma(folder: Path) -> Path:
    """Folder of a saved PaliGemma; a picture becomes 16 tokens."""
    torch.manual_seed(0)
    tokenizer = byte_fallback("<pad>", "<eos>", "<bos>", "<unk>")
    pictures = SiglipImageProcessorPil(size={"height": 32, "width": 32}, image_seq_length=16)
    processor = PaliGemmaProcessor(image_processor=pictures, tokenizer=tokenizer)  # adds <image>, <loc0000>, <seg000>
    config = PaliGemmaConfig(
        vision_config=SiglipVisionConfig(**_VISION).to_dict(),
        text_config=GemmaConfig(
            vocab_size=len(tokenizer) + 5,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            max_position_embeddings=POSITIONS,
            **_ids(tokenizer),
        ).to_dict(),
        image_token_index=tokenizer.get_vocab()["<image>"],
        projection_dim=32,
    )
    return _saved(folder, PaliGemmaForConditionalGeneration(config), processor, GenerationConfig(**_ids(tokenizer)))


def build_kosmos2(folder: Path) -> Path:
    """Folder of a saved Kosmos-2; a picture becomes 64 tokens, as its processor always has it."""
    torch.manual_seed(0)
    tokenizer = unigram("<s>", "<pad>", "</s>", "<unk>")
    pictures = CLIPImageProcessorPil(size={"height": 32, "width": 32}, do_center_crop=False)
    processor = Kosmos2Processor(pictures, tokenizer)  # adds <grounding>, <phrase>, <object>, <patch_index_0000> ...
    config = Kosmos2Config(
        text_config={
            "vocab_size": len(tokenizer) + 5,
            "embed_dim": 32,
            "layers": 2,
            "ffn_dim": 64,
            "attention_heads": 2,
            "max_position_embeddings": POSITIONS,
            **_ids(tokenizer),
        },
        vision_config=_VISION,
        latent_query_num=64,
    )
    return _saved(folder, Kosmos2ForConditionalGeneration(config), processor, GenerationConfig(**_ids(tokenizer)))


def build_kosmos2_5(folder: Path) -> Path:
    """Folder of a saved Kosmos-2.5; a picture becomes 4096 patches at most, as its processor has it, and 16 tokens."""
    torch.manual_seed(0)
    tokenizer = byte_level(
        "<s>", "<pad>", "</s>", "<unk>", boi_token="<image>", eoi_token="</image>", image_token="<s>"
    )
    places = [f"<{axis}_{index}>" for axis in "xy" for index in range(200)]
    tokenizer.add_tokens(["<bbox>", "</bbox>", "<ocr>", "<md>", *places], special_tokens=True)
    pictures = Kosmos2_5ImageProcessorPil()
    processor = Kosmos2_5Processor(pictures, tokenizer, num_image_tokens=16)
    config = Kosmos2_5Config(
        text_config={
            "vocab_size": len(tokenizer) + 5,
            "embed_dim": 32,
            "layers": 2,
            "ffn_dim": 64,
            "attention_heads": 2,
            "max_position_embeddings": POSITIONS,
            **_ids(tokenizer),
        },
        vision_config={
            "hidden_size": 32,
            "patch_embed_hidden_size": 768,
            "intermediate_size": 64,
            "head_dim": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "max_num_patches": 4096,
        },
        latent_query_num=16,
    )
    return _saved(folder, Kosmos2_5ForConditionalGeneration(config), processor, GenerationConfig(**_ids(tokenizer)))


def build_blip2(folder: Path) -> Path:
    """Folder of a saved BLIP-2 over OPT, which only decodes; a picture becomes ``QUERIES`` tokens."""
    torch.manual_seed(0)
    tokenizer = byte_level("</s>", "<pad>", "</s>", "</s>", after=("</s>",))
    text = OPTConfig(
        vocab_size=len(tokenizer) + 6,
        hidden_size=32,
        word_embed_proj_dim=32,
        ffn_dim=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=POSITIONS,
        **_ids(tokenizer),
    )
    return _blip2(folder, tokenizer, text)


def build_blip2_t5(folder: Path) -> Path:
    """Folder of a saved BLIP-2 over T5, an encoder-decoder."""
    torch.manual_seed(0)
    tokenizer = byte_level("<pad>", "<pad>", "</s>", "<unk>", after=(None, "</s>"))
    text = T5Config(
        vocab_size=len(tokenizer) + 6,
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        **_ids(tokenizer),
    )
    return _blip2(folder, tokenizer, text, decoder_start_token_id=tokenizer.pad_token_id)


def build_instructblip(folder: Path) -> Path:
    """Folder of a saved InstructBLIP over Llama, whose Q-Former reads the text as well, with a tokenizer of its own."""
    torch.manual_seed(0)
    tokenizer = byte_fallback("<pad>", "</s>", "<s>", "<unk>", after=("<s>",))
    former = byte_level("[CLS]", "[PAD]", "[SEP]", "[UNK]", after=("[CLS]", "[SEP]"))
    pictures = BlipImageProcessorPil(size={"height": 32, "width": 32})
    processor = InstructBlipProcessor(pictures, tokenizer, former, num_query_tokens=QUERIES)
    text = LlamaConfig(
        vocab_size=len(tokenizer) + 5,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=POSITIONS,
        **_ids(tokenizer),
    )
    config = InstructBlipConfig(
        vision_config=_VISION,
        qformer_config={**_FORMER, "vocab_size": len(former), "pad_token_id": former.pad_token_id},
        text_config=text.to_dict(),
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.get_vocab()["<image>"],
    )
    return _saved(folder, InstructBlipForConditionalGeneration(config), processor, GenerationConfig(**_ids(tokenizer)))


def build_donut(folder: Path) -> Path:
    """Folder of a saved Donut, whose decoder is given the prompt as the beginning of the answer."""
    torch.manual_seed(0)
    tokenizer = unigram("<s>", "<pad>", "</s>", "<unk>")
    tags = [
        "<s_docvqa>",
        "<s_question>",
        "</s_question>",
        "<s_answer>",
        "</s_answer>",
        "<s_name>",
        "</s_name>",
        "<sep/>",
    ]
    tokenizer.add_tokens(tags, special_tokens=True)
    start = tokenizer.get_vocab()["<s_docvqa>"]
    encoder = DonutSwinConfig(image_size=64, patch_size=4, embed_dim=16, depths=[1, 1], num_heads=[2, 2], window_size=4)
    decoder = MBartConfig(
        vocab_size=len(tokenizer) + 3,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=64,
        max_position_embeddings=768,
        scale_embedding=True,
        **_ids(tokenizer),
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    pictures = DonutImageProcessorPil(size={"height": 64, "width": 64})
    generation = GenerationConfig(**_ids(tokenizer), decoder_start_token_id=start)
    return _saved(folder, VisionEncoderDecoderModel(config), DonutProcessor(pictures, tokenizer), generation)


TINY_TASKS: dict[str, Callable[[Path], Path]] = {
    "florence2": build_florence2,
    "paligemma": build_paligemma,
    "kosmos2": build_kosmos2,
    "kosmos2_5": build_kosmos2_5,
    "blip2": build_blip2,
    "blip2_t5": build_blip2_t5,
    "instructblip": build_instructblip,
    "donut": build_donut,
}
"""Builders by family."""

_VISION: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
_FORMER: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "encoder_hidden_size": 32,
}


def _blip2(folder: Path, tokenizer: PreTrainedTokenizerFast, text: Any, **start: Any) -> Path:
    pictures = BlipImageProcessorPil(size={"height": 32, "width": 32})
    processor = Blip2Processor(pictures, tokenizer, num_query_tokens=QUERIES)  # adds <image>
    config = Blip2Config(
        vision_config=_VISION,
        qformer_config={**_FORMER, "vocab_size": 30},
        text_config=text.to_dict(),
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.get_vocab()["<image>"],
    )
    return _saved(
        folder, Blip2ForConditionalGeneration(config), processor, GenerationConfig(**_ids(tokenizer), **start)
    )


def _saved(folder: Path, model: PreTrainedModel, processor: Any, generation: GenerationConfig) -> Path:
    # Random weights of the usual scale give nearly flat scores; larger ones give an opinion that pictures can change.
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0.0, 0.3)
    model.generation_config = generation
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "bos_token_id": tokenizer.bos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


def _fast(
    core: Tokenizer, bos: str, pad: str, eos: str, unknown: str, after: Sequence[str | None], **named: str
) -> PreTrainedTokenizerFast:
    """A tokenizer that puts ``after`` around texts: what comes first, then what comes last, None for nothing."""
    first, last = (*after, None, None)[:2]
    if after:
        special = [(token, core.token_to_id(token)) for token in dict.fromkeys(after) if token is not None]
        single = [*([first] if first else []), "$A", *([last] if last else [])]
        core.post_processor = processors.TemplateProcessing(single=" ".join(single), special_tokens=special)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=bos,
        pad_token=pad,
        eos_token=eos,
        unk_token=unknown,
        padding_side="left",
        extra_special_tokens=named,
    )


def byte_level(
    bos: str, pad: str, eos: str, unknown: str, *, after: Sequence[str | None] = (), **named: str
) -> PreTrainedTokenizerFast:
    """As of BART, OPT: pairs of bytes."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=list(dict.fromkeys((bos, pad, eos, unknown))),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([TASK_WORDS] * 4, trainer)
    return _fast(core, bos, pad, eos, unknown, after, **named)


def byte_fallback(
    pad: str, eos: str, bos: str, unknown: str, *, after: Sequence[str | None] = ()
) -> PreTrainedTokenizerFast:
    """As of Gemma and Llama: pairs of characters, and bytes where a character is not known."""
    special = (pad, eos, bos, unknown)
    core = Tokenizer(models.BPE(unk_token=unknown))
    core.normalizer = normalizers.Replace(" ", "▁")
    trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=list(special), show_progress=False)
    core.train_from_iterator([word.replace(" ", "▁") for word in TASK_WORDS.split(".")] * 4, trainer)
    state = json.loads(core.to_str())
    vocabulary: dict[str, int] = state["model"]["vocab"]
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    state["model"]["byte_fallback"] = True
    core = Tokenizer.from_str(json.dumps(state))
    core.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return _fast(core, bos, pad, eos, unknown, after)


def unigram(bos: str, pad: str, eos: str, unknown: str, *, leave_out: str = "") -> PreTrainedTokenizerFast:
    """As of XLM-RoBERTa and T5: SentencePiece without bytes, a space before every text; it lacks some characters."""
    core = Tokenizer(models.Unigram())
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=[bos, pad, eos, unknown], unk_token=unknown, show_progress=False
    )
    words = TASK_WORDS.translate(dict.fromkeys(map(ord, leave_out)))
    core.train_from_iterator([words] * 4, trainer)
    return _fast(core, bos, pad, eos, unknown, ())
