#include "engine/job/progress_json.hpp"

#include <utility>

#include "engine/base/json_members.hpp"

namespace millrace {

namespace {

Json object_of(std::size_t members) {
  Json object = Json::object();
  object.get_ref<Json::object_t&>().reserve(members);
  return object;
}

}  // namespace

Json to_json(const Progress& progress) {
  Json document = object_of(7);
  append_member(document, "done", progress.done);
  if (progress.total > 0) append_member(document, "total", progress.total);
  if (!progress.unit.empty()) append_member(document, "unit", progress.unit);
  append_member(document, "per_second", progress.per_second);
  if (progress.seconds_left) append_member(document, "seconds_left", *progress.seconds_left);
  append_member(document, "counts", progress.counts);
  if (progress.nodes.empty()) return document;
  Json nodes = Json::array();
  nodes.get_ref<Json::array_t&>().reserve(progress.nodes.size());
  for (const NodeProgress& each : progress.nodes) {
    Json node = object_of(5);
    append_member(node, "node", each.node);
    append_member(node, "rows_in", each.rows_in);
    append_member(node, "rows_out", each.rows_out);
    append_member(node, "per_second", each.per_second);
    if (each.done) append_member(node, "done", *each.done);
    nodes.push_back(std::move(node));
  }
  append_member(document, "nodes", std::move(nodes));
  return document;
}

Json as_finished(Json progress) {
  if (!progress.is_object()) return progress;
  if (progress.contains("total")) progress["done"] = progress["total"];
  progress.erase("seconds_left");
  if (const auto nodes = progress.find("nodes"); nodes != progress.end() && nodes->is_array()) {
    for (Json& node : *nodes) node["done"] = 1.0;
  }
  return progress;
}

}  // namespace millrace
