"""Reports for people: what a run did, as a page and as numbers; plots and tables for notebooks.

facts      records -> plain values (what is said)
page       plain values + templates -> one HTML or JSON file (how it is laid out)
pictures   a few released instances -> small PNGs that show neither text nor a face
heads      heads of a release from seven sides, without their faces
figures    catalogs and summaries -> plots, without identifiers
tables     attribute summaries -> a searchable table of distinct values, masked
"""

from dicomlab.reports.facts import SingledOut, summary
from dicomlab.reports.page import Preview, page, preview, write
from dicomlab.reports.pictures import Picture, pictures
