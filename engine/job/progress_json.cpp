#include "engine/job/progress_json.hpp"

#include <utility>

namespace millrace {

namespace {

// Adds a member without a search for an equal key; every running job writes this often.
void add(Json& object, const char* key, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(key, std::move(value));
}

Json object_of(std::size_t members) {
  Json object = Json::object();
  object.get_ref<Json::object_t&>().reserve(members);
  return object;
}

}  // namespace

Json to_json(const Progress& progress) {
  Json document = object_of(7);
  add(document, "done", progress.done);
  if (progress.total > 0) add(document, "total", progress.total);
  if (!progress.unit.empty()) add(document, "unit", progress.unit);
  add(document, "per_second", progress.per_second);
  if (progress.seconds_left) add(document, "seconds_left", *progress.seconds_left);
  add(document, "counts", progress.counts);
  if (progress.nodes.empty()) return document;
  Json nodes = Json::array();
  nodes.get_ref<Json::array_t&>().reserve(progress.nodes.size());
  for (const NodeProgress& each : progress.nodes) {
    Json node = object_of(5);
    add(node, "node", each.node);
    add(node, "rows_in", each.rows_in);
    add(node, "rows_out", each.rows_out);
    add(node, "per_second", each.per_second);
    if (each.done) add(node, "done", *each.done);
    nodes.push_back(std::move(node));
  }
  add(document, "nodes", std::move(nodes));
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
