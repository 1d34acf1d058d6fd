"""The steps of a story: speech, mix, publishing, finish."""
