"""The room of lineage: where data comes from, as systems report it and agencies state it (R10, R13, R17.2).

It takes OpenLineage events and finds the entries of the catalogue that they are about. Who may see what of it, it does
not know: every node that it makes has an access class.
"""

from gateway.lineage.listing import LineageNameState, Place, lineage_names
from gateway.lineage.mapping import Names, Stated
from gateway.lineage.names import Name
from gateway.lineage.recording import Recording, Reporter

__all__ = ["LineageNameState", "Name", "Names", "Place", "Recording", "Reporter", "Stated", "lineage_names"]
