/*
 * Recovery without an instance: databases that were not shut down are brought up to date from their logs, into a folder or into a copy that
 * nobody sees.
 */
#pragma once

#include "object_model.h"

/*
 * ese_recover, and stopping before the undo is no error when it was asked for. The report belongs to the caller: ese_recover_free.
 */
JET_ERR ese_model_recover(const ese_recover_options *options, ese_recover_report **report_out);

/*
 * Opens options->source to read. One that is not clean is recovered into a copy in a new folder of options->target (NULL: the folder of temporary
 * files), of which the names are gone as soon as it is open, so that nothing stays behind whatever happens. *report_out stays as it is
 * when the database was clean. JET_errAttachedDatabaseMismatch: the logs are not those of the database.
 */
JET_ERR ese_model_open_recovered(const ese_recover_options *options,
                                 ese_recover_report **report_out,
                                 ese_model_database **database_out);
