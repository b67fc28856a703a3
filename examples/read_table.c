/*
 * Reads a database through the Jet API, as a program written for Windows would.
 *
 *   read_table FILE.edb            the tables and their number of records
 *   read_table FILE.edb TABLE      every record of one table
 *
 * The file is opened read-only: nothing is written, no log is made.
 */
#include "ese.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 256, MAX_NAME = 256, MAX_VALUE = 4096 };

typedef struct column {
    char name[MAX_NAME];
    JET_COLUMNID id;
    JET_COLTYP type;
    uint16_t code_page;
} column;

/* Stops the program when a call failed, with the library's own explanation. */
static void
must(JET_ERR err, const char *call)
{
    if (err >= JET_errSuccess)
        return;
    fprintf(stderr, "%s: %s: %s\n", call, ese_error_name(err), ese_error_text(err));
    exit(1);
}

/* Both answer JET_errSuccess or JET_errNoCurrentRecord. */
static JET_ERR
move_first(JET_SESID session, JET_TABLEID table)
{
    return JetMove(session, table, (int32_t)JET_MoveFirst, 0);
}

static JET_ERR
move_next(JET_SESID session, JET_TABLEID table)
{
    return JetMove(session, table, JET_MoveNext, 0);
}

/* Text of a column of the current record, "" when it is NULL. */
static void
get_text(JET_SESID session, JET_TABLEID table, JET_COLUMNID id, char text[MAX_NAME])
{
    uint32_t size = 0;

    must(JetRetrieveColumn(session, table, id, text, MAX_NAME - 1, &size, 0, NULL),
         "JetRetrieveColumn");
    text[size < MAX_NAME ? size : MAX_NAME - 1] = '\0';
}

static void
get_number(JET_SESID session, JET_TABLEID table, JET_COLUMNID id, void *number, uint32_t size)
{
    must(JetRetrieveColumn(session, table, id, number, size, NULL, 0, NULL), "JetRetrieveColumn");
}

static void
print_table_list(JET_SESID session, JET_DBID database)
{
    JET_OBJECTLIST list = {.cbStruct = sizeof list};
    char name[MAX_NAME];

    must(JetGetObjectInfo(session, database, JET_objtypTable, NULL, NULL, &list, sizeof list,
                          JET_ObjInfoListNoStats),
         "JetGetObjectInfo");
    for (JET_ERR err = move_first(session, list.tableid); err == JET_errSuccess;
         err = move_next(session, list.tableid)) {
        JET_TABLEID table;
        uint32_t n_records = 0;

        get_text(session, list.tableid, list.columnidobjectname, name);
        must(JetOpenTable(session, database, name, NULL, 0, JET_bitTableReadOnly, &table), name);
        if (move_first(session, table) == JET_errSuccess)
            must(JetIndexRecordCount(session, table, &n_records, 0), "JetIndexRecordCount");
        printf("%-40s %8" PRIu32 " records\n", name, n_records);
        must(JetCloseTable(session, table), "JetCloseTable");
    }
    must(JetCloseTable(session, list.tableid), "JetCloseTable");
}

static size_t
list_columns(JET_SESID session, JET_TABLEID table, column columns[MAX_COLUMNS])
{
    JET_COLUMNLIST list = {.cbStruct = sizeof list};
    size_t n = 0;

    must(JetGetTableColumnInfo(session, table, NULL, &list, sizeof list, JET_ColInfoList),
         "JetGetTableColumnInfo");
    for (JET_ERR err = move_first(session, list.tableid); err == JET_errSuccess && n < MAX_COLUMNS;
         err = move_next(session, list.tableid)) {
        column *c = &columns[n++];

        get_text(session, list.tableid, list.columnidcolumnname, c->name);
        get_number(session, list.tableid, list.columnidcolumnid, &c->id, sizeof c->id);
        get_number(session, list.tableid, list.columnidcoltyp, &c->type, sizeof c->type);
        get_number(session, list.tableid, list.columnidCp, &c->code_page, sizeof c->code_page);
    }
    must(JetCloseTable(session, list.tableid), "JetCloseTable");
    return n;
}

static void
print_bytes(const uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        printf("%02x", data[i]);
}

/* Windows text is UTF-16; to keep the example short, whatever is not ASCII becomes a question mark.
 */
static void
print_text(const uint8_t *data, uint32_t size, uint16_t code_page)
{
    uint32_t step = code_page == 1200 ? 2 : 1;

    for (uint32_t i = 0; i + step <= size; i += step) {
        uint8_t high = step == 2 ? data[i + 1] : 0;

        putchar(high == 0 && data[i] >= 0x20 && data[i] < 0x7f ? data[i] : '?');
    }
}

static void
print_value(const column *c, const uint8_t *data, uint32_t size)
{
    int64_t number = 0;
    double real = 0;

    switch (c->type) {
    case JET_coltypBit:
    case JET_coltypUnsignedByte: printf("%u", data[0]); break;
    case JET_coltypLong:
    case JET_coltypShort:
    case JET_coltypCurrency:
    case JET_coltypLongLong:
        number = (int8_t)data[size - 1] < 0 ? -1 : 0; /* the sign, then the bytes below it */
        memcpy(&number, data, size);
        printf("%" PRId64, number);
        break;
    case JET_coltypUnsignedLong:
    case JET_coltypUnsignedShort:
        memcpy(&number, data, size);
        printf("%" PRId64, number);
        break;
    case JET_coltypIEEEDouble:
    case JET_coltypDateTime: /* days since the end of 1899 */
        memcpy(&real, data, sizeof real);
        printf("%.17g", real);
        break;
    case JET_coltypText:
    case JET_coltypLongText: print_text(data, size, c->code_page); break;
    default: print_bytes(data, size); break;
    }
}

static void
print_record(JET_SESID session, JET_TABLEID table, const column *columns, size_t n_columns)
{
    uint8_t data[MAX_VALUE];

    for (size_t i = 0; i < n_columns; i++) {
        uint32_t size = 0;
        JET_ERR err =
            JetRetrieveColumn(session, table, columns[i].id, data, sizeof data, &size, 0, NULL);

        must(err, "JetRetrieveColumn");
        if (err == JET_wrnColumnNull || size == 0)
            continue;
        printf("%s=", columns[i].name);
        print_value(&columns[i], data, size < sizeof data ? size : (uint32_t)sizeof data);
        fputs(err == JET_wrnBufferTruncated ? "... " : " ", stdout);
    }
    putchar('\n');
}

static void
print_records(JET_SESID session, JET_DBID database, const char *name)
{
    static column columns[MAX_COLUMNS];
    JET_TABLEID table;
    size_t n_columns;

    must(JetOpenTable(session, database, name, NULL, 0, JET_bitTableReadOnly, &table), name);
    n_columns = list_columns(session, table, columns);
    for (JET_ERR err = move_first(session, table); err != JET_errNoCurrentRecord;
         err = move_next(session, table)) {
        must(err, "JetMove");
        print_record(session, table, columns, n_columns);
    }
    must(JetCloseTable(session, table), "JetCloseTable");
}

int
main(int argc, char **argv)
{
    JET_INSTANCE instance = JET_instanceNil;
    JET_SESID session;
    JET_DBID database;
    uint32_t page_size;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s FILE.edb [TABLE]\n", argv[0]);
        return 2;
    }
    must(JetGetDatabaseFileInfo(argv[1], &page_size, sizeof page_size, JET_DbInfoPageSize),
         argv[1]);
    must(JetSetSystemParameter(NULL, JET_sesidNil, JET_paramDatabasePageSize, page_size, NULL),
         "JET_paramDatabasePageSize");
    must(JetCreateInstance(&instance, "read_table"), "JetCreateInstance");
    must(JetSetSystemParameter(&instance, JET_sesidNil, JET_paramRecovery, 0, "off"),
         "JET_paramRecovery");
    must(JetInit(&instance), "JetInit");
    must(JetBeginSession(instance, &session, NULL, NULL), "JetBeginSession");
    must(JetAttachDatabase(session, argv[1], JET_bitDbReadOnly), argv[1]);
    must(JetOpenDatabase(session, argv[1], NULL, &database, JET_bitDbReadOnly), argv[1]);
    if (argc == 3)
        print_records(session, database, argv[2]);
    else
        print_table_list(session, database);
    must(JetTerm2(instance, JET_bitTermComplete), "JetTerm2"); /* closes whatever is open */
    return 0;
}
