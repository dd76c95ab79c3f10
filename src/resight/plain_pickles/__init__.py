"""Reads pickles that hold plain values and arrays alone; nothing in them is ever called."""
