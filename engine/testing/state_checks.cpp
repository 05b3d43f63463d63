// How an operator behaves over several calls: again, side by side, stopped, after its end, and
// after a crash.
#include <utility>

#include "engine/plugin/host.hpp"
#include "engine/testing/checks.hpp"

namespace millrace::testing {
namespace {

constexpr std::int64_t kMostBatches = 10'000;  // of an input; more than any example has

void check_deterministic(const Subject& subject) {
  Trial first{subject.found, subject.example};
  Trial second{subject.found, subject.example};
  const auto one = run_whole(first, subject.example).transcript().whole();
  const auto other = run_whole(second, subject.example).transcript().whole();
  if (const auto differs = difference(one, other); !differs.empty()) {
    subject.add("the same input gives something else the second time: " + differs);
  }
}

// The rows of each batch of the main port when the two halves of a batch go through the given
// instances.
Json rows_of_part(Trial& trial, Batch batch, std::int64_t sequence) {
  trial.forget();
  return trial.at(sequence).push(std::move(batch)).transcript().rows();
}

void check_independent(const Subject& subject) {
  const Batch rows = subject.example.make_rows(2);
  const auto half = rows.rows() / 2;
  const auto part = [&](int index) { return rows.slice(index * half, half); };
  Trial alone{subject.found, subject.example};
  const auto first = rows_of_part(alone, part(0), 0);
  const auto second = rows_of_part(alone, part(1), 1);
  Trial fresh{subject.found, subject.example};
  if (const auto differs = difference(second, rows_of_part(fresh, part(1), 1)); !differs.empty()) {
    subject.add("a batch gives something else when another instance had the one before it: " +
                differs);
  }
  if (const auto differs = difference(first, rows_of_part(fresh, part(0), 0)); !differs.empty()) {
    subject.add("a batch gives something else when it comes after a later one: " + differs);
  }
  fresh.forget().finish();
  if (!fresh.transcript().rows().empty())
    subject.add("emits rows at its end, although no batch depends on another");
}

bool to_independent(const Example& example) {
  return !example.is_source() && (example.info.replicable || example.info.stateless);
}

void check_cancelled(const Subject& subject) {
  Trial trial{subject.found, subject.example};
  trial.services()->is_stopping = true;
  const auto transcript = run_whole(trial, subject.example).transcript();
  if (!transcript.is_ok && transcript.code != Code::Cancelled) {
    subject.add("told to stop, it fails with something else than Cancelled: " +
                failure_text(transcript));
  }
  if (subject.example.is_source() && transcript.is_ok && !trial.has_ended()) {
    subject.add("told to stop, it still had not ended after " + std::to_string(kMostBatches) +
                " batches");
  }
}

// Notices what is emitted after the last call into an operator.
struct LastCall {
  static void take(void* user, std::string_view, Batch) {
    auto& self = *static_cast<LastCall*>(user);
    self.is_late = self.is_late || self.has_finished;
  }
  bool has_finished = false;
  bool is_late = false;
};

// Goes through the C table itself, with one context that outlives the instance: an operator that
// wrongly kept its context then finds it still there.
void check_after_end(const Subject& subject) {
  const mr_operator& table = *subject.found.table;
  LastCall last;
  const auto services = subject.example.make_services();
  Call call{*services, "node"};
  call.emit = &LastCall::take;
  call.emit_user = &last;
  mr_context context{call};
  void* self = nullptr;
  if (table.create(&table, &context, to_value(subject.example.checked), &self) != MR_OK) return;
  ArrowArray array{};
  ArrowSchema schema{};
  subject.example.make_rows().export_to(&array, &schema);
  std::int32_t code = table.process(self, &context, &array, &schema);
  for (int calls = 0; code == MR_MORE && calls < Trial::kMostCalls; ++calls)
    code = table.process(self, &context, nullptr, nullptr);
  if (code == MR_OK && table.finish != nullptr) {
    code = table.finish(self, &context);
    for (int calls = 0; code == MR_MORE && calls < Trial::kMostCalls; ++calls)
      code = table.finish(self, &context);
  }
  last.has_finished = true;
  table.destroy(self);
  if (last.is_late) subject.add("emits while it is destroyed");
}

void check_source_end(const Subject& subject) {
  Trial trial{subject.found, subject.example};
  trial.produce(kMostBatches);
  const auto before = trial.transcript();
  if (!before.is_ok) return;
  if (!trial.has_ended())
    return subject.add("does not end within " + std::to_string(kMostBatches) + " batches");
  // Asked once more, as after a resume: it must say again that there is no more.
  const auto count = before.rows();
  Trial again{subject.found, subject.example};
  again.produce(kMostBatches).produce_past_end();
  const auto after = again.transcript();
  if (!after.is_ok)
    return subject.add("fails when it is asked for more after its end: " + failure_text(after));
  if (const auto differs = difference(count, after.rows());
      !differs.empty() || !again.has_ended()) {
    subject.add("emits more after its end");
  }
}

// Runs the first half, keeps the state, runs the second, and "crashes"; then resumes and must come
// to the same end.
void check_checkpoint(const Subject& subject) {
  if (subject.found.table->snapshot == nullptr || subject.found.table->restore == nullptr) {
    if (subject.example.is_source())
      subject.add("an input tells no state, so no job that reads it has checkpoints");
    return;
  }
  const auto step = [&](Trial& trial, int index) {
    trial.at(index);
    if (subject.example.is_source()) {
      trial.produce(1);
    } else {
      trial.push(subject.example.make_rows(2).slice(index * subject.example.make_rows().rows(),
                                                    subject.example.make_rows().rows()));
    }
  };
  const auto rest = [&](Trial& trial) {
    trial.forget();
    step(trial, 1);
    if (subject.example.is_source()) trial.produce(kMostBatches);
    return trial.finish().transcript();
  };
  Trial unbroken{subject.found, subject.example};
  step(unbroken, 0);
  const auto wanted = rest(unbroken);
  if (!wanted.is_ok) return;

  Trial broken{subject.found, subject.example};
  step(broken, 0);
  const auto state = broken.snapshot();
  step(broken, 1);
  const auto resumed = rest(broken.restore(state));
  if (!resumed.is_ok)
    return subject.add("cannot go on from its own snapshot: " + failure_text(resumed));
  if (const auto differs = difference(wanted.whole(), resumed.whole()); !differs.empty()) {
    subject.add("goes on from its snapshot to another end: " + differs);
  }
  Trial twice{subject.found, subject.example};
  step(twice, 0);
  if (twice.snapshot() != state || twice.snapshot() != state)
    subject.add("the same state gives another snapshot");
}

}  // namespace

std::vector<Check> state_checks() {
  return {
      {{"deterministic", "The same input gives the same rows, results and outputs."},
       true,
       to_every,
       check_deterministic},
      {{"independent",
        "Replicable and stateless operators: a batch's rows depend on that batch alone."},
       true,
       to_independent,
       check_independent},
      {{"cancelled", "Told to stop, it returns soon: without a failure, or Cancelled."},
       true,
       to_every,
       check_cancelled},
      {{"after_end", "Nothing is emitted after finish()."}, true, to_sinks, check_after_end},
      {{"source_end", "An input ends, and emits nothing when asked again."},
       true,
       to_sources,
       check_source_end},
      {{"checkpoint",
        "A new instance goes on from a snapshot to the same end, over outputs that went further; "
        "an "
        "input has one."},
       true,
       to_every,
       check_checkpoint},
  };
}

}  // namespace millrace::testing
