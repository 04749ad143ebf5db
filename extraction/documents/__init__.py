"""What a document's pages say, put together: data in, data out, without a model.

window_schema   what is asked of a few pages: the user's schema, of which any page may lack anything
paging          the pages of whatever holds some, a few at a time
fields          what a JSON schema says of a place: its kind, its marks, what is below
parts           a page's answer as a tree whose leaves know where they come from
rows            a row that a page's end cuts, put together
merge           one value of several windows' values
checks          what is printed and must agree: counts, sums, running balances
suspects        which windows to ask again, and with what words
judging         what all answers come to, and whether others would come to something better
result          DocumentExtraction and its parts
"""
