/* Recovery as work on whole databases: what core/recovery offers, for the command. */
#pragma once

#include "recovery/recovery.h"
