/* Stamps that logs and the headers of databases carry: when something was, and which one it is. */
#pragma once

#include "page/page_dbheader.h"

/* Now, as LOGTIME. */
void ese_log_time_now(uint8_t to[8]);

/* One that nothing else has, made now. */
ese_signature ese_log_signature_now(void);
