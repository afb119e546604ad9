"""The same API on uvicorn, written by hand at three levels of comfort."""
