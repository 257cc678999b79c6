"""Tools a model may call: what they are, who may use them, and the loop that carries their calls out."""
