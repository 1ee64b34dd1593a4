"""The sheets that can be uploaded: for each kind its columns, its checks, and how a row is saved and undone."""

from collections.abc import Mapping

from opencowin.bulk.model import Kind
from opencowin.bulk.sheets.centres import Centres
from opencowin.bulk.sheets.doses import Doses
from opencowin.bulk.sheets.lists import Lists
from opencowin.bulk.sheets.sessions import Sessions
from opencowin.bulk.sheets.sheet import Sheet
from opencowin.bulk.sheets.staff import People

SHEETS: Mapping[Kind, Sheet] = {
    Kind.CENTRES: Centres(),
    Kind.SESSIONS: Sessions(),
    Kind.STAFF: People(),
    Kind.LISTS: Lists(),
    Kind.DOSES: Doses(),
}
