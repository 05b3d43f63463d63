#include "tools/millrace/check_pipeline.hpp"

#include "engine/graph/planning_services.hpp"
#include "engine/store/uri.hpp"

namespace millrace::tool {
namespace {

class CheckServices final : public PlanningServices {
 public:
  CheckServices() : PlanningServices{0} {}
  Result<void> check_uri(std::string_view uri, bool) override {
    MR_CHECK(parse_uri(uri));
    return {};
  }
};

}  // namespace

Result<CheckedPipeline> check_pipeline(const Program& program, const PipelineArguments& arguments) {
  MR_TRY(auto loaded, load_pipeline(arguments));
  CheckedPipeline checked;
  MR_TRY(checked.registry, program.open_registry());
  resolve_addresses(loaded, *checked.registry);
  CheckServices services;
  checked.validation =
      validate_document(loaded.document, loaded.values, *checked.registry, services);
  return checked;
}

}  // namespace millrace::tool
