#include "engine/plugin/operator_instance.hpp"

#include <utility>

#include "engine/plugin/held_reports.hpp"
#include "engine/plugin/host.hpp"

namespace millrace {
namespace {

// Makes the error of a call that returned `code`. The text is what the plugin gave fail().
Error call_error(std::int32_t code, mr_context& context, std::string_view what) {
  const bool is_known = code >= MR_INVALID_ARGUMENT && code <= MR_PERMISSION_DENIED;
  Error error{is_known ? static_cast<Code>(code) : Code::Internal, std::move(context.failure)};
  if (error.message.empty()) {
    error.message =
        code == MR_CANCELLED ? "stopped" : std::string{what} + " failed without saying why";
  }
  if (!is_known) error.message += " (returned the unknown code " + std::to_string(code) + ")";
  return detail::as_told(std::move(error));
}

// Calls a function of the table. The SDK stops exceptions at the plugin's border; a plugin that is
// written without it may not, and then they end here.
template <class Function, class... Arguments>
std::int32_t invoke(mr_context& context, Function function, Arguments... arguments) {
  try {
    const std::int32_t code = function(arguments...);
    const bool is_success = code == MR_OK || code == MR_END || code == MR_MORE;
    return context.refused == MR_OK || !is_success ? code : context.refused;
  } catch (const std::exception& caught) {
    context.failure = std::string{"exception left the plugin: "} + caught.what();
  } catch (...) {
    context.failure = "exception of an unknown type left the plugin";
  }
  return MR_INTERNAL;
}

// Tells of the rows that passed.
Result<void> tell_passed(const Call& call, std::int64_t reached, std::int64_t left) {
  if (call.held == nullptr) return call.services.passed(call.node, call.sequence, reached, left);
  call.held->passed(reached, left);
  return {};
}

// What a call of process() or finish() came to; tells the services of the rows that passed.
Result<Answer> answer_of(std::int32_t code, mr_context& context, std::int64_t rows,
                         std::string_view what) {
  if (code != MR_OK && code != MR_MORE) return call_error(code, context, what);
  const Call& call = context.call;
  MR_CHECK(tell_passed(call, rows, context.emitted));
  return code == MR_MORE ? Answer::More : Answer::Done;
}

Error stopped() { return Error{Code::Cancelled, "stopped"}; }

Error missing(std::string_view what) {
  return Error{Code::Internal, "operator has no " + std::string{what} + "()"};
}

}  // namespace

bool is_stopping(const Call& call) {
  if (call.services.stopping()) return true;
  return call.deadline && call.clock != nullptr && call.clock->steady() >= *call.deadline;
}

OperatorInstance::OperatorInstance(OperatorInstance&& other) noexcept
    : table_{std::exchange(other.table_, nullptr)}, self_{std::exchange(other.self_, nullptr)} {}

OperatorInstance& OperatorInstance::operator=(OperatorInstance&& other) noexcept {
  std::swap(table_, other.table_);
  std::swap(self_, other.self_);
  return *this;
}

OperatorInstance::~OperatorInstance() {
  if (self_ == nullptr) return;
  try {
    table_->destroy(self_);
  } catch (...) {  // see invoke(); there is nobody left to tell
  }
}

Result<OperatorInstance> OperatorInstance::create(const mr_operator& table, const Json& params,
                                                  const Call& call) {
  mr_context context{call};
  void* self = nullptr;
  const auto code = invoke(context, table.create, &table, &context, to_value(params), &self);
  if (code != MR_OK) return call_error(code, context, "create");
  if (self == nullptr) return Error{Code::Internal, "create returned no instance"};
  return OperatorInstance{&table, self};
}

bool OperatorInstance::is_source() const { return table_ != nullptr && table_->produce != nullptr; }

bool OperatorInstance::has_checkpoint() const {
  return table_ != nullptr && table_->snapshot != nullptr && table_->restore != nullptr;
}

Result<bool> OperatorInstance::produce(const Call& call) {
  if (!is_source()) return missing("produce");
  mr_context context{call};
  const auto code = invoke(context, table_->produce, self_, &context);
  if (code != MR_OK && code != MR_END) return call_error(code, context, "produce");
  MR_CHECK(tell_passed(call, 0, context.emitted));
  return code == MR_OK;
}

Result<Answer> OperatorInstance::process_step(const Call& call, Batch batch) {
  if (table_ == nullptr || table_->process == nullptr) return missing("process");
  const std::int64_t rows = batch.rows();
  ArrowArray array{};
  ArrowSchema schema{};
  std::move(batch).export_to(&array, &schema);
  mr_context context{call};
  const auto code = invoke(context, table_->process, self_, &context, &array, &schema);
  return answer_of(code, context, rows, "process");
}

Result<Answer> OperatorInstance::process_more(const Call& call) {
  if (table_ == nullptr || table_->process == nullptr) return missing("process");
  mr_context context{call};
  ArrowArray* array = nullptr;
  ArrowSchema* schema = nullptr;
  const auto code = invoke(context, table_->process, self_, &context, array, schema);
  return answer_of(code, context, 0, "process");
}

Result<Answer> OperatorInstance::finish_step(const Call& call) {
  if (table_ == nullptr || table_->finish == nullptr) return Answer::Done;
  mr_context context{call};
  const auto code = invoke(context, table_->finish, self_, &context);
  return answer_of(code, context, 0, "finish");
}

Result<void> OperatorInstance::process(const Call& call, Batch batch) {
  auto answer = process_step(call, std::move(batch));
  while (answer.ok() && *answer == Answer::More) {
    if (is_stopping(call)) return stopped();
    answer = process_more(call);
  }
  if (!answer.ok()) return std::move(answer).error();
  return {};
}

Result<void> OperatorInstance::finish(const Call& call) {
  auto answer = finish_step(call);
  while (answer.ok() && *answer == Answer::More) {
    if (is_stopping(call)) return stopped();
    answer = finish_step(call);
  }
  if (!answer.ok()) return std::move(answer).error();
  return {};
}

Result<std::string> OperatorInstance::snapshot(const Call& call) {
  if (!has_checkpoint()) return missing("snapshot");
  std::string state;
  mr_context context{call};
  context.state = &state;
  const auto code = invoke(context, table_->snapshot, self_, &context);
  if (code == MR_OK) return state;
  return call_error(code, context, "snapshot");
}

Result<void> OperatorInstance::restore(const Call& call, std::string_view state) {
  if (!has_checkpoint()) return missing("restore");
  mr_context context{call};
  const auto code =
      invoke(context, table_->restore, self_, &context, mr_text{state.data(), state.size()});
  if (code == MR_OK) return {};
  return call_error(code, context, "restore");
}

}  // namespace millrace
