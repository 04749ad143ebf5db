"""Names, descriptions and phrasings that training chooses from; ``{}`` stands for a colour or a label."""

from __future__ import annotations

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
)
ONLY_COLOR = (
    "Find only the {} objects.",
    "List the {} objects.",
    "Detect all {} shapes, nothing else.",
    "Only the {} ones.",
    "Extract only what is {}.",
)
ONLY_LABEL = (
    "Find every {}.",
    "List each {} in the picture.",
    "Detect only objects that are a {}.",
    "Only look for a {}.",
    "Extract each {}, nothing else.",
)
CAPTION = (
    "Describe the picture.",
    "Describe the image in one sentence.",
    "Write a caption.",
    "Describe this picture in one or two sentences.",
    "What does the image show?",
)
QUESTIONS = {
    "count": ("How many objects are there?", "How many shapes are in the picture?", "Count the objects."),
    "count color": ("How many {} objects are there?", "How many of the shapes are {}?", "Count the {} objects."),
    "count label": ("How many objects are a {}?", "How many times is there a {}?", "Count each {}."),
    "has color": ("Is there a {} object?", "Is anything {}?", "Are there {} shapes in the picture?"),
    "has label": ("Is there a {}?", "Is there a {} in the picture?", "Do you see a {}?"),
    "has thing": ("Is there a {}?", "Is there a {} in the picture?", "Do you see a {}?"),
}

UNCLEAR = ("a", "x", "value", "field", "field_1", "f2", "data", "info", "entry", "key", "attribute", "v1", "foo", "bar")

_LABEL = ("label", "shape", "name", "type", "kind", "category", "class", "object", "shape_name", "object_type", "what")
_COLOR = ("color", "colour", "hue", "fill", "main_color", "object_color", "paint")
_BOX = ("box", "bbox", "bbox_2d", "bounding_box", "location", "position", "region", "area", "rect", "place")

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
        ("whether there is a {}", "is there a {} in the picture", "true if one object is a {}"),
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
