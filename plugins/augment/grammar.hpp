#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::augment {

/// One thing that is wrong with an ops text.
struct OpsFault {
  std::string_view kind;   // ops_syntax, ops_unknown, ops_parameter or ops_not_allowed
  std::size_t offset = 0;  // bytes from the beginning of the text
  std::string message;
};

inline constexpr std::string_view kOpsSyntax = "ops_syntax";
inline constexpr std::string_view kOpsUnknown = "ops_unknown";
inline constexpr std::string_view kOpsParameter = "ops_parameter";
inline constexpr std::string_view kOpsNotAllowed = "ops_not_allowed";

inline constexpr std::size_t kMaxOps = 32;  // of one chain
inline constexpr int kMaxGroupDepth = 4;

struct ParsedOp;

/// A value as written, its parts not yet understood.
struct ParsedValue {
  enum class Form {
    Text,     // one text
    Range,    // [low,high]: two texts
    Numbers,  // [a] or [a,b,c,...]
    Texts,    // {a,b,...}
    Group     // (ops)
  };
  Form form = Form::Text;
  std::vector<std::string> texts;
  std::vector<ParsedOp> group;
};

struct ParsedArg {
  std::string name;  // empty: by its place
  ParsedValue value;
  std::size_t offset = 0;
};

struct ParsedOp {
  std::string name;
  std::vector<ParsedArg> args;
  std::size_t offset = 0;
};

/// Reads the form of an ops text: op *( ";" op ) [ ";" ], each op a name and arguments after
/// slashes. The first thing that is wrong is reported (ops_syntax, or ops_not_allowed for an empty
/// text and a chain that is too long) and nothing is returned.
std::vector<ParsedOp> parse_ops(std::string_view text, std::vector<OpsFault>& faults);

/// Reads one value, e.g. "[10,20]": what a parameter given as JSON text holds.
ParsedValue parse_value(std::string_view text, std::vector<OpsFault>& faults);

}  // namespace millrace::augment
