#pragma once

#include <string_view>

/// The row contract between the operators that carry list records. A row is one record; `@root` is
/// the line that it descends from, so the engine can merge branches in order.
namespace millrace::records {

inline constexpr std::string_view kUrl = "url";  // utf8: address of the picture
inline constexpr std::string_view kRecordType =
    "type";  // utf8: "image" unless the record says otherwise
inline constexpr std::string_view kLabel =
    "label";  // utf8, null when absent: raw JSON of the labels
inline constexpr std::string_view kRecord = "record";      // utf8: the whole line as it came
inline constexpr std::string_view kIdentity = "identity";  // utf8: see identity.hpp
inline constexpr std::string_view kFile = "file";          // utf8: address of the list
inline constexpr std::string_view kLine = "line";          // int64, from 1
inline constexpr std::string_view kOps =
    "ops";  // utf8: resolved chain of a generated record, null for an original

/// Lines whose roots form one block: mixing operations look for partners inside it, and a batch
/// never crosses it.
inline constexpr long long kBlockLines = 1024;

}  // namespace millrace::records

/// The same columns for the `emits` member of kTraits; a literal, so that it joins its neighbours.
#define MR_RECORD_COLUMNS                                                                   \
  R"({"@root": "int64", "url": "utf8", "type": "utf8", "label": "utf8", "record": "utf8",)" \
  R"( "identity": "utf8", "file": "utf8", "line": "int64", "ops": "utf8"})"
