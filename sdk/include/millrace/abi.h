/* The C ABI between the Millrace engine (the host) and plugins: C11, includes <stdint.h> alone.
 *
 * Rules. Every struct that crosses begins with struct_size, set by its maker; fields are only ever
 * appended, and a reader uses none beyond the size it was given: MR_HAS() asks. Padding at an end
 * has a name, so that each version has a size of its own. Text is UTF-8 with a length and is copied
 * by whoever keeps it. Memory is freed by the side that made it. Nothing throws across. A plugin is
 * never unloaded. [worker] means: on a worker thread of the engine, one call at a time for one
 * operator instance. A function returns MR_OK or an MR_ code after fail() told why. since 1.0:
 * everything below; frozen with the release 1.0.0 of the engine, unstable before.
 */
#ifndef MILLRACE_ABI_H
#define MILLRACE_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MR_ABI_VERSION 1

/* Whether the maker of *struct_pointer knew a field: ask before using one that came later. */
#define MR_HAS(struct_pointer, field) \
  ((struct_pointer)->struct_size >=   \
   (uint64_t)((const char*)(&(struct_pointer)->field + 1) - (const char*)(struct_pointer)))

/* --- Arrow C Data Interface, https://arrow.apache.org/docs/format/CDataInterface.html --- */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};
struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
#endif

/* A batch is a struct array ("+s") of its columns. Their formats: b i l f g u z tsu:UTC +l +s. */

typedef struct mr_text {
  const char* data; /* not terminated; may be null when size is 0 */
  uint64_t size;
} mr_text;

/* Results of calls. */
#define MR_OK 0
#define MR_INVALID_ARGUMENT 1
#define MR_NOT_FOUND 2
#define MR_CONFLICT 3
#define MR_DATA_INVALID 4
#define MR_CANCELLED 5
#define MR_DEADLINE_EXCEEDED 6
#define MR_EXHAUSTED 7
#define MR_UNAVAILABLE 8
#define MR_IO 9
#define MR_INTERNAL 10
#define MR_UNAUTHENTICATED 11
#define MR_PERMISSION_DENIED 12
#define MR_END 100  /* of produce(): this was the last batch, or there was none */
#define MR_MORE 101 /* of process(), finish(): call again; for hosts that have `parallel` */

/* Kinds of an mr_value. */
#define MR_NULL 0
#define MR_BOOL 1
#define MR_INTEGER 2
#define MR_NUMBER 3 /* a number with a fraction or an exponent */
#define MR_STRING 4
#define MR_ARRAY 5
#define MR_OBJECT 6

/* Levels of log() and record_event(). */
#define MR_LOG_ERROR 0
#define MR_LOG_WARN 1
#define MR_LOG_INFO 2
#define MR_LOG_DEBUG 3

typedef struct mr_value mr_value;     /* a read-only JSON value of the host: parameters */
typedef struct mr_context mr_context; /* one call into an operator: valid until that call returns */
typedef struct mr_reader mr_reader;   /* an object of the store, open for reading */
typedef struct mr_writer mr_writer;   /* a staged output of the job */

/* What the node and the job are; filled by the host, valid during the call. Clear it before: the
 * host fills what both sides know, and sets struct_size to that. */
typedef struct mr_where {
  uint32_t struct_size;
  uint32_t attempt; /* 0 on the first try of this batch */
  mr_text job;      /* id as text */
  mr_text node;     /* name of the node in the pipeline */
  uint64_t seed;    /* of the job */
  int64_t sequence; /* of the batch, from 0, the same in every run of the job */
  mr_text engine;   /* which start of an engine this is: another text after each restart */
  int64_t token; /* fencing token of the job's attempt; later attempts have greater ones; 0: none */
  uint32_t job_attempt; /* of the job, from 1; 0: not a queued job */
  uint32_t reserved;    /* 0 */
  mr_text installation; /* whose catalog has the job: those of two count their jobs alike */
  int64_t lease_ms; /* so long an attempt that stands still keeps its job; 0: none can take it */
} mr_where;

/* What happened to one record, for the job's record log. Empty texts and line 0 are left out. */
typedef struct mr_record_event {
  uint32_t struct_size;
  int32_t level;
  mr_text code; /* "decode_failed" */
  mr_text message;
  mr_text file;
  int64_t line; /* from 1 */
  mr_text url;
  mr_text op;
} mr_record_event;

/* Filled by the host as mr_where is. */
typedef struct mr_object_info {
  uint32_t struct_size;
  uint32_t is_folder;
  uint64_t size_bytes;
  int64_t modified_us; /* microseconds since 1970, UTC; 0: unknown */
} mr_object_info;

/* One thing below a folder that is listed; valid during the call that tells of it. */
typedef struct mr_listed {
  uint32_t struct_size;
  uint32_t is_passed_over; /* 1: no address leads to it: a link, a pipe, a name of odd bytes */
  mr_text folder; /* as the store spells it; the address of each file is this, "/" and more */
  mr_text uri;    /* of the file; empty for what is passed over */
  mr_text name;   /* the path below the folder, in the bytes of the disk */
  mr_text why;    /* what is passed over: the reason */
  uint64_t size_bytes;
  int64_t modified_us;
} mr_listed;

/* How to reach a database. Filled by the host as mr_where is; its texts stay during the call. */
typedef struct mr_connection {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  mr_text address;   /* "mysql://user@host:port/schema" or "sqlite:PATH" */
  mr_text password;  /* for nobody's eyes: no log, no error, no state has it */
} mr_connection;

/* Services of the host. value_* are [any thread]; the rest [worker, in a call], unless marked. */
typedef struct mr_host {
  uint32_t struct_size;
  uint32_t abi_version;

  /* Parameters. A null value is read as MR_NULL; read as another kind a value is 0 or empty. */
  int32_t (*value_kind)(const mr_value* value);
  int32_t (*value_bool)(const mr_value* value);
  int64_t (*value_integer)(const mr_value* value);
  double (*value_number)(const mr_value* value);
  mr_text (*value_string)(const mr_value* value);
  uint64_t (*value_size)(const mr_value* value); /* of an array or object */
  const mr_value* (*value_at)(const mr_value* value, uint64_t index);
  mr_text (*value_key)(const mr_value* value, uint64_t index);      /* in the order written */
  const mr_value* (*value_get)(const mr_value* value, mr_text key); /* null when absent */

  /* The current call. */
  void (*where)(mr_context* context, mr_where* where);
  void (*fail)(mr_context* context, int32_t code, mr_text message);
  /* During plan(): a parameter is wrong. kind: "ops_syntax"; pointer: JSON, below params. */
  void (*fault)(mr_context* context, mr_text kind, mr_text pointer, mr_text message);
  /* During plan(): a trait that depends on the parameters, in the place of the declared one. */
  void (*trait)(mr_context* context, mr_text key, mr_text json);
  /* Sends a batch on; takes both structs over, whatever it returns. Port "" is the main one. */
  int32_t (*emit)(mr_context* context, mr_text port, struct ArrowArray* array,
                  struct ArrowSchema* schema);
  int32_t (*stopping)(mr_context* context); /* 1: return soon, with MR_CANCELLED [any thread] */
  void (*log)(mr_context* context, int32_t level, mr_text message);
  void (*progress)(mr_context* context, uint64_t done, uint64_t total,
                   mr_text unit); /* total 0: unknown */
  void (*count)(mr_context* context, mr_text counter, int64_t by);
  void (*record_event)(mr_context* context, const mr_record_event* event);
  /* Sets a member of the job's result. Within one job the last call for a key counts. */
  void (*result)(mr_context* context, mr_text key, mr_text json);
  /* During snapshot(): the state to which restore() must bring a new instance. */
  void (*save_state)(mr_context* context, mr_text state);

  /* The store. */
  int32_t (*check_uri)(mr_context* context, mr_text uri,
                       int32_t for_writing); /* syntax and rights; no I/O */
  int32_t (*stat)(mr_context* context, mr_text uri, mr_object_info* info);
  int32_t (*list)(mr_context* context, mr_text uri, /* of a folder; sorted bytewise */
                  void (*each)(void* user, mr_text uri, const mr_object_info* info), void* user);
  int32_t (*open)(mr_context* context, mr_text uri, mr_reader** reader);
  int32_t (*read)(mr_reader* reader, void* buffer, uint64_t capacity,
                  uint64_t* size); /* size 0: the end */
  int32_t (*seek)(mr_reader* reader, uint64_t offset);
  void (*close)(mr_reader* reader);
  /* Publishes a whole object atomically; durable when the job's outputs are published. */
  int32_t (*put)(mr_context* context, mr_text uri, mr_text bytes);
  /* Opens a staged output, which becomes visible at `uri` when the whole job has succeeded and
   * never otherwise. One writer for a URI; it stays open until the job ends. An attempt that
   * resumes finds `size` bytes already there. */
  int32_t (*stage)(mr_context* context, mr_text uri, mr_writer** writer, uint64_t* size);
  int32_t (*write)(mr_writer* writer, mr_text bytes);
  int32_t (*truncate)(mr_writer* writer, uint64_t size);

  /* The catalog. docs/catalog.md describes query and change; rows come back as a batch. */
  int32_t (*catalog_query)(mr_context* context, const mr_value* query, struct ArrowArray* array,
                           struct ArrowSchema* schema);
  int32_t (*catalog_change)(mr_context* context, const mr_value* change, struct ArrowArray* array,
                            struct ArrowSchema* schema);
  /* Error text of the last failed call of reader or writer functions in this call. */
  mr_text (*last_error)(mr_context* context);

  /* Reads JSON into a value that lives until the current call returns: a query made of data. Null
   * when the text is no JSON: last_error() tells why. */
  const mr_value* (*value_parse)(mr_context* context, mr_text json);

  /* Calls function(user, i) once for each i below `count`, on this thread and on those of the host
   * that are free, in any order, and returns when all calls that were begun have returned. A call
   * returns MR_OK or an MR_ code; the code of the lowest index that failed is the answer, and after
   * a failure or a stop (MR_CANCELLED) no more are begun. Within `function` only value_*,
   * stopping() and parallel() may be called. [any thread, during a call] */
  int32_t (*parallel)(mr_context* context, uint64_t count,
                      int32_t (*function)(void* user, uint64_t index), void* user);
  /* One point of a curve, for the job's journal and events: the loss after a step. A name is 1 to
   * 128 letters, digits and "_-./"; steps are 0 or more. Told again, a step is replaced. */
  int32_t (*metric)(mr_context* context, mr_text name, int64_t step, double value);
  /* Ends a content. stage() of the address "blob:" gives a writer of its own each time, for bytes
   * that get their name when they are whole: seal() says that they are, makes them durable and
   * fills in the name, 64 hexadecimal digits. The content is open to all as "blob:NAME" from then
   * on, and stays until the job ends; for longer where a row of the catalog names it. The writer
   * must not be used again. What was not sealed when the job ends leaves nothing. */
  int32_t (*seal)(mr_context* context, mr_writer* writer, char sha256[64]);
  /* Lists as list() does, and tells of what is passed over too, and how the store spells the
   * folder, which may be a link or be written otherwise. */
  int32_t (*list_below)(mr_context* context, mr_text uri,
                        void (*each)(void* user, const mr_listed* entry), void* user);
  /* Tells how to reach the database that the pipeline calls `name`: what the job itself was given
   * by that name, else what the settings of the engine say. */
  int32_t (*connection)(mr_context* context, mr_text name, int32_t for_writing,
                        mr_connection* connection);
} mr_host;

/* One operator. Texts and functions live as long as the program. */
typedef struct mr_operator mr_operator;
struct mr_operator {
  uint32_t struct_size;
  uint32_t reserved;   /* 0 */
  mr_text id;          /* "filter.min_area" */
  mr_text role;        /* input filter augment preprocess train label output */
  mr_text declaration; /* JSON object: doc, params, traits; see docs/writing-a-plugin.md */
  const void* data;    /* the plugin's own, for functions that serve several operators */

  /* `type` below is the table that holds the function. Optional: checks parameters beyond their
   * declaration, through fault() and trait(). No I/O. [any thread] */
  int32_t (*plan)(const mr_operator* type, mr_context* context, const mr_value* params);
  /* Makes an instance. `params` and the texts in them stay until its destroy(). [worker] */
  int32_t (*create)(const mr_operator* type, mr_context* context, const mr_value* params,
                    void** self);
  void (*destroy)(void* self);
  /* Inputs only: emits about one batch and returns MR_OK, or MR_END. [worker] */
  int32_t (*produce)(void* self, mr_context* context);
  /* All but inputs: takes the batch over, whatever it returns. After MR_MORE it is called again
   * with null for both, and with no other batch before it has answered something else. [worker] */
  int32_t (*process)(void* self, mr_context* context, struct ArrowArray* array,
                     struct ArrowSchema* schema);
  /* Optional: after the last batch; may still emit, and answer MR_MORE. [worker] */
  int32_t (*finish)(void* self, mr_context* context);
  /* Optional, both or neither: state between batches, to go on after a crash. [worker] */
  int32_t (*snapshot)(void* self, mr_context* context);
  int32_t (*restore)(void* self, mr_context* context, mr_text state);
};

typedef struct mr_plugin {
  uint32_t struct_size;
  uint32_t abi_version; /* MR_ABI_VERSION of the plugin's build */
  mr_text name;         /* "example.min_area" */
  mr_text version;      /* "1.0.0" */
  uint64_t operator_count;
  const mr_operator* const* operators;
} mr_plugin;

/* The one symbol a plugin exports. `host` is never destroyed; null: only declarations are asked. */
typedef const mr_plugin* (*mr_plugin_v1_function)(const mr_host* host);

#ifdef __cplusplus
}
#endif

#endif /* MILLRACE_ABI_H */
