#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <millrace/batch.hpp>

#include "api/route/route.hpp"
#include "engine/base/json.hpp"

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
  /// A version of a name, with the stages it is in force in: rows of stages_of_model, or null.
  [[nodiscard]] Json version(const Batch& rows, std::int64_t row, const Batch* stages) const;
  /// By what, of what and by whom a model was made.
  [[nodiscard]] Json lineage(const Batch& rows, std::int64_t row) const;
  [[nodiscard]] Json stage(const Batch& rows, std::int64_t row) const;
  [[nodiscard]] Json promotion(const Batch& rows, std::int64_t row) const;

 private:
  std::string base_;
  Ticket ticket_;
};

using api::rows_of;

}  // namespace millrace::maisie
