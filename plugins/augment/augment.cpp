#include "plugins/augment/augment.hpp"

#include <algorithm>
#include <utility>

#include "plugins/records/columns.hpp"
#include "plugins/records/identity.hpp"

namespace millrace::augment {
namespace {

constexpr std::size_t kRowsPerBatch = 4096;           // cut between two roots only
constexpr std::int64_t kMaxCopiesOfRoot = 1'000'000;  // of one call: they have to lie in one batch

// Calls `see` with every combination of arguments that the operation may be resolved to; false when
// one is drawn from a range, or when there are too many to look at.
template <class See>
bool for_each_choice(const CheckedOp& op, Args& args, std::size_t index, int& left,
                     const See& see) {
  if (index == op.settings.size()) {
    see(args);
    return --left >= 0;
  }
  const auto& setting = op.settings[index];
  if (!setting) return for_each_choice(op, args, index + 1, left, see);
  if (setting->form == Setting::Form::Range) return false;
  return std::all_of(setting->values.begin(), setting->values.end(), [&](const Value& value) {
    args.set(index, value);
    return for_each_choice(op, args, index + 1, left, see);
  });
}

// Whether the operation mirrors or turns and does nothing else, whatever is drawn.
bool only_turns(const CheckedOp& op) {
  if (op.spec->pixels == nullptr) return true;
  if (op.spec->turn == nullptr) return false;
  Args args{op.spec->params};
  bool is_turn = true;
  int left = 64;
  const bool is_known = for_each_choice(op, args, 0, left, [&](const Args& choice) {
    is_turn = is_turn && op.spec->turn({choice, {640, 480}, 0}).has_value();
  });
  return is_known && is_turn;
}

bool is_noop(const CheckedOp& op) { return op.spec->pixels == nullptr; }

}  // namespace

const std::string_view kCopyParams = R"(
    "condition": {"type": "array", "default": [],
                  "doc": "Which records get how many copies: [{\"label\": \"class.NAME\", \"values\": {\"VALUE\": COPIES}}]. The first element that matches decides; the value \"*\" stands for any. A fraction is a chance: 2.25 makes two copies, and a third of every fourth record."},
    "default": {"type": "number", "minimum": 0, "maximum": 1000, "unit": "copy",
                "doc": "Copies of a record that no condition matches. When absent: 1 if there is no condition, else 0."})";

const std::string_view kAugmentTraits = R"(
    "replicable": true, "lazy": "augment.render", "passes_lazy": true,
    "reads": {"@root": "int64", "label": "utf8", "identity": "utf8", "ops": "utf8"})";

void declare_traits(Context& context, const std::vector<CheckedOp>& chain) {
  if (std::all_of(chain.begin(), chain.end(), is_noop)) {
    context.trait("lazy", R"("")");
  } else if (std::all_of(chain.begin(), chain.end(), only_turns)) {
    context.trait("hints", R"({"turns": true})");
  }
}

// Collects copies and emits them in pieces.
class Augment::Writer {
 public:
  Writer(Context& context, const Batch& batch) : context_{context}, batch_{batch} {}

  // Emits what is there when it is enough. Called where one root ends.
  void flush_between_roots() {
    if (rows_.size() >= kRowsPerBatch) flush();
  }
  void flush() {
    if (rows_.empty()) return;
    if (context_.stopping()) throw Failure{MR_CANCELLED, "stopped while copying records"};
    context_.emit(batch_.take(rows_)
                      .with(records::kIdentity, std::exchange(identities_, {}))
                      .with(records::kOps, std::exchange(ops_, {})));
    rows_.clear();
  }
  void begin_root() { of_root_ = 0; }
  void append(std::int64_t row, std::string_view identity, std::string_view ops) {
    if (++of_root_ > kMaxCopiesOfRoot) {
      throw Failure{MR_EXHAUSTED, "one record of the input would become more than " +
                                      std::to_string(kMaxCopiesOfRoot) +
                                      " copies; lower the numbers of copies"};
    }
    rows_.push_back(row);
    identities_.append(identity);
    ops.empty() ? ops_.append_null() : ops_.append(ops);
  }

 private:
  Context& context_;
  const Batch& batch_;
  std::vector<std::int64_t> rows_;
  Builder<std::string_view> identities_, ops_;
  std::int64_t of_root_ = 0;
};

Augment::Augment(const Params& params, std::vector<CheckedOp> chain)
    : copies_{params},
      chain_{std::move(chain)},
      passes_{std::all_of(chain_.begin(), chain_.end(), is_noop)},
      is_fixed_{
          std::all_of(chain_.begin(), chain_.end(), [](const auto& op) { return op.is_fixed(); })} {
  if (is_fixed_) resolve(chain_, {}, resolved_);
}

void Augment::process(Context& context, Batch batch) {
  const auto root = batch.column<std::int64_t>(kRootColumn);
  const auto identity = batch.column<std::string_view>(records::kIdentity);
  const auto label = batch.column<std::string_view>(records::kLabel);
  const auto ops = batch.column<std::string_view>(records::kOps);
  Writer writer{context, batch};
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const bool is_new_root = row == 0 || root.value(row) != root.value(row - 1);
    if (is_new_root) {
      writer.flush_between_roots();
      writer.begin_root();
    }
    copy_row(context, row, identity.value(row), label.value(row), ops.value(row), writer);
  }
  writer.flush();
}

void Augment::copy_row(Context& context, std::int64_t row, std::string_view identity,
                       std::string_view label, std::string_view done, Writer& writer) {
  DrawFrom from{context.seed(), context.node(), identity};
  const auto count = CopyRules::count(copies_.wanted(label), from);
  std::string copy_identity, ops;
  for (std::int64_t k = 0; k < count; ++k) {
    copy_identity.clear();
    records::append_identity(copy_identity, identity, context.node(), k);
    ops = done;
    if (!passes_) {
      if (!is_fixed_) {
        from.identity = copy_identity;
        resolved_.clear();
        resolve(chain_, from, resolved_);
      }
      if (!ops.empty()) ops.push_back(',');
      ops += resolved_;
    }
    writer.append(row, copy_identity, ops);
  }
}

}  // namespace millrace::augment
