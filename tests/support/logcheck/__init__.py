"""An independent reading of log files, in Python: what the engine writes is judged by rules that share no line with it.

layout    the types of records: sizes and fields
files     headers, segments, checkpoints; the records of a file, put together
images    page images inside records
chain     pages: each change must begin where the last one ended
replay    sessions, versions, macros, attached databases
database  the database files beside the logs
stream    everything about one folder
"""
