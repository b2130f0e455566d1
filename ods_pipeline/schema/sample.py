"""The mark of the embedded sample, which every record of it carries.

Lives here: the one text. Does not live here: what a data root with the sample may do (``inventory/``).
"""

# In PublicationSource of the sample's release and its fetches' receipts; real payloads never say this.
SAMPLE_MARK = "ods_pipeline sample"
