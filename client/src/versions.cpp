// Versions, lineage, comparison, stages and promotions.
#include <millrace/client/models.hpp>
#include <millrace/client/projects.hpp>

#include "client/src/http_session.hpp"

namespace millrace::client {
namespace {

std::string below(std::int64_t id, const char* what) {
  return std::to_string(id) + "/" + what + "/";
}

}  // namespace

Json Models::versions(std::int64_t id, const ListOptions& options) {
  return list(below(id, "versions"), options);
}

Json Models::lineage(std::int64_t id) { return send({}, below(id, "lineage")); }

Json Models::compare(const std::vector<std::int64_t>& ids) {
  std::string joined;
  for (const auto id : ids) joined += (joined.empty() ? "" : ",") + std::to_string(id);
  return send({}, "compare/?ids=" + joined);
}

Json Models::promote(std::int64_t id, const std::string& stage,
                     const std::optional<std::string>& comment) {
  return create({{"stage", stage}, {"comment", comment}}, below(id, "promotions"));
}

Json Models::promotions(std::int64_t id, const ListOptions& options) {
  return list(below(id, "promotions"), options);
}

Json Projects::stages(std::int64_t id, const ListOptions& options) {
  return list(below(id, "stages"), options);
}

Json Projects::promotions(std::int64_t id, const ListOptions& options) {
  return list(below(id, "promotions"), options);
}

Json Projects::roll_back(std::int64_t id, const std::string& name, const std::string& stage,
                         const std::optional<std::string>& comment) {
  return BaseAction::create({{"name", name}, {"stage", stage}, {"comment", comment}},
                            below(id, "stages/roll_back"));
}

Json Projects::retire(std::int64_t id, const std::string& name, const std::string& stage,
                      const std::optional<std::string>& comment) {
  return BaseAction::create({{"name", name}, {"stage", stage}, {"comment", comment}},
                            below(id, "stages/retire"));
}

}  // namespace millrace::client
