"""ODT, the FHIR R4 API of the register: the announced successor of the ORD API, as a second delta source."""
