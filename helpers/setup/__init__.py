"""What clinicians really have, and the study file proposed for it."""
