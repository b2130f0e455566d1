"""The mark of the embedded sample, which its release and its fetches carry.

Lives here: the mark, and the warning for readers. Does not live here: what a data root with the sample may do
(``inventory/``).
"""

# In PublicationSource of the sample's release and its fetches' receipts; real payloads never have this value.
SAMPLE_MARK = "ods_pipeline sample"
SAMPLE_WARNING = (
    "This is the embedded sample: it mixes real organisations with invented ones. "
    "Never use it for a real decision."
)
