"""Names, descriptions and phrasings that training chooses from; ``{}`` stands for a colour or a label."""

from __future__ import annotations

from extraction.chains import caption, detect, read, reason

SYSTEMS = (
    "You are a helpful assistant.",
    "You extract data from images.",
    "You are an expert at reading images. Return only JSON.",
    "Extract information from the image.",
)
ALL = (
    "Detect all objects.",
    "List every object.",
    "Find all shapes with their labels, colors and boxes.",
    "What is in the picture?",
    "Extract all objects from the image.",
    "Extract the information from the image.",
    "Find everything in this image.",
    "Describe the scene.",
    "Fill in the form for this picture.",
    "Read the picture.",
    "What objects are in this picture?",
    "What do you see?",
    "Extract the data.",
    "Answer in the given form.",
    "Look at the image and fill in all fields.",
    "Detect all objects in the image and return their bounding boxes.",
    "Extract information about the shapes.",
    "Analyze this image.",
)
ONLY_COLOR = (
    "Find only the {} ones.",
    "Where are the {} objects?",
    "Find only the {} objects.",
    "List the {} objects.",
    "Detect all {} shapes, nothing else.",
    "Only the {} ones.",
    "Extract only what is {}.",
)
ONLY_THING = (
    "Find only the {0}s.",
    "List each {0} in the picture.",
    "Find every {0}.",
    "Only look for a {0}.",
    "Where is the {0}?",
)
ONLY_THESE = (*[detect.ONLY.format(labels="{}")] * 2, "Detect {}.", "List only {}.")
ONLY_LABEL = (
    "Find every {}.",
    "Find only the {}s.",
    "Where is the {}?",
    "List each {} in the picture.",
    "Detect only objects that are a {}.",
    "Only look for a {}.",
    "Extract each {}, nothing else.",
)
CAPTION = (
    caption.CAPTION,
    "Describe the image in one sentence.",
    "Write a caption.",
    "Describe this picture in one or two sentences.",
    "What does the image show?",
    "Describe this image.",
    "Describe the scene.",
    "What is in this picture?",
    "What do you see?",
)
QUESTIONS = {
    "count": (
        "How many objects are there?",
        "How many shapes are in the picture?",
        "Count the objects.",
        "How many shapes do you see?",
        "How many are there in all?",
    ),
    "count color": (
        "How many {} objects are there?",
        "How many of the shapes are {}?",
        "Count the {} objects.",
        "How many {} shapes do you see?",
        "How many things are {}?",
    ),
    "count label": (
        "How many objects are a {}?",
        "How many times is there a {}?",
        "Count each {}.",
        "How many {}s are there?",
        "Count the {}s.",
        "How many {}s do you see in the picture?",
    ),
    "has color": (
        "Is there a {} object?",
        "Is any of the objects {}?",
        "Are there {} shapes in the picture?",
        "Does the picture show a {} object?",
        "Do you see any {} objects?",
    ),
    "has label": (
        "Is there a {}?",
        "Is there a {} in the picture?",
        "Do you see a {}?",
        "Are there any {}s?",
        "Does the picture show a {}?",
    ),
    "has thing": (
        "Is there a {}?",
        "Is there a {} in the picture?",
        "Do you see a {}?",
        "Are there any {}s?",
        "Does the picture show a {}?",
    ),
}
LOOKUPS = {
    "color of": ("What color is the {}?", "What colour does the {} have?", "The color of the {}?"),
    "colors of": ("Which colors do the {}s have?", "Name the color of each {}.", "What color is each {}?"),
    "labels of": ("Which shapes are {}?", "What is {}?", "Name the {} shapes.", "Which of the objects are {}?"),
    "colors": ("What colors are there?", "What colors are in the picture?", "Which colours do you see?"),
    "labels": ("What shapes are there?", "What shapes do you see?", "List all objects.", "Name the shapes."),
}
NONE = "none"
THINK = (*[reason.THINK.format(question="{}")] * 2, "{}\nThink first.")
READ = (
    read.READ,
    "Read the text.",
    "What does the text say?",
    "Transcribe the text in the image.",
)
NO_TEXT = "There is no text."

UNCLEAR = ("a", "x", "value", "field", "field_1", "f2", "data", "info", "entry", "key", "attribute", "v1", "foo", "bar")

_LABEL = ("label", "shape", "name", "type", "kind", "category", "class", "object", "shape_name", "object_type", "what")
_COLOR = ("color", "colour", "hue", "fill", "main_color", "object_color", "paint")
_BOX = ("box", "bbox", "bbox_2d", "bounding_box", "location", "position", "region", "area", "rect", "place")

OF_SOME = {
    "every object in the picture": "the shapes that were found",
    "all objects": "what was found",
    "how many objects there are": "how many were found",
    "number of objects": "how many were found",
    "the count of all shapes": "the number of shapes found",
    "names of all objects, in order": "names of the objects, in order",
}
"""What stands instead of a description where only some of the things are asked for."""

ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "objects": (
        (
            "objects",
            "items",
            "shapes",
            "detections",
            "things",
            "elements",
            "figures",
            "entities",
            "instances",
            "results",
        ),
        ("every object in the picture", "all objects", "the shapes that were found", "one entry per object"),
    ),
    "label": (
        _LABEL,
        (
            "what it is, in one or two words",
            "the kind of shape",
            "name of the object",
            "what the object is",
            "its shape",
        ),
    ),
    "color": (_COLOR, ("its main colour", "the color of the object", "name of its color", "what color it has")),
    "box": (_BOX, ("where it is", "bounding box", "the box around the object", "coordinates of the object")),
    "largest label": (
        (*_LABEL, "largest", "largest_object", "biggest_shape", "main_object"),
        ("what the largest object is", "the kind of the biggest shape", "label of the main object"),
    ),
    "largest color": (
        (*_COLOR, "largest_color", "color_of_largest"),
        ("the color of the largest object", "main colour of the biggest shape"),
    ),
    "largest box": (
        (*_BOX, "largest_box", "box_of_largest"),
        ("where the largest object is", "bounding box of the biggest shape"),
    ),
    "label list": (
        ("labels", "names", "objects", "shapes", "kinds", "classes", "object", "Object", "Objects"),
        ("the labels of the objects", "what each object is", "names of all objects, in order"),
    ),
    "color list": (
        ("colors", "colours", "hues", "object_colors"),
        ("the colors of the objects, in order", "what color each object has"),
    ),
    "box list": (
        ("boxes", "bboxes", "bounding_boxes", "locations", "positions", "Bounding_box", "bounding_box", "regions"),
        ("the boxes of the objects, in order", "the bounding box of each object", "where each object is"),
    ),
    "count": (
        ("count", "number", "total", "n", "how_many", "amount", "num_objects", "object_count", "number_of_objects"),
        ("how many objects there are", "number of objects", "the count of all shapes"),
    ),
    "count thing": (
        ("{}s", "{}_count", "num_{}s", "count_{}", "number_of_{}s", "how_many_{}s"),
        ("how many objects are a {}", "number of each {}", "how many times there is a {}"),
    ),
    "has thing": (
        ("has_{}", "{}_present", "contains_{}", "is_there_a_{}", "any_{}"),
        ("whether there is a {}", "is there a {} in the picture", "true if any object is a {}"),
    ),
    "center": (
        ("center", "centre", "point", "middle", "center_point", "position", "at", "location"),
        ("the middle of the object", "center point", "where its centre is", "the point in the middle of its box"),
    ),
    "phrase": (
        ("name", "description", "phrase", "text", "what", "object", "title"),
        ("color and shape in words", "its color and what it is", "the object in two words, color first"),
    ),
    "index": (
        ("index", "number", "id", "no", "position", "nr"),
        ("number of the object, from 1", "its number, counting from 1", "running number, the first is 1"),
    ),
    "amount": (
        ("amount", "quantity", "how_many", "density", "objects"),
        ("whether there are no objects, one or many", "none, one or many objects"),
    ),
    "color of": (
        ("{}_color", "color_of_{}", "{}_colour", "color_of_the_{}", "{}"),
        ("the color of the {}", "what color the {} has", "colour of the {}, null if there is none"),
    ),
    "label of": (
        ("{}_shape", "{}_object", "shape_of_{}", "{}_thing", "{}"),
        ("what the {} object is", "the shape that is {}", "label of the {} object, null if there is none"),
    ),
    "box of": (
        ("{}_box", "{}_bbox", "where_is_{}", "{}_location", "{}"),
        ("where the {} is", "the box of the {}", "bounding box of the {}, null if there is none"),
    ),
    "colors present": (
        ("colors", "colours", "colors_present", "used_colors", "object_colors", "color_names"),
        ("each color of the objects once", "the different colors that objects have", "which colors the shapes have"),
    ),
    "labels present": (
        ("kinds", "shape_types", "labels_present", "types", "shape_kinds", "categories"),
        ("each kind of shape once", "the different shapes that are there", "which kinds of shapes there are"),
    ),
    "largest": (
        ("largest", "largest_object", "biggest", "biggest_shape", "main_object", "largest_shape"),
        ("the largest object", "the biggest shape", "the object with the largest box"),
    ),
    "color counts": (
        ("by_color", "color_counts", "counts_by_color", "per_color", "number_by_color"),
        ("how many objects of each color", "number of objects by color", "count for every color"),
    ),
    "label counts": (
        ("by_shape", "shape_counts", "counts_by_label", "shapes", "per_shape"),
        ("how many objects of each shape", "number of objects by shape", "count for every kind of shape"),
    ),
    "row count": (
        ("count", "number", "total", "n", "how_many", "amount", "quantity"),
        ("how many there are", "how many objects of this kind", "the number of them"),
    ),
    "groups": (
        ("groups", "by_kind", "grouped_by_shape", "by_shape", "shapes"),
        ("the objects by their kind", "objects grouped by shape"),
    ),
    "color groups": (
        ("groups", "by_color", "grouped_by_color", "colors", "by_colour"),
        ("the objects by their colour", "objects grouped by color"),
    ),
    "group": (
        ("{}s", "{}", "{}_list", "all_{}s", "{}_objects"),
        ("every {}", "all objects that are a {}", "the {}s in the picture"),
    ),
    "color group": (
        ("{}", "{}_objects", "{}_things", "{}_shapes", "all_{}"),
        ("every {} object", "all objects that are {}", "the {} shapes in the picture"),
    ),
    "part": (
        ("scene", "image", "picture", "summary", "details", "data", "result", "analysis", "content", "stats", "info"),
        ("what the picture shows", "about the picture", "details of the scene", "facts about the objects"),
    ),
    "count color": (
        ("{}", "{}_count", "num_{}", "{}_objects", "count_{}", "n_{}", "number_of_{}_objects"),
        ("how many objects are {}", "number of {} objects", "the count of {} shapes"),
    ),
    "count label": (
        ("{}", "{}_count", "num_{}", "{}s", "count_{}", "n_{}", "number_of_{}s"),
        ("how many objects are a {}", "number of each {}", "the count of every {}"),
    ),
    "ground": (
        ("background", "ground", "backdrop", "background_color", "background_colour", "canvas"),
        ("the colour of the background", "what color the ground has", "color behind the objects"),
    ),
    "dominant": (
        ("colors", "palette", "dominant_colors", "main_colors", "dominant_colours", "color_palette"),
        ("the dominant colors", "colors that cover the most, largest first", "the main colors of the picture"),
    ),
    "has color": (
        ("has_{}", "any_{}", "contains_{}", "{}_present", "is_there_{}"),
        ("whether any object is {}", "is there a {} object", "true if something is {}"),
    ),
    "has label": (
        ("has_{}", "any_{}", "contains_{}", "{}_present", "is_there_a_{}"),
        ("whether there is a {}", "is there a {} in the picture", "true if any object is a {}"),
    ),
    "empty": (
        ("empty", "is_empty", "nothing_there", "no_objects"),
        ("whether there is nothing in the picture", "true if no object is there"),
    ),
    "caption": (
        ("caption", "description", "summary", "text", "alt_text", "sentence"),
        ("one sentence about the picture", "a short description of the scene", "what the picture shows"),
    ),
}

ANSWER = ("answer", "result", "value", "response", "reply", "final_answer")

EXPLAINED = frozenset({"phrase", "index", "amount", "dominant", "colors present", "labels present"})
"""Roles that no name makes clear: these fields always have a description."""

TOOLS = (
    "report_objects",
    "record_scene",
    "extract",
    "save_detections",
    "Scene",
    "describe_picture",
    "submit",
    "store_result",
    "Objects",
    "PictureFacts",
)
TOOL_DESCRIPTIONS = (
    "Records what the picture shows.",
    "Call this with the objects of the picture.",
    "Stores the result.",
    "Reports the findings.",
    "",
)
CALL = ("Call the tool.", "Use the tool {}.", "Call {}.", "Use {} to answer.")

GENERAL = """
a an the of in on at to for with from by and or not is are was be it this that what which who where when how many much
You are a helpful assistant that reads pictures. Answer with JSON only. Extract the following fields from the image.
Return only valid JSON, no other text. Look at the image and tell me about it. Please list all of them. Give me the
name title value text date time total price amount currency number quantity address phone email company vendor invoice
receipt order item items line lines list array string integer float number boolean object null true false required
optional properties schema type format description default enum left right top bottom center width height size small
medium large first last page table row column cell question answer yes no reason because maybe unknown other none
picture photo image scene background foreground person people car dog cat house tree document form sign word letter
Describe each step by step. Think first, then answer. Call the tool. tool_call name arguments You can call these tools
To call one, answer with its name its arguments The output should be formatted as a JSON instance that conforms to the
JSON schema below As an example for the schema the object is a well-formatted instance of the schema is not Here is the
output schema whole form any int at most at least matching
""".split()
"""Words of prompts that tasks do not happen to hold, so that the tokenizer does not spell them."""
