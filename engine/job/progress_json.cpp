#include "engine/job/progress_json.hpp"

namespace millrace {

Json to_json(const Progress& progress) {
  Json document{{"done", progress.done}};
  if (progress.total > 0) document["total"] = progress.total;
  if (!progress.unit.empty()) document["unit"] = progress.unit;
  document["per_second"] = progress.per_second;
  if (progress.seconds_left) document["seconds_left"] = *progress.seconds_left;
  document["counts"] = progress.counts;
  if (progress.nodes.empty()) return document;
  Json nodes = Json::array();
  for (const NodeProgress& each : progress.nodes) {
    Json node{{"node", each.node},
              {"rows_in", each.rows_in},
              {"rows_out", each.rows_out},
              {"per_second", each.per_second}};
    if (each.done) node["done"] = *each.done;
    nodes.push_back(std::move(node));
  }
  document["nodes"] = std::move(nodes);
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
