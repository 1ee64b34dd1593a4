"""Bulk: many rows at once. Tables that officers upload are checked without saving anything, saved by a job when
confirmed, and undone when asked; tables that they take away tell of nobody.

FHIR Bulk Data; WHO's documents say "line lists". A row that is saved passes the same verbs as one entered by hand, with
the rights that the officer has at that moment. Owns the tables `bulk_upload`, `bulk_chunk`, `bulk_row` and
`bulk_export`.
"""

from opencowin.bulk.exports import (
    Export,
    ExportKind,
    ask_export,
    exports_for,
    exports_of,
    fetch_export,
    forget_old_exports,
)
from opencowin.bulk.handlers import handlers
from opencowin.bulk.model import Column, Fault, Kind, RowState, Upload, UploadState, WrongRow
from opencowin.bulk.refusals import (
    DaysReversed,
    FileTooLarge,
    FileUnreadable,
    InUse,
    NoSuchExport,
    NoSuchUpload,
    TooLateForThis,
    UploadForgotten,
)
from opencowin.bulk.uploads import (
    MOST_MEGABYTES,
    columns_of,
    confirm_upload,
    drop_upload,
    every_wrong_row,
    forget_old_uploads,
    header_of_fix_file,
    kinds_for,
    read_upload,
    receive_upload,
    undo_upload,
    uploads_of,
    wrong_rows,
)
from opencowin.bulk.wording import fix_file, template_file, what_is_wrong

__all__ = [
    "MOST_MEGABYTES",
    "Column",
    "DaysReversed",
    "Export",
    "ExportKind",
    "Fault",
    "FileTooLarge",
    "FileUnreadable",
    "InUse",
    "Kind",
    "NoSuchExport",
    "NoSuchUpload",
    "RowState",
    "TooLateForThis",
    "Upload",
    "UploadForgotten",
    "UploadState",
    "WrongRow",
    "ask_export",
    "columns_of",
    "confirm_upload",
    "drop_upload",
    "every_wrong_row",
    "exports_for",
    "exports_of",
    "fetch_export",
    "fix_file",
    "forget_old_exports",
    "forget_old_uploads",
    "handlers",
    "header_of_fix_file",
    "kinds_for",
    "read_upload",
    "receive_upload",
    "template_file",
    "undo_upload",
    "uploads_of",
    "what_is_wrong",
    "wrong_rows",
]
