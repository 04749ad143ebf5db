"""The embedded model: a small vision-language model of our own, and the recipe that trains it again.

vocabulary, grounds, scenes   what it is shown: coloured shapes, drawn from a seed
words, tasks                  what it is asked, and the right answers
tokenizer, model              its words and its architecture, standard classes of transformers
dataset, dense, muon          what training needs
train_tower, train, recipe    training, in two stages; ``recipe`` is the command
checkpoint                    from a trained model to the folder that is shipped
scoring, evaluate             how well it sees; ``make pocket-eval``
"""
