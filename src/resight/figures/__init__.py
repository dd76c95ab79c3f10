"""The figures of the papers on any labelled folder: a file is a figure, `(study) -> matplotlib Figure`."""
