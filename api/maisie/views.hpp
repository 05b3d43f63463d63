#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/run/run.hpp"

namespace millrace::maisie {

/// How rows of the catalog look in replies; the order of keys is part of the contract.
class Views {
 public:
  /// `base` begins every link; `ticket`, when not empty, is asked for the ticket of a download.
  using Ticket = std::function<std::string(std::int64_t model)>;
  explicit Views(std::string base, Ticket ticket = {})
      : base_{std::move(base)}, ticket_{std::move(ticket)} {}

  [[nodiscard]] Json user(const Batch& rows, std::int64_t row) const;
  [[nodiscard]] Json workspace(const Batch& rows, std::int64_t row) const;
  [[nodiscard]] Json project(const Batch& rows, std::int64_t row) const;
  /// In a list the three dictionaries are left out.
  [[nodiscard]] Json model(const Batch& rows, std::int64_t row, bool is_in_list) const;
  /// Without `models`.
  [[nodiscard]] Json tag(const Batch& rows, std::int64_t row) const;

 private:
  std::string base_;
  Ticket ticket_;
};

/// Returns the first batch that a node emitted, or null.
const Batch* rows_of(const Outcome& outcome, std::string_view node);

/// "2026-11-22T02:03:51.533349+00:00", of microseconds since 1970.
std::string date_text(std::int64_t micros);

}  // namespace millrace::maisie
