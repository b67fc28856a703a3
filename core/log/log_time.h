/* Stamps that logs and the headers of databases carry: when something was, and which one it is. */
#pragma once

#include "os/os_system.h"
#include "page/page_dbheader.h"

enum { ESE_LOG_TIME_YEAR_FIRST = 1900, ESE_LOG_TIME_YEAR_LAST = 2155 };

/* A moment as LOGTIME, which has room for these years. */
void ese_log_time_encode(const ese_os_utc *time, uint8_t to[8]);

/* Now, as LOGTIME. */
void ese_log_time_now(uint8_t to[8]);

/* One that nothing else has, made now. */
ese_signature ese_log_signature_now(void);
