#include "api/atflow/errors.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace millrace::atflow {

namespace {

// Ranks follow the rules of the mix graph in their order; what belongs to the same rule is reported
// in request order.
constexpr std::array kNumbers{
    // The request itself.
    ErrorNumber{"auth_missing", "40101", 0},
    ErrorNumber{"auth_form", "40102", 0},
    ErrorNumber{"auth_key", "40103", 0},
    ErrorNumber{"auth_signature", "40104", 0},
    ErrorNumber{"auth_date", "40105", 0},
    ErrorNumber{"auth_replay", "40106", 0},
    ErrorNumber{"no_route", "40401", 0},
    ErrorNumber{"method", "40401", 0},
    ErrorNumber{"body_size", "40002", 0},
    ErrorNumber{"json", "40001", 0},
    ErrorNumber{"host", "40000", 0},
    ErrorNumber{"origin", "40000", 0},
    ErrorNumber{"timeout", "40000", 0},
    ErrorNumber{"limit", "40011", 0},
    ErrorNumber{"marker", "40012", 0},
    ErrorNumber{"job_ended", "40013", 0},
    ErrorNumber{"no_job", "40402", 0},
    // Fields.
    ErrorNumber{"ops_empty", "40020", 1},
    ErrorNumber{"too_many_nodes", "40041", 1},
    ErrorNumber{"field_type", "40004", 2},
    ErrorNumber{"field_missing", "40003", 2},
    ErrorNumber{"seed_range", "40019", 2},
    // The graph.
    ErrorNumber{"node_name", "40021", 3},
    ErrorNumber{"node_type", "40023", 3},
    ErrorNumber{"unknown_operator", "40023", 3},
    ErrorNumber{"name_twice", "40022", 4},
    ErrorNumber{"node_member_missing", "40003", 5},
    ErrorNumber{"node_member_type", "40004", 5},
    ErrorNumber{"parameter_missing", "40003", 5},
    ErrorNumber{"parameter_type", "40004", 5},
    ErrorNumber{"no_input", "40024", 6},
    ErrorNumber{"output_count", "40025", 7},
    ErrorNumber{"input_pre_ops", "40026", 8},
    ErrorNumber{"output_post_ops", "40027", 9},
    ErrorNumber{"name_repeated", "40036", 10},
    ErrorNumber{"unknown_reference", "40028", 11},
    ErrorNumber{"pre_ops_empty", "40031", 12},
    ErrorNumber{"post_ops_empty", "40032", 13},
    ErrorNumber{"edge_one_way", "40029", 14},
    ErrorNumber{"role_order", "40030", 15},
    ErrorNumber{"cycle", "40033", 16},
    // Contents of parameters, node by node.
    ErrorNumber{"uri_syntax", "40006", 17},
    ErrorNumber{"uri_scheme", "40007", 17},
    ErrorNumber{"uri_zone", "40008", 17},
    ErrorNumber{"uri_bucket", "40009", 17},
    ErrorNumber{"uri_key", "40010", 17},
    ErrorNumber{"label_path", "40037", 17},
    ErrorNumber{"filter_values", "40038", 17},
    ErrorNumber{"condition_form", "40039", 17},
    ErrorNumber{"condition_value", "40040", 17},
    ErrorNumber{"count_range", "40019", 17},
    ErrorNumber{"ops_syntax", "40014", 17},
    ErrorNumber{"ops_unknown", "40015", 17},
    ErrorNumber{"ops_parameter", "40016", 17},
    ErrorNumber{"ops_not_allowed", "40017", 17},
    ErrorNumber{"same_address", "40018", 18},
    // Rights, sources, room.
    ErrorNumber{"uri_rights", "40111", 19},
    ErrorNumber{"bucket_missing", "40404", 20},
    ErrorNumber{"source_missing", "40403", 20},
    ErrorNumber{"queue_full", "59902", 21},
    ErrorNumber{"busy", "59902", 21},
    ErrorNumber{"disk_full", "59901", 21},
};

std::optional<ErrorNumber> find(std::string_view word) {
  const auto* found = std::find_if(kNumbers.begin(), kNumbers.end(),
                                   [&](const auto& each) { return each.word == word; });
  if (found == kNumbers.end()) return std::nullopt;
  return *found;
}

// The dialect has a number of its own for what is wrong inside the values of a filter.
std::optional<ErrorNumber> find(const Fault& fault) {
  constexpr std::string_view kValues = "/params/values";
  const auto at = fault.pointer.find(kValues);
  const bool is_about_values = at != std::string::npos;
  const bool is_inside = is_about_values && fault.pointer.size() > at + kValues.size();
  if (is_inside || (is_about_values && fault.kind == "parameter_range"))
    return find("filter_values");
  if (fault.kind == "parameter_range" && fault.pointer.ends_with("/params/default"))
    return find("count_range");
  return find(std::string_view{fault.kind});
}

// For an error without a word of its own.
std::string_view number_of(Code code) {
  switch (code) {
    case Code::Unauthenticated:
      return "40104";
    case Code::PermissionDenied:
      return "40111";
    case Code::NotFound:
      return "40402";
    case Code::Exhausted:
      return "59902";
    case Code::DeadlineExceeded:
    case Code::Unavailable:
      return "59903";
    case Code::Io:
      return "59901";
    case Code::Conflict:
      return "40013";
    case Code::InvalidArgument:
    case Code::DataInvalid:
      return "40000";
    default:
      return "59900";
  }
}

// Turns "/ops/1/params/label" into "ops[1].params.label", the form of the document.
std::string field_path(std::string_view pointer) {
  std::string path;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto slash = std::min(pointer.find('/'), pointer.size());
    const auto segment = pointer.substr(0, slash);
    pointer.remove_prefix(slash);
    const bool is_index =
        !segment.empty() && segment.find_first_not_of("0123456789") == std::string_view::npos;
    if (is_index) {
      path.append("[").append(segment).append("]");
    } else {
      path.append(path.empty() ? "" : ".").append(segment);
    }
  }
  return path;
}

std::string worded(const Fault& fault) {
  const auto path = field_path(fault.pointer);
  return path.empty() ? fault.message : path + ": " + fault.message;
}

}  // namespace

http::Response refuse(const api::Refusal& refusal, const http::Request& request) {
  constexpr std::size_t kMostFaults = 20;
  std::string_view number = number_of(refusal.error.code);
  std::string message = refusal.error.message;
  // The engine knows the job by a number of its own.
  if (const auto id = request.path_value("id"); refusal.error.code == Code::Conflict && !id.empty())
    message = "job has ended, and cannot be aborted: " + std::string{id};
  if (const auto own = find(refusal.word)) number = own->number;
  if (!refusal.faults.empty()) {
    std::vector<std::pair<int, const Fault*>> ranked;
    for (const Fault& fault : refusal.faults) {
      const auto known = find(fault);
      ranked.emplace_back(known ? known->rank : 100, &fault);
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
    const auto first = find(*ranked.front().second);
    number = first ? first->number : "40000";
    message.clear();
    for (std::size_t i = 0; i < ranked.size() && i < kMostFaults; ++i) {
      message += (i == 0 ? "" : "; ") + worded(*ranked[i].second);
    }
    if (ranked.size() > kMostFaults)
      message += "; and " + std::to_string(ranked.size() - kMostFaults) + " more";
  }
  const int status = std::stoi(std::string{number.substr(0, 3)});
  const Json body{{"err", number}, {"message", message}};
  return http::Response::json(status, body.dump());
}

api::Refusal refusal(std::string_view word, std::string message, Code code) {
  return {Error{code, std::move(message)}, {}, std::string{word}};
}

}  // namespace millrace::atflow
