#pragma once

#include "engine/graph/planning_services.hpp"
#include "engine/store/uri.hpp"

namespace millrace::tool {

/// Checks addresses for their form alone, so that a pipeline can be validated and explained without
/// a data folder.
class CheckServices final : public PlanningServices {
 public:
  CheckServices() : PlanningServices{0} {}
  Result<void> check_uri(std::string_view uri, bool) override {
    MR_CHECK(parse_uri(uri));
    return {};
  }
};

}  // namespace millrace::tool
