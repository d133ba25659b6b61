"""One slow Service among ten, and the connections that the other nine have left."""
