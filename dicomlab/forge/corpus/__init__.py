"""Seeded corpora of any size: many SOP Classes, transfer syntaxes and scripts, with an answer key."""

from dicomlab.forge.corpus.writing import DATA, KEY, write
