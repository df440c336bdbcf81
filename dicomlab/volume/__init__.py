"""A series becomes a volume in patient space, and every voxel knows the stored sample that it came from.

Arrays are (slices, rows, columns). An affine is 4 × 4 and takes (slice, row, column, 1) to LPS millimetres
(x to the patient's left, y to the back, z to the head), voxel centres at whole indices.
"""

from dicomlab.volume.geometry import frame_affines
from dicomlab.volume.grid import resampled, sampled
from dicomlab.volume.nifti import nifti
from dicomlab.volume.series import Refused, Stack, Volume, by_series, loaded, stacks_of, volumes_of
