#include "api/atflow/errors.hpp"

#include <algorithm>
#include <array>
#include <fnmatch.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::atflow {

namespace {

using api::Place;

/// The dialect's number for what went wrong: the first three digits are the HTTP status.
struct ErrorNumber {
  std::string_view code;  // of a refusal or a fault; empty: any, where the place says it all
  std::string_view number;
  int rank;  // place in the order of checks; of several faults the lowest counts
  std::optional<Place> place{};  // of the faults that it is about; none: wherever they are
  const char* path = "";         // there; * stands for one segment
};

// The first row that fits counts. Ranks follow the rules of the mix graph in their order; what
// belongs to the same rule is reported in request order.
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
    ErrorNumber{"parameter_missing", "40001", 0, Place::Body, ""},
    ErrorNumber{"parameter_type", "40001", 0, Place::Body, ""},
    ErrorNumber{"host", "40000", 0},
    ErrorNumber{"origin", "40000", 0},
    ErrorNumber{"timeout", "40000", 0},
    ErrorNumber{"", "40402", 0, Place::Path, "/id"},
    ErrorNumber{"no_job", "40402", 0},
    ErrorNumber{"", "40011", 0, Place::Query, "/limit"},
    ErrorNumber{"", "40012", 0, Place::Query, "/marker"},
    ErrorNumber{"marker", "40012", 0},
    ErrorNumber{"job_ended", "40013", 0},
    // Fields.
    ErrorNumber{"too_many_nodes", "40041", 1},
    ErrorNumber{"parameter_missing", "40020", 1, Place::Body, "/ops"},
    ErrorNumber{"parameter_type", "40020", 1, Place::Body, "/ops"},
    ErrorNumber{"parameter_range", "40020", 1, Place::Body, "/ops"},
    ErrorNumber{"parameter_missing", "40003", 2, Place::Body, "/*"},
    ErrorNumber{"parameter_type", "40004", 2, Place::Body, "/*"},
    ErrorNumber{"parameter_range", "40019", 2, Place::Body, "/seed"},
    // The graph.
    ErrorNumber{"node_name", "40021", 3},
    ErrorNumber{"node_type", "40023", 3},
    ErrorNumber{"unknown_operator", "40023", 3},
    ErrorNumber{"name_twice", "40022", 4},
    ErrorNumber{"", "40038", 17, Place::Body, "/ops/*/params/values/*"},
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
    ErrorNumber{"parameter_range", "40038", 17, Place::Body, "/ops/*/params/values"},
    ErrorNumber{"condition_form", "40039", 17},
    ErrorNumber{"condition_value", "40040", 17},
    ErrorNumber{"parameter_range", "40040", 17, Place::Body, "/ops/*/params/condition/*/values/*"},
    ErrorNumber{"parameter_range", "40019", 17, Place::Body, "/ops/*/params/default"},
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
// Of a fault that has none.
constexpr ErrorNumber kOther{"", "40000", 100};

bool fits(const ErrorNumber& row, const api::RequestFault& fault) {
  if (!row.code.empty() && row.code != fault.code) return false;
  return !row.place ||
         (*row.place == fault.place && ::fnmatch(row.path, fault.path.c_str(), FNM_PATHNAME) == 0);
}

const ErrorNumber& number_of(const api::RequestFault& fault) {
  const auto* row = std::find_if(kNumbers.begin(), kNumbers.end(),
                                 [&](const auto& each) { return fits(each, fault); });
  return row == kNumbers.end() ? kOther : *row;
}

// Of an error without a code of its own.
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

std::string_view number_of(const api::Refusal& refusal) {
  const auto* row = std::find_if(kNumbers.begin(), kNumbers.end(), [&](const auto& each) {
    return !each.code.empty() && !each.place && each.code == refusal.code;
  });
  return row == kNumbers.end() ? number_of(refusal.error.code) : row->number;
}

struct Told {
  std::string_view number;
  std::string message;
};

// The first in the order of checks gives the number.
Told told_by(const std::vector<api::RequestFault>& faults) {
  constexpr std::size_t kMostFaults = 20;
  std::vector<std::pair<const ErrorNumber*, const api::RequestFault*>> ranked;
  ranked.reserve(faults.size());
  for (const auto& fault : faults) ranked.emplace_back(&number_of(fault), &fault);
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& left, const auto& right) {
    return left.first->rank < right.first->rank;
  });
  Told told{ranked.front().first->number, {}};
  for (std::size_t i = 0; i < ranked.size() && i < kMostFaults; ++i) {
    const auto& fault = *ranked[i].second;
    const auto path = field_path(fault.path);
    told.message += (i == 0 ? "" : "; ") + (path.empty() ? "" : path + ": ") + fault.text;
  }
  if (ranked.size() > kMostFaults)
    told.message += "; and " + std::to_string(ranked.size() - kMostFaults) + " more";
  return told;
}

}  // namespace

http::Response refuse(const api::Refusal& refusal, const http::Request&) {
  const auto told = refusal.faults.empty() ? Told{number_of(refusal), refusal.error.message}
                                           : told_by(refusal.faults);
  const int status = std::stoi(std::string{told.number.substr(0, 3)});
  return http::Response::json(status, Json{{"err", told.number}, {"message", told.message}}.dump());
}

}  // namespace millrace::atflow
