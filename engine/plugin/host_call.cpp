#include "engine/base/recent_table.hpp"
#include "engine/plugin/abi_sizes.hpp"
#include "engine/plugin/engine_instance.hpp"
#include "engine/plugin/held_reports.hpp"
#include "engine/plugin/host.hpp"
#include "engine/plugin/operator_instance.hpp"
#include "engine/plugin/parallel_calls.hpp"
#include "engine/plugin/text.hpp"

namespace millrace {
namespace detail {
namespace {

// The last failed service call of this thread. Readers and writers are used without a context, so
// it cannot live there; a call runs on one thread, so it can live here.
thread_local Error last_failure;

// A text of a plugin as a view that is safe to put into JSON; `held` keeps the mended copy where
// one is needed.
class CleanText {
 public:
  explicit CleanText(mr_text text) : view_{millrace::view(text)} {
    if (utf8_prefix(view_) == view_.size()) return;
    held_ = clean_utf8(view_);
    view_ = held_;
  }
  CleanText(const CleanText&) = delete;
  CleanText& operator=(const CleanText&) = delete;
  operator std::string_view() const { return view_; }  // NOLINT: it is a view in all but name

 private:
  std::string held_;
  std::string_view view_;
};

// A service without a result of its own failed: so does the operator's call, when that returns.
void refuse(mr_context& context, const char* service, const Error& error) {
  if (context.refused != MR_OK) return;
  context.refused = failed(error);
  context.failure = std::string{service} + ": " + error.message;
}

void where(mr_context* context, mr_where* where) {
  if (!is_whole(where)) return;
  guarded([&] {
    const Call& call = context->call;
    const AttemptNumbers attempt = call.services.attempt();
    mr_where made{};
    made.attempt = call.attempt;
    made.job = to_text(call.services.job());
    made.node = to_text(call.node);
    made.seed = call.services.seed();
    made.sequence = call.sequence;
    made.engine = to_text(engine_instance());
    made.token = attempt.token;
    made.job_attempt = attempt.number;
    made.installation = to_text(call.services.installation());
    made.lease_ms = attempt.lease.count();
    write_known(made, *where);
    return MR_OK;
  });
}

void fail(mr_context* context, std::int32_t, mr_text message) {
  guarded([&] {
    context->failure = clean_utf8(view(message));
    return MR_OK;
  });
}

void fault(mr_context* context, mr_text kind, mr_text pointer, mr_text message) {
  if (context->faults == nullptr) return;
  guarded([&] {
    context->faults->push_back(
        Fault{clean_utf8(view(kind)), clean_utf8(view(pointer)), clean_utf8(view(message))});
    return MR_OK;
  });
}

// Operators say the same few traits again and again, with each request that brings parameters.
Result<Json> parse_trait(std::string_view text) {
  constexpr std::size_t kMost = 64, kLongest = 256;
  thread_local RecentTable<Json> parsed{kMost};
  if (const auto* known = parsed.find(text)) return *known;
  MR_TRY(auto value, parse_json(text));
  if (text.size() <= kLongest) parsed.get(std::string{text}) = value;
  return value;
}

void trait(mr_context* context, mr_text key, mr_text json) {
  if (context->traits == nullptr) return;
  guarded([&] {
    auto value = parse_trait(view(json));
    if (!value.ok()) {
      context->faults->push_back(Fault{"operator_failed", "",
                                       "the operator gave a trait that is no JSON: " +
                                           clean_utf8(view(key)) + ": " + value.error().message});
      return MR_OK;
    }
    (*context->traits)[clean_utf8(view(key))] = *std::move(value);
    return MR_OK;
  });
}

std::int32_t emit(mr_context* context, mr_text port, ArrowArray* array, ArrowSchema* schema) {
  return guarded([&] {
    if (array == nullptr || schema == nullptr || array->release == nullptr ||
        schema->release == nullptr) {
      return failed(Error{Code::InvalidArgument, "emit: the batch has been released already"});
    }
    Batch batch = Batch::import(array, schema);
    const Call& call = context->call;
    if (call.emit == nullptr) {
      return failed(Error{Code::InvalidArgument, "emit: an operator may not emit in this call"});
    }
    context->emitted += batch.rows();
    call.emit(call.emit_user, view(port), std::move(batch));
    return MR_OK;
  });
}

std::int32_t stopping(mr_context* context) { return is_stopping(context->call) ? 1 : 0; }

void log(mr_context* context, std::int32_t level, mr_text message) {
  guarded([&] {
    context->call.services.log(context->call.node, level, CleanText{message});
    return MR_OK;
  });
}

void progress(mr_context* context, std::uint64_t done, std::uint64_t total, mr_text unit) {
  guarded([&] {
    const Call& call = context->call;
    const CleanText text{unit};
    if (call.held != nullptr) {
      call.held->progress(done, total, text);
    } else {
      call.services.progress(call.node, done, total, text);
    }
    return MR_OK;
  });
}

void count(mr_context* context, mr_text counter, std::int64_t by) {
  guarded([&] {
    const Call& call = context->call;
    const CleanText text{counter};
    if (call.held != nullptr) {
      call.held->count(text, by);
    } else {
      call.services.count_in_batch(call.node, call.sequence, text, by);
    }
    return MR_OK;
  });
}

void record_event(mr_context* context, const mr_record_event* given) {
  if (!is_whole(given)) return;
  guarded([&] {
    const mr_record_event event = read_known(*given);
    const CleanText code{event.code}, message{event.message}, file{event.file}, url{event.url},
        op{event.op};
    RecordLogEvent entry;
    entry.level = event.level;
    entry.code = code;
    entry.message = message;
    entry.file = file;
    entry.url = url;
    entry.op = op;
    entry.line = event.line;
    const Call& call = context->call;
    if (call.held == nullptr) {
      call.services.record_event_in_batch(call.node, call.sequence, entry);
    } else if (const auto kept = call.held->record_event(entry); !kept.ok()) {
      refuse(*context, "record_event", kept.error());
    }
    return MR_OK;
  });
}

void result(mr_context* context, mr_text key, mr_text json) {
  guarded([&] {
    const auto done = context->call.services.set_result(CleanText{key}, view(json));
    if (!done.ok()) refuse(*context, "result", done.error());
    return MR_OK;
  });
}

void save_state(mr_context* context, mr_text state) {
  if (context->state == nullptr) return;
  guarded([&] {
    context->state->assign(view(state));
    return MR_OK;
  });
}

// A code that is none of ours cannot be passed on.
std::int32_t known_code(std::int32_t code) {
  return code >= MR_OK && code <= MR_PERMISSION_DENIED ? code : MR_INTERNAL;
}

std::int32_t parallel(mr_context* context, std::uint64_t count,
                      std::int32_t (*function)(void* user, std::uint64_t index), void* user) {
  return guarded([&] {
    const Call& call = context->call;
    const auto code = known_code(run_parallel(
        count, function, user, [&call] { return is_stopping(call); }, call.helpers));
    if (code == MR_OK) return MR_OK;
    return failed(Error{static_cast<Code>(code),
                        code == MR_CANCELLED ? "stopped" : "a parallel call failed"});
  });
}

std::int32_t metric(mr_context* context, mr_text name, std::int64_t step, double value) {
  return guarded([&] {
    const CleanText clean{name};
    const MetricPoint point{clean, step, value};
    auto told = check_metric(point);
    const Call& call = context->call;
    if (told.ok())
      told =
          call.held != nullptr ? call.held->metric(point) : call.services.metric(call.node, point);
    return told.ok() ? MR_OK : failed(told.error());
  });
}

mr_text last_error(mr_context*) { return to_text(last_failure.message); }

}  // namespace

std::int32_t failed(const Error& error) noexcept {
  try {
    last_failure = error;
  } catch (...) {
    last_failure = Error{};
  }
  return static_cast<std::int32_t>(error.code);
}

Error as_told(Error error) {
  if (error.code == last_failure.code && error.message == last_failure.message) return last_failure;
  return error;
}

void fill_call_functions(mr_host& host) {
  host.where = where;
  host.fail = fail;
  host.fault = fault;
  host.trait = trait;
  host.emit = emit;
  host.stopping = stopping;
  host.log = log;
  host.progress = progress;
  host.count = count;
  host.record_event = record_event;
  host.result = result;
  host.save_state = save_state;
  host.last_error = last_error;
  host.parallel = parallel;
  host.metric = metric;
}

}  // namespace detail

const mr_host& host_table() {
  static const mr_host table = [] {
    mr_host host{};
    host.struct_size = sizeof(mr_host);
    host.abi_version = MR_ABI_VERSION;
    detail::fill_value_functions(host);
    detail::fill_call_functions(host);
    detail::fill_store_functions(host);
    return host;
  }();
  return table;
}

}  // namespace millrace
