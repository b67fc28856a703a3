/*
 * A small shop over the documented API: a database with a table of goods, a transaction that sells, and what is left.
 *
 * usage: store FILE     the shop is in FILE.shop, which is made for the time of the program
 */
#include <esent.h>

#include <stdio.h>
#include <string.h>

typedef struct shop {
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID goods;
    JET_COLUMNID name, stock;
} shop;

/* Says what failed; the caller goes on with what is negative. */
static JET_ERR
check(JET_ERR err, const char *what)
{
    if (err < JET_errSuccess)
        fprintf(stderr, "%s: error %d\n", what, (int)err);
    return err;
}

static JET_ERR
start(shop *s, const char *path)
{
    JET_ERR err = JetCreateInstanceA(&s->instance, "shop");

    if (err >= JET_errSuccess)
        err = JetSetSystemParameterA(&s->instance, JET_sesidNil, JET_paramRecovery, 0, "off");
    if (err >= JET_errSuccess)
        err = JetInit(&s->instance);
    if (err >= JET_errSuccess)
        err = JetBeginSessionA(s->instance, &s->sesid, NULL, NULL);
    if (err >= JET_errSuccess)
        err = JetCreateDatabaseA(s->sesid, path, NULL, &s->dbid, 0);
    return check(err, "start");
}

static JET_ERR
create_goods(shop *s)
{
    static char key[] = "+name\0";
    JET_COLUMNCREATE_A columns[] = {
        {.cbStruct = sizeof columns[0],
         .szColumnName = (char[]){"name"},
         .coltyp = JET_coltypText,
         .cbMax = 60,
         .grbit = JET_bitColumnNotNULL,
         .cp = 1252},
        {.cbStruct = sizeof columns[0],
         .szColumnName = (char[]){"stock"},
         .coltyp = JET_coltypLong,
         .grbit = JET_bitColumnNotNULL},
    };
    JET_INDEXCREATE_A index = {.cbStruct = sizeof index,
                               .szIndexName = (char[]){"byName"},
                               .szKey = key,
                               .cbKey = sizeof key,
                               .grbit = JET_bitIndexPrimary | JET_bitIndexUnique,
                               .ulDensity = 100};
    JET_TABLECREATE_A table = {.cbStruct = sizeof table,
                               .szTableName = (char[]){"goods"},
                               .rgcolumncreate = columns,
                               .cColumns = 2,
                               .rgindexcreate = &index,
                               .cIndexes = 1};
    JET_ERR err = JetCreateTableColumnIndexA(s->sesid, s->dbid, &table);

    if (err >= JET_errSuccess) {
        s->goods = table.tableid;
        s->name = columns[0].columnid;
        s->stock = columns[1].columnid;
    }
    return check(err, "create table");
}

static JET_ERR
add(const shop *s, const char *name, int32_t stock)
{
    JET_ERR err = JetPrepareUpdate(s->sesid, s->goods, JET_prepInsert);

    if (err >= JET_errSuccess)
        err = JetSetColumn(s->sesid, s->goods, s->name, name, (uint32_t)strlen(name), 0, NULL);
    if (err >= JET_errSuccess)
        err = JetSetColumn(s->sesid, s->goods, s->stock, &stock, sizeof stock, 0, NULL);
    if (err >= JET_errSuccess)
        err = JetUpdate(s->sesid, s->goods, NULL, 0, NULL);
    return check(err, "insert");
}

static JET_ERR
take(const shop *s, const char *name, int32_t n, int32_t *left_out)
{
    int32_t stock = 0;
    JET_ERR err = JetMakeKey(s->sesid, s->goods, name, (uint32_t)strlen(name), JET_bitNewKey);

    if (err >= JET_errSuccess)
        err = JetSeek(s->sesid, s->goods, JET_bitSeekEQ);
    if (err >= JET_errSuccess)
        err = JetPrepareUpdate(s->sesid, s->goods, JET_prepReplace);
    if (err >= JET_errSuccess)
        err = JetRetrieveColumn(s->sesid, s->goods, s->stock, &stock, sizeof stock, NULL, 0, NULL);
    stock -= n;
    if (err >= JET_errSuccess)
        err = JetSetColumn(s->sesid, s->goods, s->stock, &stock, sizeof stock, 0, NULL);
    if (err >= JET_errSuccess)
        err = JetUpdate(s->sesid, s->goods, NULL, 0, NULL);
    if (err >= JET_errSuccess)
        *left_out = stock;
    return check(err, name);
}

/* Some of two goods, or of none: what is missing from the shelf leaves everything as it was. */
static JET_ERR
sell(const shop *s, int32_t n_cards, int32_t n_wheels)
{
    int32_t cards = 0, wheels = 0;
    JET_ERR err = JetBeginTransaction(s->sesid);

    if (err < JET_errSuccess)
        return check(err, "begin");
    err = take(s, "cards", n_cards, &cards);
    if (err >= JET_errSuccess)
        err = take(s, "wheels", n_wheels, &wheels);
    if (err < JET_errSuccess || cards < 0 || wheels < 0) {
        printf("not sold: %d cards, %d wheels\n", (int)n_cards, (int)n_wheels);
        (void)JetRollback(s->sesid, 0);
        return err;
    }
    printf("sold: %d cards, %d wheels\n", (int)n_cards, (int)n_wheels);
    return check(JetCommitTransaction(s->sesid, 0), "commit");
}

static JET_ERR
show(const shop *s)
{
    JET_ERR err = JetMove(s->sesid, s->goods, (int32_t)JET_MoveFirst, 0);

    while (err >= JET_errSuccess) {
        char name[61] = "";
        int32_t stock = 0;

        err = JetRetrieveColumn(s->sesid, s->goods, s->name, name, sizeof name - 1, NULL, 0, NULL);
        if (err >= JET_errSuccess)
            err = JetRetrieveColumn(s->sesid, s->goods, s->stock, &stock, sizeof stock, NULL, 0,
                                    NULL);
        if (err >= JET_errSuccess) {
            printf("%-8s %4d\n", name, (int)stock);
            err = JetMove(s->sesid, s->goods, JET_MoveNext, 0);
        }
    }
    return err == JET_errNoCurrentRecord ? JET_errSuccess : check(err, "show");
}

int
main(int argc, char **argv)
{
    char path[4096];
    shop s = {.instance = JET_instanceNil};
    JET_ERR err;

    if (argc != 2) {
        fputs("usage: store FILE\n", stderr);
        return 1;
    }
    snprintf(path, sizeof path, "%s.shop", argv[1]);
    err = start(&s, path);

    if (err >= JET_errSuccess)
        err = create_goods(&s);
    if (err >= JET_errSuccess)
        err = add(&s, "wheels", 40);
    if (err >= JET_errSuccess)
        err = add(&s, "cards", 500);
    if (err >= JET_errSuccess)
        err = sell(&s, 100, 4);
    if (err >= JET_errSuccess)
        err = sell(&s, 1, 50);
    if (err >= JET_errSuccess)
        err = show(&s);
    if (s.instance != JET_instanceNil && check(JetTerm(s.instance), "end") < JET_errSuccess)
        err = JET_errTermInProgress;
    (void)remove(path);
    return err < JET_errSuccess;
}
