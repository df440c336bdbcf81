"""What a person looks at and decides with in a notebook; constructing a widget displays nothing.

`Viewer` shows a volume or frames. `HeaderReview` decides about
attributes, `TextReview` about text in pixels, `DefaceTuner` about a face. The pixels reach the browser in messages
and never in a widget's state, so that a notebook that is saved with the state of its widgets holds none.
"""

from dicomlab.widgets.deface_tuner import DefaceTuner
from dicomlab.widgets.header_review import HeaderReview
from dicomlab.widgets.heads import heads, views
from dicomlab.widgets.text_model import shots
from dicomlab.widgets.text_review import TextReview
from dicomlab.widgets.viewer import Look, Viewer
