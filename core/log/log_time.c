/* LOGTIME: a byte for each part of the time in UTC, years from 1900, the milliseconds in two pieces of seven and three bits. */
#include "log/log_time.h"

enum { MS_LOW_BITS = 7, MS_LOW_MASK = 0x7f, IS_UTC = 1 };

void
ese_log_time_encode(const ese_os_utc *time, uint8_t to[8])
{
    unsigned ms = (unsigned)time->millisecond;

    to[0] = (uint8_t)time->second;
    to[1] = (uint8_t)time->minute;
    to[2] = (uint8_t)time->hour;
    to[3] = (uint8_t)time->day;
    to[4] = (uint8_t)time->month;
    to[5] = (uint8_t)(time->year - ESE_LOG_TIME_YEAR_FIRST);
    to[6] = (uint8_t)((ms & MS_LOW_MASK) << 1 | IS_UTC);
    to[7] = (uint8_t)(ms >> MS_LOW_BITS << 1);
}

void
ese_log_time_now(uint8_t to[8])
{
    ese_os_utc now = ese_os_utc_now();

    ese_log_time_encode(&now, to);
}

ese_signature
ese_log_signature_now(void)
{
    ese_signature sign = {.random = (uint32_t)ese_os_random() | 1}; /* zero means none */

    ese_log_time_now(sign.created);
    return sign;
}
