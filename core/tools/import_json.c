/* JSON as RFC 8259 has it. Strings are decoded where they stand: no escape is shorter than what it means. */
#include "tools/import.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

typedef struct parser {
    ese_tools__document *document;
    char *at;
    char *end; /* a NUL stands there */
    const char *wrong;
} parser;

static uint32_t
add_value(ese_tools__document *document)
{
    if (document->n_values == document->capacity) {
        uint32_t capacity = document->capacity == 0 ? 64 : 2 * document->capacity;
        ese_tools__json *values = ese_tools__alloc(capacity, sizeof *values);

        if (document->n_values > 0)
            memcpy(values, document->values, document->n_values * sizeof *values);
        free(document->values);
        document->values = values;
        document->capacity = capacity;
    }
    document->values[document->n_values] = (ese_tools__json){0};
    return document->n_values++;
}

static bool
fail(parser *p, const char *wrong)
{
    if (p->wrong == NULL)
        p->wrong = wrong;
    return false;
}

static void
skip_space(parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
        p->at++;
}

/* ---- Strings and numbers ---- */

static bool
take_hex4(parser *p, uint32_t *unit_out)
{
    uint32_t unit = 0;

    for (unsigned i = 0; i < 4; i++) {
        char c = p->at[0];
        int digit = c >= '0' && c <= '9'                 ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                         : -1;

        if (digit < 0)
            return fail(p, "an escape has four hex digits");
        unit = unit << 4 | (uint32_t)digit;
        p->at++;
    }
    *unit_out = unit;
    return true;
}

static char *
put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* Behind "\u"; a pair of surrogates is one character, a lone one stays. */
static bool
take_unicode(parser *p, char **to)
{
    uint32_t c = 0, low = 0;

    if (!take_hex4(p, &c))
        return false;
    if (c >= 0xd800 && c < 0xdc00 && p->at[0] == '\\' && p->at[1] == 'u') {
        char *before = p->at;

        p->at += 2;
        if (!take_hex4(p, &low))
            return false;
        if (low >= 0xdc00 && low < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        else
            p->at = before;
    }
    *to = put_utf8(*to, c);
    return true;
}

static bool
take_escape(parser *p, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter = *p->at == '\0' ? NULL : strchr(letters, *p->at);

    if (*p->at == 'u') {
        p->at++;
        return take_unicode(p, to);
    }
    if (letter == NULL)
        return fail(p, "there is no such escape");
    *(*to)++ = meanings[letter - letters];
    p->at++;
    return true;
}

/* The quote is at hand. A NUL is put behind the characters, at the latest in place of the closing quote. */
static bool
take_string(parser *p, const char **text_out, size_t *size_out)
{
    char *start = ++p->at, *to = start;

    while (*p->at != '"') {
        if (p->at == p->end || (unsigned char)*p->at < 0x20)
            return fail(p, "a string does not end");
        if (*p->at == '\\') {
            p->at++;
            if (!take_escape(p, &to))
                return false;
        } else {
            *to++ = *p->at++;
        }
    }
    p->at++;
    *to = '\0';
    *text_out = start;
    *size_out = (size_t)(to - start);
    return true;
}

static bool
take_digits(parser *p)
{
    if (*p->at < '0' || *p->at > '9')
        return fail(p, "a number has digits");
    while (*p->at >= '0' && *p->at <= '9')
        p->at++;
    return true;
}

static bool
take_number(parser *p, const char **text_out, size_t *size_out)
{
    const char *start = p->at;

    if (*p->at == '-')
        p->at++;
    if (p->at[0] == '0' && p->at[1] >= '0' && p->at[1] <= '9')
        return fail(p, "a number begins with no needless zero");
    if (!take_digits(p))
        return false;
    if (*p->at == '.') {
        p->at++;
        if (!take_digits(p))
            return false;
    }
    if (*p->at == 'e' || *p->at == 'E') {
        p->at++;
        if (*p->at == '+' || *p->at == '-')
            p->at++;
        if (!take_digits(p))
            return false;
    }
    *text_out = start;
    *size_out = (size_t)(p->at - start);
    return true;
}

static bool
take_word(parser *p, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(p->at, word, n) != 0)
        return fail(p, "a value is expected");
    p->at += n;
    return true;
}

/* ---- Values ---- */

static bool take_value(parser *p, unsigned depth, uint32_t *value_out);

/* The items of an array or the members of an object, whose opening bracket is at hand. */
static bool
take_children(parser *p, unsigned depth, uint32_t parent)
{
    bool is_object = *p->at++ == '{';
    char close = is_object ? '}' : ']';
    uint32_t last = 0, child = 0;

    skip_space(p);
    for (bool is_first = true; *p->at != close; is_first = false) {
        const char *name = NULL;
        size_t size;

        if (!is_first && *p->at++ != ',')
            return fail(p, "a comma is expected");
        skip_space(p);
        if (is_object) {
            if (*p->at != '"')
                return fail(p, "a name is expected");
            if (!take_string(p, &name, &size))
                return false;
            skip_space(p);
            if (*p->at++ != ':')
                return fail(p, "a colon is expected");
        }
        if (!take_value(p, depth + 1, &child))
            return false;
        p->document->values[child].name = name;
        if (last == 0)
            p->document->values[parent].first = child;
        else
            p->document->values[last].next = child;
        last = child;
        skip_space(p);
    }
    p->at++;
    return true;
}

static bool
take_value(parser *p, unsigned depth, uint32_t *value_out)
{
    uint32_t number = add_value(p->document);
    ese_tools__json value = {0};
    bool is_ok;

    if (depth > DEPTH_MAX)
        return fail(p, "values are nested too deep");
    skip_space(p);
    *value_out = number;
    switch (*p->at) {
    case '{':
    case '[':
        p->document->values[number].type =
            *p->at == '{' ? ESE_TOOLS__JSON_OBJECT : ESE_TOOLS__JSON_ARRAY;
        return take_children(p, depth, number);
    case '"':
        value.type = ESE_TOOLS__JSON_STRING;
        is_ok = take_string(p, &value.text, &value.size);
        break;
    case 't': value.type = ESE_TOOLS__JSON_TRUE, is_ok = take_word(p, "true"); break;
    case 'f': value.type = ESE_TOOLS__JSON_FALSE, is_ok = take_word(p, "false"); break;
    case 'n': value.type = ESE_TOOLS__JSON_NULL, is_ok = take_word(p, "null"); break;
    default:
        value.type = ESE_TOOLS__JSON_NUMBER;
        is_ok = take_number(p, &value.text, &value.size);
        break;
    }
    p->document->values[number] = value;
    return is_ok;
}

const char *
ese_tools__json_parse(ese_tools__document *document, char *text, size_t size)
{
    parser p = {.document = document, .at = text, .end = text + size};
    uint32_t root = 0;

    document->n_values = 0;
    text[size] = '\0';
    if (take_value(&p, 0, &root)) {
        skip_space(&p);
        if (p.at != p.end)
            fail(&p, "something stands behind the value");
    }
    return p.wrong;
}

void
ese_tools__json_free(ese_tools__document *document)
{
    free(document->values);
    *document = (ese_tools__document){0};
}

const ese_tools__json *
ese_tools__json_first(const ese_tools__document *document, const ese_tools__json *of)
{
    return of->first == 0 ? NULL : &document->values[of->first];
}

const ese_tools__json *
ese_tools__json_next(const ese_tools__document *document, const ese_tools__json *after)
{
    return after->next == 0 ? NULL : &document->values[after->next];
}

const ese_tools__json *
ese_tools__json_member(const ese_tools__document *document, const ese_tools__json *object,
                       const char *name)
{
    const ese_tools__json *member;

    if (object == NULL || object->type != ESE_TOOLS__JSON_OBJECT)
        return NULL;
    member = ese_tools__json_first(document, object);
    while (member != NULL && strcmp(member->name, name) != 0)
        member = ese_tools__json_next(document, member);
    return member;
}
