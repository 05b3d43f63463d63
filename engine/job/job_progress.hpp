#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/plan.hpp"
#include "engine/job/batch_counts.hpp"
#include "engine/run/run.hpp"

namespace millrace {

/// Rows that reached and left the nodes of a job, what their operators tell of their progress, and
/// what follows from both for the job. A job stands where its slowest node stands: what the inputs
/// have read counts as far as the nodes behind them have worked it off. A node's share is the rows
/// that reached it of those that left the nodes before it; where a node tells a progress of its own
/// (a training its epochs), that counts for it. [guarded by its owner's mutex]
class JobProgress {
 public:
  void set_plan(const Plan& plan);

  /// What an operator told of itself. `is_resumed`: what it had done before it tells for the first
  /// time says nothing about its rate.
  void tell(std::string_view node, std::uint64_t done, std::uint64_t total, std::string_view unit,
            bool is_resumed);

  struct Rows {
    std::int64_t in = 0, out = 0;
  };
  /// Counts rows and returns all that have reached and left the node.
  Rows add(std::string_view node, std::int64_t sequence, Rows rows);
  /// As BatchCounts has them.
  void mark(std::int64_t sequence);
  [[nodiscard]] Json rows_up_to_mark() const;
  void restore(const Json& rows, std::int64_t sequence);

  /// Of a run that is not over: nothing is wholly done.
  [[nodiscard]] Progress progress(double seconds) const;

 private:
  struct Told {
    std::uint64_t done = 0, total = 0, first_done = 0;
    std::string unit;

    [[nodiscard]] std::optional<double> part() const;
  };
  struct Entry {
    std::string name;
    bool is_input = false;
    std::uint32_t place = 0;  // of its node in the plan
    bool is_head = false;     // the first of its chain
    BatchSum in, out;
    std::int64_t in_before = 0, out_before = 0;  // of earlier attempts
    std::optional<Told> told;
  };
  /// What the inputs have read, all together.
  struct Read {
    std::uint64_t done = 0, total = 0, first_done = 0;  // total 0: not known
    std::string unit;
    bool is_told = false;
  };

  Entry& entry(std::string_view node);
  [[nodiscard]] Read read() const;
  /// By place in the plan: the part of what the inputs have read that the node has worked off.
  [[nodiscard]] std::vector<double> worked_off() const;

  std::vector<Entry> entries_;  // in the order of the plan
  std::map<std::string, std::size_t, std::less<>> by_name_;
  struct Before {
    std::vector<std::uint32_t> places;  // of the nodes in front
    bool is_known = true;               // all that leaves them comes here: they have one port
  };
  std::vector<Before> before_;  // by place
  std::vector<std::size_t> heads_,
      tails_;  // by place: entries of the first and the last of its chain
  std::int64_t mark_ = -1;
};

}  // namespace millrace
