"""Generated worlds: trade whose true dynamics are known, to prove that the method recovers them. Nothing here is data.

A world is a whole nomenclature of trade in the shape of a BACI release, drawn from a model with a seed. What was
planted stands beside it as its truth.
"""
