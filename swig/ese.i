/* The low-level module of both languages. The idiomatic layers in bindings/ wrap it; nobody else uses it. */
%module core

%{
#include "constants.h"
#include "object_model.h"
#include "object_model_batch.h"
#include "object_model_ddl.h"
#include "object_model_durable.h"
#include "object_model_recover.h"
#include "object_model_write.h"
%}

#ifdef SWIGPYTHON
%include "python/typemaps.i"
#endif
#ifdef SWIGLUA
%include "lua/typemaps.i"
#endif
%include "typemaps.i"
%include "object_model.i"
