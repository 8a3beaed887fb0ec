"""The playground: a web page on which networks are trained, drawn for, and looked into.

`narae play` starts it. One WebSocket is one browser tab and one session with networks of its own;
all training is narae's own `fit`. The page is in `static/`: HTML, CSS and ES modules as they are.
"""
